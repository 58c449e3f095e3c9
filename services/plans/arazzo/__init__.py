"""Plans as Arazzo 1.0.1: documents that other tools read, and that plans can be made of again.

What Arazzo has no word for stands beside it: the graph as `x-mudda-needs`, gates as `x-mudda-gate`, conditions as
`x-mudda-when`.
"""

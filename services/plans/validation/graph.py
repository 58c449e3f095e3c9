"""Order among steps: the cycles of a directed graph, without recursion and in linear time.

A graph here is a mapping from each node to the nodes that its edges lead to, all of them keys.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping

Graph = Mapping[str, Iterable[str]]


def strongly_connected(graph: Graph) -> list[list[str]]:
    """The strongly connected components, each after every component that its edges lead to (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    open_nodes: dict[str, None] = {}
    components: list[list[str]] = []
    for root in graph:
        if root in index:
            continue
        work: list[tuple[str, Iterator[str]]] = [(root, iter(graph[root]))]
        index[root] = low[root] = len(index)
        open_nodes[root] = None
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in index:
                    index[target] = low[target] = len(index)
                    open_nodes[target] = None
                    work.append((target, iter(graph[target])))
                    break
                if target in open_nodes:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    components.append(_close(node, open_nodes))
    return components


def shortest_cycle(graph: Graph, start: str, within: Collection[str]) -> list[str]:
    """The shortest way from `start` back to it within some nodes, each node once; empty if there is none."""
    came_from: dict[str, str] = {}
    queue = deque([start])
    while queue:
        node = queue.popleft()
        for target in graph[node]:
            if target == start:
                return _way(came_from, start, node)
            if target in within and target not in came_from:
                came_from[target] = node
                queue.append(target)
    return []


def _close(root: str, open_nodes: dict[str, None]) -> list[str]:
    component: list[str] = []
    while not component or component[-1] != root:
        component.append(open_nodes.popitem()[0])
    return component


def _way(came_from: Mapping[str, str], start: str, end: str) -> list[str]:
    way = [end]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return way[::-1]

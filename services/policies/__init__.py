"""Policies: documents that plans must obey, the passages that fit an issue, and the rules that are held."""

"""How many examples a property is tried with whose every example is much work."""

from hypothesis import settings

costly = settings(max_examples=settings().max_examples // 4)
"""A quarter of what the others are tried with: 15, and 250 where `make soak` looks for new ones."""

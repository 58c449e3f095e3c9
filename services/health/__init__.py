"""Whether a component may be called now: hosts that fail, limits of how often, and nobody's place taken."""

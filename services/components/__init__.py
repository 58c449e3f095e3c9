"""What can be called: definitions, packs, and the registry."""

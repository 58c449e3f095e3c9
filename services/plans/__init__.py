"""The plan language, pure: its model, its references, its validation."""

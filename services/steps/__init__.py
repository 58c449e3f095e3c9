"""What one step takes, what it sends, and what it comes to."""

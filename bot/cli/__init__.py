"""What `mudda` does besides serving: components, export."""

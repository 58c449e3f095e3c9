"""What the stand-in keeps: people, channels, messages, views, files."""

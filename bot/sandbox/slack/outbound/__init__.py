"""What the stand-in sends to the app, and what it makes of the answers."""

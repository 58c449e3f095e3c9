"""What opens over a message, with a form or with details."""

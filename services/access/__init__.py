"""Access from outside Slack: tokens of the HTTP API, and the answers that are kept for its requests."""

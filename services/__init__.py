"""The rules: what Mudda does, without Slack and without the web."""

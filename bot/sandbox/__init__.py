"""A Slack, a Gemini and a town on loopback, for people to try and for tests to talk to."""

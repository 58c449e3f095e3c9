"""The wire to Slack: what comes in, what goes out, and how it is checked."""

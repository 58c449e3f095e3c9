"""The edge: everything that knows Slack, and the processes."""

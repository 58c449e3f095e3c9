"""The start: settings become a database, a Slack, and the parts that work with them."""

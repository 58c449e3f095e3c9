"""Components as people look after them in Slack: the list, one in full, and the forms."""

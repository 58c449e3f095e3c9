"""Slack asks, a listener hands over: at most twelve lines each, one file per noun."""

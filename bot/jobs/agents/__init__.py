"""The bot as an agent of Slack's: answers that are streamed, sessions, and what may be asked."""

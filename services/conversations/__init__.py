"""Conversations: what people say to the bot, what they mean, and the threads that it listens to."""

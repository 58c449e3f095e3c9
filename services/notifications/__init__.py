"""Telling people: who must act, how each wants to be told, the messages that ask them, and digests."""

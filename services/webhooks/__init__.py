"""Webhooks: URLs of others that are told of plans and runs, signed, at least once."""

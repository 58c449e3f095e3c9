"""The wire: which addresses may be called, and how bytes are sent and received."""

"""The HTTP API and the MCP server: what programs read, and little that they may do. Nothing is decided here."""

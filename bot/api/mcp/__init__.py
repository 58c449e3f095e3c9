"""The MCP server: the API's reading and drafting as tools for agents. An extra, by the package `mcp`."""

"""OpenAPI 3.0, 3.1 and 3.2: a document is read, each of its operations becomes a component or a reason why not."""

"""Documents of strangers, read safely: JSON, YAML, JSON Schema, text."""

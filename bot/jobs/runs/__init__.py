"""Jobs about a run: its steps, its gates, its questions, and what people decide."""

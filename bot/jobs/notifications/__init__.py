"""Jobs that tell people what waits for them, and what people do about that."""

"""Jobs about what people say: what is meant, and what is answered."""

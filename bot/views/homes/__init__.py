"""The parts of a person's Home."""

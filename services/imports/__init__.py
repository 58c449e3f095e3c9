"""Documents that people give to be imported: previewed, kept until they have chosen, and imported once."""

"""Components are changed, tried, given their secrets, and imported from documents that people send."""

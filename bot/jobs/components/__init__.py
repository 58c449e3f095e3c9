"""Components are changed, tried, and given their secrets."""

"""Jobs about an issue: written down, drafted, decided about, tried dry."""

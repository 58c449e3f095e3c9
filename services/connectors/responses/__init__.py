"""What a component answered: read, checked, and its reasons found."""

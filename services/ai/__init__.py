"""The agents and the model that they ask."""

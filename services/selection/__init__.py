"""Which components the agents are shown: the best of many, and what a choice of them cannot do without."""

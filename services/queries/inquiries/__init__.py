"""What people ask, answered from what is on record: by the model in rounds of look-ups, or by plain rules."""

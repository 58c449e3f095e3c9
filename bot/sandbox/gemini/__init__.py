"""The stand-in for Gemini: its wire, its rules and its faults."""

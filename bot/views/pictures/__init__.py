"""Snapshot -> what a picture or a report is made of: the same words as on the card, and in Details."""

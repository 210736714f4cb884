"""Keeping house: check and repair, taking out and bringing in, an owner's data."""

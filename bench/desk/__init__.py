"""The operator's desk under load."""

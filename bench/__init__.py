"""Figures, not verdicts: each module prints one JSON object."""

"""Gates: counts in, a verdict with its evidence out."""

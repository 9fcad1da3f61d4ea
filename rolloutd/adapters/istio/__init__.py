"""VirtualServices: weights read and written."""

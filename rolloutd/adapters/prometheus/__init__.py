"""Counts from Prometheus."""

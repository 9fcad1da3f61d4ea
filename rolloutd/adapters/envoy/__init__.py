"""Counts straight from Envoy."""

"""rolloutd: progressive delivery for Istio."""

__version__ = "0.1.0"

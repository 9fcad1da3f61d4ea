"""HTTP: health, metrics, control."""

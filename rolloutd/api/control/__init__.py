"""What people and pipelines ask of the daemon over HTTP: to look, and to order."""

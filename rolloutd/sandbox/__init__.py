"""A small world to try rolloutd in: Kubernetes API, Envoy, services, faults."""

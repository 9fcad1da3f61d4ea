"""A real Envoy, configured as Istio configures its own."""

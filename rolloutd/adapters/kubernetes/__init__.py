"""The live Kubernetes API: transport, caches, leases."""

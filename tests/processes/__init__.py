"""Replicas as processes of their own, against the sandbox over HTTP, with traffic flowing."""

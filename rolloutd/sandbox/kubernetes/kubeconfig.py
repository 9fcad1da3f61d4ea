"""Writes down how clients reach the sandbox's API server."""

from __future__ import annotations

import yaml

_NAME = "rolloutd-sandbox"


def kubeconfig(url: str) -> str:
    """Return a kubeconfig (YAML) whose only context is the sandbox, without credentials."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": _NAME, "cluster": {"server": url}}],
        "users": [{"name": _NAME, "user": {}}],
        "contexts": [
            {
                "name": _NAME,
                "context": {"cluster": _NAME, "user": _NAME, "namespace": "default"},
            }
        ],
        "current-context": _NAME,
    }
    return yaml.safe_dump(document, sort_keys=False)

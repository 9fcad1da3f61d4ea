"""Compares resourceVersions.

Kubernetes long called them opaque, yet every server in use counts upwards: they are etcd's
revision, one counter for all objects. We rely on that in one direction only. Where both
versions are decimal numbers their order is believed; anything else is *not newer*, and the
caller falls back to the order in which the watch delivered things.
"""

from __future__ import annotations


def is_newer(version: str | None, than: str | None) -> bool:
    """Say whether ``version`` is known to be later than ``than``."""
    if not _is_counted(version) or not _is_counted(than):
        return False
    return int(version or 0) > int(than or 0)


def _is_counted(version: str | None) -> bool:
    return version is not None and version.isascii() and version.isdigit()

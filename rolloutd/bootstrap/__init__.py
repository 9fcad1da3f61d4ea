"""The composition root: the only package that names concrete classes."""

from __future__ import annotations

from rolloutd.bootstrap.channels import sinks
from rolloutd.bootstrap.daemon import Daemon, daemon

__all__ = ["Daemon", "daemon", "sinks"]

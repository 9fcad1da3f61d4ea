"""``python -m rolloutd``."""

from __future__ import annotations

from rolloutd.cli import main

if __name__ == "__main__":
    main(prog_name="rolloutd")

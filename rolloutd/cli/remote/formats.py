"""What commands write for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

FORMATS: Final = ("table", "wide", "json", "yaml", "name", "jsonl")


def for_programs(form: object, output: str) -> str:
    """Write an answer as it came from the daemon, as JSON or YAML."""
    if output == "yaml":
        import yaml  # noqa: PLC0415 - a third of a millisecond's budget, for few

        text: str = yaml.safe_dump(form, sort_keys=False, allow_unicode=True)
        return text.rstrip("\n")
    return json.dumps(form, indent=2, ensure_ascii=False)


def as_lines(forms: Sequence[object]) -> str:
    """Write JSON lines: one object a line."""
    return "\n".join(json.dumps(form, ensure_ascii=False) for form in forms)

"""Answers in the form of Prometheus' HTTP API."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

EVALUATED = 1_700_000_100.0
"""When the fake evaluates, by its own clock."""


def vector(*elements: tuple[Mapping[str, str], float | str]) -> bytes:
    """Write an instant vector of these labels and values."""
    result = [
        {"metric": dict(labels), "value": [EVALUATED, str(value)]} for labels, value in elements
    ]
    return answer("vector", result)


def answer(kind: str, result: object, *, warnings: Sequence[str] = ()) -> bytes:
    """Write a successful answer."""
    body = {"status": "success", "data": {"resultType": kind, "result": result}}
    return json.dumps(body | ({"warnings": list(warnings)} if warnings else {})).encode()


def refusal(error: str) -> bytes:
    """Write an answer that says what was wrong."""
    return json.dumps({"status": "error", "errorType": "bad_data", "error": error}).encode()

"""Conditions of an Istio route as Envoy's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rolloutd.errors import Refused
from rolloutd.ports import Json
from rolloutd.sandbox.envoy.reading import section, text

_PSEUDO_HEADERS = {"method": ":method", "authority": ":authority"}
_UNDERSTOOD = {"name", "uri", "headers", *_PSEUDO_HEADERS}


def matches(alternatives: Sequence[object]) -> list[Json]:
    """Return one Envoy match for each alternative; without any, one that takes everything.

    Raises:
        Refused: A condition is not understood, and leaving it out would catch calls that are
            not meant.
    """
    return [_match(section(each)) for each in alternatives] or [_path({})]


def _match(written: Mapping[str, object]) -> Json:
    if unknown := sorted(written.keys() - _UNDERSTOOD):
        raise Refused(
            f"spec.http[].match[].{unknown[0]} is not supported in the sandbox: remove it."
        )
    conditions = {
        **section(written, "headers"),
        **{header: written[key] for key, header in _PSEUDO_HEADERS.items() if key in written},
    }
    headers = [_header(name, section(condition)) for name, condition in conditions.items()]
    return {**_path(section(written, "uri")), **({"headers": headers} if headers else {})}


def _path(uri: Mapping[str, object]) -> Json:
    match _operator(uri) if uri else ("prefix", "/"):
        case ("exact", value):
            return {"path": value}
        case ("prefix", value):
            return {"prefix": value}
        case (_, value):
            return {"safe_regex": {"regex": value}}


def _header(name: str, condition: Mapping[str, object]) -> Json:
    if not condition:
        return {"name": name, "present_match": True}
    match _operator(condition):
        case ("regex", value):
            return {"name": name, "string_match": {"safe_regex": {"regex": value}}}
        case (operator, value):
            return {"name": name, "string_match": {operator: value}}


def _operator(condition: Mapping[str, object]) -> tuple[str, str]:
    for operator in ("exact", "prefix", "regex"):
        if value := text(condition.get(operator)):
            return operator, value
    raise Refused(f"{dict(condition)} is not a condition on text: use exact, prefix or regex.")

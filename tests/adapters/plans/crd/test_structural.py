"""Unions become what an API server takes, and lose nothing that they allowed."""

from __future__ import annotations

from rolloutd.adapters.plans.crd.structural import OPEN, Structural, merged
from rolloutd.ports import Json

TEXT: Json = {"type": "string", "pattern": "^a$", "description": "A."}
NUMBER: Json = {"type": "number", "description": "B."}


def translated(schema: Json, **definitions: Json) -> Json:
    return Structural(definitions).translate(schema)


def mapping(*required: str, **fields: Json) -> Json:
    return {"type": "object", "properties": fields, "required": list(required)}


def test_a_reference_is_written_out_with_what_is_said_beside_it() -> None:
    """There are no references in a structural schema."""
    got = translated({"$ref": "#/$defs/Arm", "description": "Here."}, Arm=TEXT)

    assert got == {"type": "string", "pattern": "^a$", "description": "Here."}


def test_a_default_is_told_and_not_set() -> None:
    """A stored default would outlive ours, and differ from what is in Git."""
    got = translated({"type": "string", "description": "How long.", "default": "20m"})

    assert got == {"type": "string", "description": "How long. Default: 20m."}


def test_a_list_of_defaults_is_told_in_a_row() -> None:
    """Brackets and quotes of Python are nobody's language."""
    got = translated({"type": "array", "description": "Which.", "default": ["A", "B"]})

    assert got["description"] == "Which. Default: A, B."


def test_exclusive_bounds_become_flags() -> None:
    """OpenAPI 3.0 says "more than" in two words."""
    got = translated({"type": "number", "exclusiveMinimum": 1.0, "exclusiveMaximum": 2.0})

    assert got == {
        "type": "number",
        "minimum": 1.0,
        "exclusiveMinimum": True,
        "maximum": 2.0,
        "exclusiveMaximum": True,
    }


def test_unknown_fields_are_not_forbidden_but_known_ones_listed() -> None:
    """``additionalProperties: false`` beside ``properties`` is refused by the server."""
    got = translated({**mapping(a=TEXT), "additionalProperties": False})

    assert "additionalProperties" not in got


def test_a_mapping_of_anything_keeps_what_its_values_are() -> None:
    """Labels."""
    got = translated({"type": "object", "additionalProperties": TEXT})

    assert got == {"type": "object", "additionalProperties": TEXT}


def test_a_union_of_mappings_is_told_apart_by_its_tag() -> None:
    """The server can say which field is missing for which type of gate."""
    one = mapping("kind", kind={"type": "string", "const": "a"}, x=TEXT)
    two = mapping("kind", "y", kind={"type": "string", "const": "b"}, y=NUMBER)
    got = translated({"oneOf": [one, two]})

    assert got["required"] == ["kind"]
    assert got["properties"] == {
        "kind": {"description": "", "type": "string", "enum": ["a", "b"]},
        "x": TEXT,
        "y": NUMBER,
    }
    assert got["oneOf"] == [
        {"properties": {"kind": {"enum": ["a"]}}, "required": ["kind"]},
        {"properties": {"kind": {"enum": ["b"]}}, "required": ["kind", "y"]},
    ]


def test_a_field_of_two_types_is_left_open() -> None:
    """A percentage here, a number there: no one type fits, and the daemon judges it."""
    assert merged([TEXT, NUMBER]) == {OPEN: True}


def test_a_mapping_or_a_list_is_left_open() -> None:
    """One VirtualService, or several."""
    got = translated({"oneOf": [mapping(a=TEXT), {"type": "array", "items": TEXT}]})

    assert got == {OPEN: True}


def test_bounds_that_differ_are_dropped_with_their_flags() -> None:
    """A flag without its bound means nothing, and is refused."""
    strict = translated({"type": "number", "exclusiveMinimum": 1.0, "maximum": 9.0})
    loose = translated({"type": "number", "exclusiveMinimum": 0.0})

    assert merged([strict, loose]) == {"type": "number"}


def test_words_or_numbers_are_listed_one_by_one() -> None:
    """gRPC statuses by name or number."""
    words: Json = {"enum": ["INTERNAL"]}
    numbers: Json = {"type": "integer", "minimum": 1, "maximum": 3}
    got = translated({"anyOf": [words, numbers]})

    assert got == {"x-kubernetes-int-or-string": True, "enum": ["INTERNAL", 1, 2, 3]}

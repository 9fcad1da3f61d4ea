"""From the JSON Schema of plans to the smaller language of CustomResourceDefinitions.

A structural schema names one type for every field, outside of any ``oneOf``, and may not
forbid unknown fields: the API server drops them, and kubectl complains before. So a union of
mappings becomes one mapping that has the fields of all, with a ``oneOf`` on what chooses among
them; and a field that may be of several types is left open. The daemon judges every object by
the models themselves, and says in the status what the server could not say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rolloutd.ports import Json

OPEN = "x-kubernetes-preserve-unknown-fields"
INT_OR_STRING = "x-kubernetes-int-or-string"

_KEPT = (
    "type",
    "enum",
    "pattern",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "required",
)
"""Keywords that mean the same in both languages."""


class Structural:
    """Translates schemas that refer to common definitions.

    Args:
        definitions: By name, as ``#/$defs/NAME`` refers to them.
    """

    def __init__(self, definitions: Mapping[str, Json]) -> None:
        self._definitions = definitions

    def translate(self, schema: Json) -> Json:
        """Return the structural schema of a JSON schema."""
        resolved = self._resolved(schema)
        alternatives = _schemas(resolved.get("oneOf") or resolved.get("anyOf"))
        if not alternatives:
            return {**_described(resolved), **self._plain(resolved)}
        members = [self._resolved(each) for each in alternatives]
        return {**_described(resolved), **self._union(members)}

    def _resolved(self, schema: Json) -> Json:
        name = schema.get("$ref")
        if not isinstance(name, str):
            return schema
        # What stands beside a reference is said of this very field.
        return {**self._definitions[name.rpartition("/")[2]], **schema}

    def _plain(self, schema: Json) -> Json:
        kept: Json = {key: schema[key] for key in _KEPT if key in schema}
        if "const" in schema:
            kept["enum"] = [schema["const"]]
        for bound, flag in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if flag in schema:
                kept |= {bound: schema[flag], flag: True}
        properties = _mapping(schema.get("properties"))
        if properties:
            kept["properties"] = {
                name: self.translate(_mapping(each)) for name, each in properties.items()
            }
        if isinstance(extra := schema.get("additionalProperties"), dict):
            kept["additionalProperties"] = self.translate(extra)
        if "items" in schema:
            kept["items"] = self.translate(_mapping(schema["items"]))
        return kept

    def _union(self, members: Sequence[Json]) -> Json:
        types = {each.get("type", _type_of_values(each)) for each in members}
        if types == {"object"}:
            plain = [self._plain(each) for each in members]
            return {**merged(plain), "oneOf": [_choice(each) for each in plain]}
        if types == {"string", "integer"}:
            return {INT_OR_STRING: True, "enum": [v for each in members for v in _values(each)]}
        return {OPEN: True}


def merged(members: Sequence[Json]) -> Json:
    """Return a schema that takes whatever one of several takes, and says no more than all."""
    if len({repr(each.get("type")) for each in members}) > 1:
        return {OPEN: True}
    first = members[0]
    common = {
        key: value
        for key, value in first.items()
        if key not in {"properties", "required", "enum", "description"}
        and all(each.get(key) == value for each in members)
    }
    for bound, flag in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if bound not in common:
            common.pop(flag, None)
    enums = [_list(each.get("enum")) for each in members]
    if all(enums):
        common["enum"] = list(dict.fromkeys(value for enum in enums for value in enum))
    required = [set(_list(each.get("required"))) for each in members]
    if always := set.intersection(*required):
        common["required"] = [name for name in _list(first.get("required")) if name in always]
    properties = [_mapping(each.get("properties")) for each in members]
    if names := dict.fromkeys(name for each in properties for name in each):
        common["properties"] = {
            name: _field([_mapping(each[name]) for each in properties if name in each])
            for name in names
        }
    return common


def _field(found: Sequence[Json]) -> Json:
    """Return one field of a union, described by all who have it."""
    said = dict.fromkeys(str(each["description"]) for each in found if "description" in each)
    return {"description": " Or: ".join(said), **merged(found)}


def _choice(member: Json) -> Json:
    """Return what tells a member of a union from the others: its tag and what it needs."""
    tags: Json = {
        name: {"enum": enum}
        for name, each in _mapping(member.get("properties")).items()
        if len(enum := _list(_mapping(each).get("enum"))) == 1
    }
    choice: Json = {"required": required} if (required := member.get("required")) else {}
    return {"properties": tags, **choice} if tags else choice


def _described(schema: Json) -> Json:
    """Return the description; it names the default, which the server must not fill in.

    A default that is stored is no longer a default: it would outlive our next one, and differ
    from what is in Git.
    """
    if "description" not in schema:
        return {}
    said = str(schema["description"])
    default = schema.get("default")
    if default is None:
        return {"description": said}
    shown = ", ".join(map(str, default)) if isinstance(default, list) else str(default)
    return {"description": f"{said} Default: {shown}."}


def _values(schema: Json) -> list[object]:
    """Return all values that a schema of few values allows."""
    low, high = schema.get("minimum"), schema.get("maximum")
    if isinstance(low, int) and isinstance(high, int):
        return list(range(low, high + 1))
    return _list(schema.get("enum"))


def _type_of_values(schema: Json) -> str | None:
    are_words = all(isinstance(value, str) for value in _list(schema.get("enum")))
    return "string" if are_words and "enum" in schema else None


def _schemas(value: object) -> list[Json]:
    return [each for each in _list(value) if isinstance(each, dict)]


def _mapping(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return [*value] if isinstance(value, Iterable) and not isinstance(value, str) else []

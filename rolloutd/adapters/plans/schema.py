"""The form of a plan as JSON Schema, so that editors complete, explain and underline it."""

from __future__ import annotations

from typing import Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from rolloutd.adapters.plans.models import PlanDocument

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, object]:
    """Return the schema of one plan; what several fields must be together it can't say."""
    body = PlanDocument.model_json_schema(by_alias=True, schema_generator=_Editors)
    return {"$schema": DIALECT, **body, "title": "A rollout, as rolloutd carries it out"}


class _Editors(GenerateJsonSchema):
    """Leaves out what the loader would refuse, and titles that say nothing."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """A field may be left out; it may not be left empty."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """``None`` stands for a field that is not there, which is no value to write."""
        if "default" in schema and schema["default"] is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def field_title_should_be_set(self, schema: object) -> bool:
        """A title made from the key is the key again."""
        del schema
        return False

    def generate(
        self, schema: core_schema.CoreSchema, mode: JsonSchemaMode = "validation"
    ) -> JsonSchemaValue:
        """Drop the titles that are names of our classes."""
        generated = super().generate(schema, mode)
        for definition in generated.get("$defs", {}).values():
            definition.pop("title", None)
        return generated

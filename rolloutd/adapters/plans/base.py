"""What all parts of a plan's form have in common."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict

T = TypeVar("T")


class Part(BaseModel):
    """A mapping in a plan file: camelCase keys, no others than these, no conversions."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
    )


def preset(default: T, written: str | float | list[str], description: str) -> T:
    """Declare a field with a default.

    Args:
        default: The checked value.
        written: The same as a person writes it, for the schema and the reference.
        description: What the field means, for people.
    """
    extra: JsonDict = {"default": [*written] if isinstance(written, list) else written}
    value: T = Field(default=default, description=description, json_schema_extra=extra)
    return value

"""Names of objects."""

from __future__ import annotations

from dataclasses import dataclass

from rolloutd.sandbox.kubernetes.resources import Resource


@dataclass(frozen=True, slots=True)
class Ref:
    """Names one object.

    Attributes:
        namespace: Empty where the resource is not namespaced.
    """

    resource: Resource
    namespace: str
    name: str

    @property
    def details(self) -> dict[str, object]:
        """Return how a ``Status`` says what it is about."""
        return {"name": self.name, "group": self.resource.group, "kind": self.resource.plural}

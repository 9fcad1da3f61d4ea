"""Matches label selectors, as Deployments use them."""

from __future__ import annotations

from rolloutd.adapters.kubernetes.fields import items, section, text
from rolloutd.ports import Json


def matches(selector: Json, labels: Json) -> bool:
    """Say whether labels satisfy a selector. An empty selector selects nothing.

    The API gives an empty selector the opposite meaning, but no Deployment can have one: here
    it means that the object was not understood, and all pods of a namespace are not its pods.
    """
    wanted = section(selector, "matchLabels")
    expressions = items(selector, "matchExpressions")
    if not wanted and not expressions:
        return False
    return all(labels.get(name) == value for name, value in wanted.items()) and all(
        _satisfies(expression, labels) for expression in expressions
    )


def _satisfies(expression: object, labels: Json) -> bool:
    key, values = text(expression, "key"), items(expression, "values")
    match text(expression, "operator"):
        case "In":
            return key in labels and labels[key] in values
        case "NotIn":
            return key not in labels or labels[key] not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return False

"""PromQL taken apart: which metrics a query names, and by which labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import promql_parser

VARIABLES = {
    "$__rate_interval": "1m",
    "$__range": "3h",
    "$rollout_namespace": "default",
    "$rollout": "data-product",
    "$gate": "success-rate",
}
"""What Grafana puts in their place; the longer names first."""


@dataclass(frozen=True, slots=True)
class Selector:
    """One metric in a query.

    Attributes:
        labels: Names of the labels that it is selected by.
    """

    name: str
    labels: frozenset[str]


def filled(expr: str) -> str:
    """Return a query as Grafana sends it."""
    for name, value in VARIABLES.items():
        expr = expr.replace(name, value)
    return expr


def selectors(expr: str) -> list[Selector]:
    """Return every metric that a query names.

    Raises:
        ValueError: It is not PromQL.
    """
    found: list[Selector] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            labels = frozenset(matcher.name for matcher in node.matchers.matchers)
            found.append(Selector(node.name or "", labels))

    promql_parser.walk(promql_parser.parse(filled(expr)), pre_visit=visit)
    return found


def grouped(expr: str) -> Iterator[str]:
    """Yield every label that a query aggregates by."""
    found: list[str] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            found.extend(node.modifier.labels)

    promql_parser.walk(promql_parser.parse(filled(expr)), pre_visit=visit)
    yield from found

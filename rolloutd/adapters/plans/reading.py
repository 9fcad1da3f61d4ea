"""One plan file: its plans, or all that keeps it from being used."""

from __future__ import annotations

from dataclasses import dataclass

from rolloutd.adapters.plans import rules, yaml_source
from rolloutd.adapters.plans.convert import to_plan
from rolloutd.adapters.plans.diagnostics import START, Code, Finding, Span, errors, ordered
from rolloutd.adapters.plans.validation import validate
from rolloutd.adapters.plans.yaml_source import Mapping, Node, Source
from rolloutd.core.plan import Plan


@dataclass(frozen=True, slots=True)
class Located:
    """A plan and where its name stands."""

    plan: Plan
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a file says.

    Attributes:
        plans: Empty when there is an error: a file is taken whole or not at all.
        findings: By place; warnings among them.
    """

    file: str
    plans: tuple[Located, ...]
    findings: tuple[Finding, ...]

    @property
    def is_broken(self) -> bool:
        """Whether the file can't be used."""
        return bool(errors(self.findings))


def read(content: bytes, *, file: str) -> Reading:
    """Read a file; never raises.

    Args:
        content: As stored.
        file: Its name, for findings and origins.
    """
    return read_documents(yaml_source.read(content, file=file), file=file)


def read_documents(source: Source, *, file: str) -> Reading:
    """Read what a file, or an object in a cluster, consists of; never raises."""
    findings = list(source.findings)
    if not source.documents and not findings:
        findings.append(no_plan(file))
    plans: list[Located] = []
    for document in source.documents:
        form, wrong = validate(document, file=file)
        findings += (*wrong, *rules.check(document, file=file))
        if form is not None:
            span = _name(document)
            origin = f"{file}:{span.line}" if span.line else file
            plans.append(Located(to_plan(form, origin=origin), span))
    told = ordered(findings)
    return Reading(file=file, plans=() if errors(told) else tuple(plans), findings=told)


def no_plan(file: str) -> Finding:
    """Complain of an empty file: to remove plans, one removes their file.

    A file is also empty for a moment while it is being written.
    """
    return Finding(
        code=Code.NO_PLAN,
        file=file,
        span=START,
        message="there is no plan in this file",
        remedy="delete the file to remove its plans",
    )


def unreadable(file: str, reason: str) -> Reading:
    """Return the reading of a file that could not be opened."""
    finding = Finding(code=Code.UNREADABLE, file=file, span=START, message=reason)
    return Reading(file=file, plans=(), findings=(finding,))


def _name(document: Node) -> Span:
    metadata = document.entry("metadata") if isinstance(document, Mapping) else None
    names = metadata.value if metadata else None
    name = names.entry("name") if isinstance(names, Mapping) else None
    return name.value.span if name else document.span

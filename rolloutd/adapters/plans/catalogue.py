"""All plan files together: which plans are in force, and why not the others."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from rolloutd.adapters.plans.diagnostics import Code, Finding, Severity, errors, ordered
from rolloutd.adapters.plans.reading import Located, Reading
from rolloutd.core.plan import Key, Plan, Routes

ByFile: TypeAlias = Mapping[str, tuple[Located, ...]]


def _none() -> ByFile:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Implements ``ports.Catalogue``.

    A plan that was in an earlier catalogue and is not in ``plans`` was removed by its author.
    One that is in ``broken`` can't be read as its file stands now, and holds as it last was.

    Attributes:
        by_file: The plans in force, by the file that they came from.
        broken: Keys of the plans that hold although their file is broken.
        findings: Warnings among them; those that refuse are the ``complaints``.
        files: How many were read.
    """

    by_file: ByFile = field(default_factory=_none)
    broken: frozenset[Key] = frozenset()
    findings: tuple[Finding, ...] = ()
    files: int = 0

    @property
    def plans(self) -> Mapping[Key, Plan]:
        """Plans in force: of a file that is broken, the last that were good."""
        located = itertools.chain.from_iterable(self.by_file.values())
        return {each.plan.key: each.plan for each in located}

    @property
    def complaints(self) -> Sequence[str]:
        """What is wrong with which file, each a full sentence with its place."""
        return tuple(str(finding) for finding in errors(self.findings))

    @property
    def warnings(self) -> Sequence[str]:
        """What is odd but allowed, in the same form."""
        told = (each for each in self.findings if each.severity is Severity.WARNING)
        return tuple(str(finding) for finding in told)


NOTHING = Catalogue()
"""Before anything was read."""


def merge(previous: Catalogue, readings: Iterable[Reading]) -> Catalogue:
    """Return what holds now.

    A file is taken whole or not at all; one that can't be taken keeps what it had. Of two files
    that want the same plan or route, the one that had it keeps it, whatever their order; when
    neither had, both are refused, because choosing would move traffic by the spelling of a
    file's name.
    """
    everything = {reading.file: reading for reading in readings}
    findings = [finding for reading in everything.values() for finding in reading.findings]
    refused = {file for file, reading in everything.items() if reading.is_broken}
    while True:
        taken = {
            file: previous.by_file.get(file, ()) if file in refused else reading.plans
            for file, reading in everything.items()
        }
        losers = tuple(_losers(previous.by_file, taken, refused))
        if not losers:
            break
        findings += (finding for _, finding in losers)
        refused |= {file for file, _ in losers}
    return Catalogue(
        by_file=MappingProxyType({file: plans for file, plans in taken.items() if plans}),
        broken=frozenset(each.plan.key for file in refused for each in taken[file]),
        findings=ordered(findings),
        files=len(everything),
    )


@dataclass(frozen=True, slots=True)
class _Claim:
    """What one file's plan asks to have for itself."""

    file: str
    located: Located
    had_it: bool

    @property
    def plan(self) -> Plan:
        return self.located.plan


def _losers(before: ByFile, taken: ByFile, refused: set[str]) -> Iterator[tuple[str, Finding]]:
    """Name the files that must stand back.

    What was in force before never contradicts itself, so that of two rivals one is new, and
    each round finds a file to refuse until none is left.
    """
    for code, one, other in _clashes(_claims(before, taken)):
        for loser, winner in ((one, other), (other, one)):
            stays = loser.file in refused or (loser.had_it and not winner.had_it)
            if not stays:
                yield loser.file, _complaint(code, loser, winner)


def _claims(before: ByFile, taken: ByFile) -> list[_Claim]:
    return [
        _Claim(file, located, _had(before.get(file, ()), located.plan))
        for file, plans in sorted(taken.items())
        for located in plans
    ]


def _had(before: Sequence[Located], plan: Plan) -> bool:
    return any(
        each.plan.key == plan.key and each.plan.virtual_services == plan.virtual_services
        for each in before
    )


def _clashes(claims: Iterable[_Claim]) -> Iterator[tuple[Code, _Claim, _Claim]]:
    """Pair those who can't both have what they want."""
    by_key: dict[Key, list[_Claim]] = defaultdict(list)
    by_object: dict[tuple[str, str], list[tuple[_Claim, Routes]]] = defaultdict(list)
    for claim in claims:
        by_key[claim.plan.key].append(claim)
        for routes in claim.plan.virtual_services:
            place = claim.plan.key.namespace, routes.virtual_service
            by_object[place].append((claim, routes))
    for namesakes in by_key.values():
        for one, other in itertools.combinations(namesakes, 2):
            yield Code.PLAN_TWICE, one, other
    for users in by_object.values():
        for (one, its), (other, theirs) in itertools.combinations(users, 2):
            if one.plan.key != other.plan.key and _overlap(its, theirs):
                yield Code.ROUTE_CONTESTED, one, other


def _overlap(one: Routes, other: Routes) -> bool:
    """Say whether both may move one route of a VirtualService; no names mean every route."""
    return not one.routes or not other.routes or not set(one.routes).isdisjoint(other.routes)


def _complaint(code: Code, loser: _Claim, winner: _Claim) -> Finding:
    where = winner.plan.origin
    if code is Code.PLAN_TWICE:
        message = f"the plan {loser.plan.key} stands in {where} too"
        instead = "give one of them another name, or delete it"
    else:
        message = f"the plan {winner.plan.key} in {where} moves the same VirtualService routes"
        instead = "give both plans routes of their own, by name"
    return Finding(
        code=code,
        file=loser.file,
        span=loser.located.span,
        path="metadata.name",
        message=message,
        remedy=instead,
    )

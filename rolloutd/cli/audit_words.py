"""Lines of the audit trail, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from rolloutd.cli.visible import visible
from rolloutd.ports import Json

_WHERE = "{namespace}/{rollout} run {run}: "
_WHO = "{actor} ({source})"

SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "transition": (
            f"{_WHERE}{{weightBefore}} % -> {{weight}} %, {{phase}}, by {_WHO}: {{why}}"
        ),
        "order": f"{_WHERE}{{verb}}, ordered by {_WHO}, was {{answer}}: {{why}}",
        "unexplained": f"{_WHERE}{{verb}}, ordered by {_WHO}, was {{answer}}, no reason given",
        "declined": f"{_WHERE}{{verb}}, ordered by {_WHO}, was declined: {{declined}}",
        "takenOver": f"{_WHERE}taken over at {{weight}} %, leader's epoch {{epoch}}: {{why}}",
        "gap": "not writable since {since}, {lost} entries lost: {why}",
        "torn": "the line before was torn by a crash ({bytes} bytes)",
        "disturbed": "lines had vanished: the file ended at entry {foundSeq}",
        "started": "rolloutd {version} started",
        "stopped": "rolloutd stopped",
    }
)

GATE: Final = (
    "{gate}: {ruling}; canary {canary}, stable {stable}, limit {limit} {unit}; "
    "{samples} requests; {why}"
)


def told(entry: Json, *, evidence: bool) -> Iterator[str]:
    """Say what a line says, with control characters made visible: people wrote some of it."""
    said = _Said({name: _plain(value) for name, value in entry.items()})
    kind = _kind(entry)
    yield f"{said['at']:24}  {SENTENCES.get(kind, kind).format_map(said)}"
    gates = entry.get("evidence")
    for gate in gates if evidence and isinstance(gates, list) else ():
        said = _Said({name: _plain(value) for name, value in gate.items()})
        yield f"{'':26}{GATE.format_map(said)}"


def _kind(entry: Json) -> str:
    """Say which sentence a line takes."""
    if "declined" in entry:
        return "declined"
    kind = str(entry.get("kind"))
    return "unexplained" if kind == "order" and not entry.get("why") else kind


class _Said(dict[str, str]):
    """Fields as words; one that is not there is a dash."""

    def __missing__(self, name: str) -> str:
        return "-"


def _plain(value: object) -> str:
    """Return a value as text that can't steer a terminal; ``-`` for what is not known."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    return visible(str(value))

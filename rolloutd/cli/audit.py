"""``rolloutd audit``: read the audit trail, and check that it is whole."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import orjson

from rolloutd.adapters.audit.chain import Head, Link, link
from rolloutd.adapters.audit.verify import Document, in_order, verify
from rolloutd.cli.audit_words import told

FILES = click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)


@click.group()
def audit() -> None:
    """Read the audit trail of `rolloutd run --audit-file`, and check that it is whole."""


def _head(_: click.Context, __: click.Parameter, value: str | None) -> Head | None:
    found = re.fullmatch(r"([0-9]+):([0-9a-f]{64})", value or "")
    if value is not None and found is None:
        raise click.BadParameter(f"{value!r} is not a number, a colon and 64 hex digits")
    return None if found is None else Head(seq=int(found[1]), hash=found[2])


@audit.command("verify")
@FILES
@click.option(
    "--head",
    "kept",
    metavar="SEQ:HASH",
    callback=_head,
    help="A line that has to be there, as it was logged (audit_written: seq, hash).",
)
def check(files: Sequence[Path], kept: Head | None) -> None:
    """Check FILES, in any order: the first broken line is named, with how it was broken.

    Exit code 0 for a whole chain, 1 for a broken one, and for none at all. That the end was
    cut off, or that all of it was written anew, shows only by --head.
    """
    verdict = verify(_read(files), kept)
    for remark in verdict.remarks:
        click.echo(f"note: {remark}", err=True)
    if verdict.fault is not None:
        click.echo(f"BROKEN after {verdict.entries} entries. {verdict.fault}")
        sys.exit(1)
    if not verdict.entries:
        click.echo("EMPTY: not one entry. A daemon's first is that it has started.")
        sys.exit(1)
    head = f"{verdict.head.seq}:{verdict.head.hash}"
    click.echo(f"whole: {verdict.entries} entries; head {head}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which lines are wanted; ``None`` for all."""

    namespace: str | None
    rollout: str | None
    run: int | None
    actor: str | None
    kind: str | None
    since: str | None

    def takes(self, found: Link) -> bool:
        """Say whether a line is wanted."""
        wanted = {
            "namespace": self.namespace,
            "rollout": self.rollout,
            "run": self.run,
            "actor": self.actor,
            "kind": self.kind,
        }
        entry = found.entry
        fits = all(value is None or entry.get(name) == value for name, value in wanted.items())
        return fits and (self.since is None or str(entry.get("at", "")) >= self.since)


def _since(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    try:
        # As the lines have it, since they are compared as text.
        return _start(value).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):
        raise click.BadParameter(f"{value!r} is no 30m, 12h, 7d or 2026-11-22T09:00Z") from None


def _start(value: str) -> datetime:
    """Return when that is; a time without an offset is in UTC, as the lines are."""
    span = re.fullmatch(r"([0-9]+)([mhd])", value)
    if span is not None:
        unit = {"m": "minutes", "h": "hours", "d": "days"}[span[2]]
        # A person asks at a terminal, about files that need no daemon.
        now = datetime.now(UTC)  # noqa: TID251 - see above
        return now - timedelta(**{unit: int(span[1])})
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


@audit.command()
@FILES
@click.option("-n", "--namespace", help="Only of this namespace.")
@click.option("--rollout", help="Only of this rollout.")
@click.option("--run", "run_", type=int, help="Only of this run.")
@click.option("--actor", help="Only what this person did; `rolloutd` for the daemon.")
@click.option(
    "--kind",
    type=click.Choice(
        [
            *("transition", "order", "takenOver", "started", "stopped"),
            *("gap", "torn", "disturbed"),
        ]
    ),
    help="Only lines of this kind.",
)
@click.option("--since", callback=_since, help="Only from then on: 30m, 12h, 7d, or a time.")
@click.option(
    "-o", "--output", type=click.Choice(["text", "jsonl"]), default="text", show_default=True
)
@click.option("-v", "--evidence", is_flag=True, help="Also what each gate said.")
def show(  # noqa: PLR0913 - one parameter an option
    *,
    files: Sequence[Path],
    namespace: str | None,
    rollout: str | None,
    run_: int | None,
    actor: str | None,
    kind: str | None,
    since: str | None,
    output: str,
    evidence: bool,
) -> None:
    """Print FILES for people, oldest first. Whether they are whole, `audit verify` says."""
    wanted = Filter(
        namespace=namespace, rollout=rollout, run=run_, actor=actor, kind=kind, since=since
    )
    for found in _links(_read(files)):
        if isinstance(found, str):
            click.echo(f"{found}: not a line of the chain", err=True)
        elif wanted.takes(found) and output == "jsonl":
            click.echo(orjson.dumps(found.entry, option=orjson.OPT_SORT_KEYS))
        elif wanted.takes(found):
            click.echo("\n".join(told(found.entry, evidence=evidence)))


def _links(documents: Sequence[Document]) -> Iterator[Link | str]:
    """Yield lines in the order of the chain; of one that is broken, its place."""
    for document in in_order(documents):
        for number, raw in enumerate(document.content.splitlines(), 1):
            yield link(raw) or f"{document.name}:{number}"


def _read(files: Sequence[Path]) -> Sequence[Document]:
    return [Document(name=str(path), content=path.read_bytes()) for path in files]

"""``rolloutd audit``."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rolloutd.adapters.audit.chain import Head
from rolloutd.adapters.audit.file import ChainFile
from rolloutd.cli import main
from rolloutd.ports import Json

GATE: Json = {
    "gate": "p99",
    "ruling": "fine",
    "canary": 212.34567,
    "stable": None,
    "limit": 500.0,
    "unit": "ms",
    "samples": 1200,
    "why": "it is fine.",
}
MOVE: Json = {
    "kind": "transition",
    "at": "2026-11-22T10:00:00.000Z",
    "namespace": "shop",
    "rollout": "checkout",
    "run": 3,
    "weightBefore": 10,
    "weight": 50,
    "phase": "progressing",
    "actor": "rolloutd",
    "source": "daemon",
    "why": "Advanced.",
    "evidence": [GATE],
}
ORDER: Json = {
    "kind": "order",
    "at": "2026-11-22T11:00:00.000Z",
    "namespace": "shop",
    "rollout": "checkout",
    "run": 3,
    "verb": "pause",
    "actor": "ana",
    "source": "API: curl/8 at 10.0.0.7",
    "why": "lunch\x1b[31m",
    "answer": "accepted",
}
DECLINED: Json = {**ORDER, "actor": "bob", "answer": "declined", "declined": "Too late."}
GAP: Json = {"kind": "gap", "at": "2026-11-22T12:00:00.000Z", "lost": 2, "why": "full"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


@pytest.fixture
def head(path: Path) -> Head:
    return ChainFile(path).append([MOVE, ORDER, DECLINED, GAP])


def ran(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["audit", *map(str, words)])


def test_a_whole_file_is_called_whole_with_its_head(path: Path, head: Head) -> None:
    """The head is what to keep elsewhere."""
    result = ran("verify", path)

    assert result.exit_code == 0
    assert result.stdout == f"whole: 4 entries; head 4:{head.hash}\n"


def test_a_file_without_entries_is_a_failure(path: Path) -> None:
    """Emptied is what a trail is that somebody wants gone; no daemon leaves it so."""
    path.touch()

    result = ran("verify", path)

    assert (result.exit_code, result.stdout[:6]) == (1, "EMPTY:")


def test_a_broken_file_is_a_failure_that_names_the_line(path: Path, head: Head) -> None:
    """Pipelines look at the exit code, people at the line."""
    del head
    path.write_bytes(path.read_bytes().replace(b'"ana"', b'"eva"'))

    result = ran("verify", path)

    assert result.exit_code == 1
    assert f"BROKEN after 1 entries. {path}:2 was edited" in result.stdout


def test_an_end_that_was_cut_off_shows_by_the_head(path: Path, head: Head) -> None:
    """As logged by the daemon."""
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))

    result = ran("verify", path, "--head", f"4:{head.hash}")

    assert result.exit_code == 1
    assert "entry 4 is not there" in result.stdout


def test_remarks_are_not_part_of_the_answer(path: Path, head: Head) -> None:
    """They go to standard error."""
    del head
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))

    result = ran("verify", path)

    assert (result.exit_code, result.stdout[:5]) == (0, "whole")
    assert "begins at entry 2" in result.stderr


def test_a_head_that_is_none_is_refused(path: Path, head: Head) -> None:
    """Before it passes for one that was not found."""
    del head

    assert ran("verify", path, "--head", "4").exit_code == 2


def test_lines_are_told_in_words(path: Path, head: Head) -> None:
    """Who, from where, what and why; nobody's words steer the terminal."""
    del head

    lines = ran("show", path).stdout.splitlines()

    assert lines == [
        (
            "2026-11-22T10:00:00.000Z  shop/checkout run 3: 10 % -> 50 %, progressing,"
            " by rolloutd (daemon): Advanced."
        ),
        (
            "2026-11-22T11:00:00.000Z  shop/checkout run 3: pause, ordered by ana"
            " (API: curl/8 at 10.0.0.7), was accepted: lunch\\x1b[31m"
        ),
        (
            "2026-11-22T11:00:00.000Z  shop/checkout run 3: pause, ordered by bob"
            " (API: curl/8 at 10.0.0.7), was declined: Too late."
        ),
        "2026-11-22T12:00:00.000Z  not writable since -, 2 entries lost: full",
    ]


def test_an_order_without_a_reason_is_told_to_have_none(path: Path) -> None:
    """A line that ends in a colon looks cut off, in a trail above all."""
    ChainFile(path).append([{**ORDER, "why": ""}])

    assert ran("show", path).stdout.endswith(", was accepted, no reason given\n")


def test_evidence_is_told_where_it_is_asked_for(path: Path, head: Head) -> None:
    """The numbers behind a transition, a line a gate."""
    del head

    lines = ran("show", path, "-v", "--kind", "transition").stdout.splitlines()

    assert lines[1].strip() == (
        "p99: fine; canary 212.346, stable -, limit 500 ms; 1200 requests; it is fine."
    )


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (["--rollout", "checkout"], 3),
        (["--namespace", "find"], 0),
        (["--run", "3", "--actor", "ana"], 1),
        (["--kind", "gap"], 1),
        (["--kind", "disturbed"], 0),
        (["--since", "2026-11-22T11:00"], 3),
    ],
)
def test_filters_leave_out_the_rest(
    path: Path, head: Head, words: list[str], count: int
) -> None:
    """All of them together."""
    del head

    result = ran("show", path, *words)

    assert (result.exit_code, len(result.stdout.splitlines())) == (0, count)


@pytest.mark.parametrize(
    "start",
    ["2026-11-22T12:00+01:00", "2026-11-22 11:00", "20261122T110000Z", "2026-11-22T11:00Z"],
)
def test_since_is_a_moment_however_it_is_written(path: Path, head: Head, start: str) -> None:
    """Compared letter by letter, an offset of an hour showed an hour too little."""
    del head

    assert len(ran("show", path, "--since", start).stdout.splitlines()) == 3


def test_a_span_longer_than_the_calendar_is_a_usage_error(path: Path, head: Head) -> None:
    """It is a slip of the finger, and no bug of ours."""
    del head

    assert ran("show", path, "--since", "99999999d").exit_code == 2


def test_since_takes_a_span(path: Path) -> None:
    """The last hour, as people ask."""
    now = datetime.now(UTC)  # noqa: TID251 - the command asks the same clock
    stamps = [(now - timedelta(minutes=age)).isoformat() for age in (90, 30)]
    ChainFile(path).append([{**GAP, "at": stamp} for stamp in stamps])

    assert len(ran("show", path, "--since", "1h").stdout.splitlines()) == 1
    assert ran("show", path, "--since", "yesterday").exit_code == 2


def test_lines_come_as_json_for_programs(path: Path, head: Head) -> None:
    """As they stand in the file."""
    del head

    lines = ran("show", path, "-o", "jsonl").stdout.splitlines()

    assert lines == path.read_text().splitlines()
    assert json.loads(lines[1])["actor"] == "ana"


def test_a_line_that_is_broken_is_named_and_passed_over(path: Path, head: Head) -> None:
    """What can still be read is shown."""
    del head
    path.write_bytes(b"#\n" + path.read_bytes())

    result = ran("show", path)

    assert len(result.stdout.splitlines()) == 4
    assert f"{path}:1: not a line" in result.stderr


def test_a_line_of_a_later_version_is_named_by_its_kind(path: Path) -> None:
    """Better than nothing."""
    ChainFile(path).append([{"kind": "approved", "at": "2026-11-22T12:00:00.000Z"}])

    assert ran("show", path).stdout == "2026-11-22T12:00:00.000Z  approved\n"

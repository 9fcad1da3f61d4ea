"""Recorded counts from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from rolloutd.cli.trace import TraceError, read_trace
from rolloutd.core.observation import Histogram, History, Sample
from tests.core.gate.cases import counts, plan, success

HEADER = "t,stable_requests,stable_failures,canary_requests,canary_failures,weight"
PLAN = plan(success())


def read(folder: Path, name: str, *lines: str) -> tuple[Sample, ...]:
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    samples, _ = read_trace(path, PLAN)
    return samples


def test_csv_and_json_lines_say_the_same(tmp_path: Path) -> None:
    """People have the one, programs the other."""
    arm = '{"requests": 90, "failures": 1}'
    canary = '{"requests": 10, "failures": 2}'
    of_csv = read(tmp_path, "a.csv", HEADER, "5,90,1,10,2,10")
    of_json = read(
        tmp_path, "a.jsonl", f'{{"t": 5, "stable": {arm}, "canary": {canary}, "weight": 10}}'
    )

    assert of_csv == of_json
    assert of_csv[0].canary == counts(10, 2)
    assert (of_csv[0].start, of_csv[0].end, of_csv[0].weight) == (0.0, 5.0, 10)


def test_an_empty_count_was_not_read(tmp_path: Path) -> None:
    """It is not nought."""
    (sample,) = read(tmp_path, "a.csv", HEADER, "5,90,1,,,10")

    assert sample.canary is None


def test_lines_of_judge_are_understood(tmp_path: Path) -> None:
    """A recorded pipe is a trace; the name of the stream says nothing here."""
    line = '{"stream": "s", "t": 5, "stable": null, "canary": null}'

    assert len(read(tmp_path, "a.jsonl", line, "")) == 1


def test_a_first_line_of_judge_tells_interval_and_history(tmp_path: Path) -> None:
    """A recorded pipe replayed without its past would be judged otherwise than it was."""
    path = tmp_path / "a.jsonl"
    opening = '{"stream": "s", "interval": 2, "history": {"requests": 900, "failures": 9}}'
    path.write_text(f'{opening}\n{{"t": 5, "stable": null, "canary": null}}\n')
    (sample,), past = read_trace(path, PLAN)

    assert past == History(requests=900, failures=9)
    assert (sample.start, sample.end) == (3.0, 5.0)


def test_the_mark_that_spreadsheets_begin_a_file_with_is_no_part_of_it(tmp_path: Path) -> None:
    """Otherwise a column that anybody can see would be called missing."""
    assert len(read(tmp_path, "a.csv", f"\ufeff{HEADER}", "5,90,1,10,2,10")) == 1


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    """A workbook is easily taken for its export."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"PK\xff\xfe")

    with pytest.raises(TraceError, match="is not UTF-8"):
        read_trace(path, PLAN)


def test_durations_and_answers_of_queries_come_along(tmp_path: Path) -> None:
    """All that a gate may ask for can be recorded."""
    arm = '{"requests": 10, "failures": 0, "latency": [4, 9]}'
    (sample,) = read(
        tmp_path,
        "a.jsonl",
        '{"stream": "s", "le": [10, 100, "+Inf"]}',
        f'{{"t": 5, "stable": {arm}, "canary": {arm}, "values": {{"queue": [3, null]}}}}',
    )

    assert sample.canary is not None
    assert sample.canary.latency == Histogram(bounds=(10.0, 100.0), counts=(4, 9, 10))
    assert sample.values == {"queue": (3.0, None)}


@pytest.mark.parametrize(
    ("name", "lines", "words"),
    [
        (
            "a.jsonl",
            ('{"t": 5, "stable": null, "canary": null, "values": {"queue": 3}}',),
            "line 1: values.queue: must be a pair",
        ),
        ("a.csv", ("t,canary_requests",), "line 1: stable_requests"),
        ("a.csv", (HEADER, "5,90,1,many,2,10"), "line 2: line"),
        ("a.csv", (HEADER, "5,90,1,10,11,10"), "line 2: canary.failures"),
        ("a.csv", (HEADER, "5,90,1,10,nan,10"), "line 2: canary.failures"),
        ("a.csv", (HEADER, "5,9,1,1,0,1", "5,9,1,1,0,1"), "line 3: t"),
        ("a.csv", (HEADER, "5,90,1"), "line 2: line: must have 6 cells"),
        ("a.csv", (HEADER, "5,90,1,10,2,10,0"), "line 2: line: must have 6 cells"),
        ("a.csv", (HEADER, "5,90,1,1e308,0,10"), "line 2: canary.requests"),
        ("a.jsonl", ('{"el": [5]}',), "line 1: el: is not known"),
        ("a.jsonl", ("{",), "line 1: line"),
        ("a.jsonl", ("[]",), "line 1: line"),
    ],
)
def test_a_bad_line_is_named(
    tmp_path: Path, name: str, lines: tuple[str, ...], words: str
) -> None:
    """A figure from a half-read trace would be believed."""
    with pytest.raises(TraceError) as caught:
        read(tmp_path, name, *lines)

    assert str(caught.value).startswith(words)

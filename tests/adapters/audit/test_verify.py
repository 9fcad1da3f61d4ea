"""Where a chain was broken, and how."""

from __future__ import annotations

import pytest

from rolloutd.adapters.audit.chain import Head, chained, fingerprint
from rolloutd.adapters.audit.verify import Document, verify
from rolloutd.ports import Json


def written(*entries: Json, after: Head = Head()) -> tuple[list[bytes], Head]:  # noqa: B008 - frozen
    """Return lines without their ends, and the head."""
    lines, head = [], after
    for entry in entries:
        line, head = chained(head, entry)
        lines.append(line.rstrip(b"\n"))
    return lines, head


LINES, HEAD = written(*({"kind": "order", "n": n} for n in range(1, 7)))


def doc(lines: list[bytes], name: str = "audit.jsonl", end: bytes = b"\n") -> Document:
    return Document(name=name, content=b"\n".join(lines) + end if lines else b"")


def test_a_whole_chain_is_found_whole() -> None:
    """From its first entry to its last."""
    verdict = verify([doc(LINES)])

    assert (verdict.fault, verdict.remarks) == (None, [])
    assert (verdict.entries, verdict.head) == (6, HEAD)


def test_an_empty_chain_is_whole() -> None:
    """A daemon that has just been installed."""
    assert verify([doc([])]).fault is None


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        pytest.param(
            [*LINES[:2], LINES[2].replace(b'"n":3', b'"n":4'), *LINES[3:]],
            "audit.jsonl:3 was edited",
            id="a number was changed",
        ),
        pytest.param(
            [*LINES[:2], b"#", *LINES[3:]], "audit.jsonl:3 was edited", id="scribbled over"
        ),
        pytest.param(
            [*LINES[:2], *LINES[3:]], "Removed: entry 3 before audit.jsonl:3", id="one is gone"
        ),
        pytest.param(
            [*LINES[:2], *LINES[4:]],
            "Removed: entries 3 to 4 before audit.jsonl:3",
            id="two are gone",
        ),
        pytest.param(
            [*LINES[:2], LINES[3], LINES[2], *LINES[4:]],
            "audit.jsonl:3 is out of order: entry 4 where 3 belongs",
            id="two changed places",
        ),
        pytest.param(
            [*LINES[:3], LINES[1], *LINES[3:]],
            "audit.jsonl:4 is out of order: entry 2 where 4 belongs",
            id="one is repeated",
        ),
        pytest.param(
            [*LINES[:2], *written({"kind": "forged"}, after=Head(seq=2))[0], *LINES[3:]],
            "Replaced: the entry before audit.jsonl:3",
            id="one was written anew",
        ),
        pytest.param(
            [*LINES[:-1], LINES[-1] + b" "], "audit.jsonl:6 was edited", id="the last one"
        ),
    ],
)
def test_the_first_broken_line_is_named_with_why(lines: list[bytes], fault: str) -> None:
    """Whoever looks into it has to know where to look."""
    verdict = verify([doc(lines)])

    assert verdict.fault is not None
    assert verdict.fault.startswith(fault)


def test_an_end_in_the_middle_of_a_line_is_truncated() -> None:
    """A crash, until a later line says so; or somebody's hand."""
    verdict = verify([doc([*LINES[:5], LINES[5][:20]], end=b"")])

    assert verdict.fault is not None
    assert verdict.fault.startswith("Truncated: audit.jsonl:6 ends in the middle")
    assert verdict.entries == 5


def test_a_last_line_that_lacks_only_its_end_is_whole() -> None:
    """All of what it says is there."""
    verdict = verify([doc(LINES, end=b"")])

    assert verdict.fault is None
    assert "audit.jsonl:6 has no end yet" in verdict.remarks[0]


def test_a_line_torn_by_a_crash_is_no_fault_where_the_next_one_vouches() -> None:
    """Crashes happen; hiding one is what must not."""
    torn = LINES[5][:20]
    seal: Json = {"kind": "torn", "fingerprint": fingerprint(torn)}
    rest, head = written(seal, {"kind": "order"}, after=verify([doc(LINES[:5])]).head)

    verdict = verify([doc([*LINES[:5], torn, *rest])])

    assert verdict.fault is None
    assert verdict.head == head
    assert "audit.jsonl:6 was torn by a crash (20 bytes)" in verdict.remarks[0]


def test_what_is_put_in_the_place_of_a_torn_line_is_found() -> None:
    """The seal says what was torn."""
    seal: Json = {"kind": "torn", "fingerprint": fingerprint(LINES[5][:20])}
    rest, _ = written(seal, after=verify([doc(LINES[:5])]).head)

    verdict = verify([doc([*LINES[:5], b"innocent", *rest])])

    assert verdict.fault is not None
    assert verdict.fault.startswith("audit.jsonl:6 was edited")


def test_files_are_followed_in_the_order_of_the_chain() -> None:
    """``audit.jsonl*`` names the newest first."""
    verdict = verify([doc(LINES[3:], "audit.jsonl"), doc(LINES[:3], "audit.jsonl.000003")])

    assert verdict.fault is None
    assert verdict.entries == 6


def test_a_file_that_is_missing_in_between_is_noticed() -> None:
    """Removing a whole file is removing lines."""
    verdict = verify([doc(LINES[:2], "a.2"), doc(LINES[4:], "a")])

    assert verdict.fault == "Removed: entries 3 to 4 before a:1."


def test_a_chain_that_does_not_begin_at_its_beginning_says_so() -> None:
    """Old files are taken away to be kept elsewhere; that is no fault."""
    verdict = verify([doc(LINES[3:])])

    assert verdict.fault is None
    assert verdict.remarks == ["The chain begins at entry 4: what was before is not given."]


def test_an_end_that_was_cut_off_cleanly_shows_by_a_head_that_was_noted() -> None:
    """No chain can show that by itself."""
    assert verify([doc(LINES[:4])]).fault is None

    verdict = verify([doc(LINES[:4])], HEAD)

    assert verdict.fault == "Truncated: entry 6 is not there; the chain ends at 4."
    assert verify([doc(LINES)], HEAD).fault is None


def test_a_chain_that_was_written_anew_shows_by_a_head_that_was_noted() -> None:
    """Whoever can write the file can also count hashes."""
    forged, _ = written(*({"kind": "order", "n": 0} for _ in range(6)))
    assert verify([doc(forged)]).fault is None

    verdict = verify([doc(forged)], HEAD)

    assert verdict.fault is not None
    assert "audit.jsonl:6 was replaced" in verdict.fault

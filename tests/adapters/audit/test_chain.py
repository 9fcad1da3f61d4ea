"""Lines that hold each other."""

from __future__ import annotations

import hashlib
import json

from rolloutd.adapters.audit.chain import GENESIS, Head, chained, link
from rolloutd.ports import Json

ENTRY: Json = {"kind": "order", "why": 'größer, "so"', "numbers": {"p": 0.1, "n": None}}


def test_a_line_is_read_back_as_it_was_written() -> None:
    """Words of people in any script, numbers, and what is not known."""
    line, head = chained(Head(), ENTRY)

    found = link(line.rstrip(b"\n"))

    assert found is not None
    assert found.head == head == Head(seq=1, hash=head.hash)
    assert found.previous == GENESIS
    assert found.kind == "order"
    assert ENTRY.items() <= found.entry.items()


def test_the_hash_is_what_the_documentation_says() -> None:
    """Anybody can check a chain with the tools of any language."""
    first, head = chained(Head(), ENTRY)
    second, _ = chained(head, {"kind": "stopped"})

    form = json.loads(second)
    claimed = form.pop("hash")
    canonical = json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    expected = hashlib.sha256((json.loads(first)["hash"] + canonical).encode()).hexdigest()
    assert claimed == expected


def test_no_byte_of_a_line_can_be_changed_unseen() -> None:
    """Not even a space, a sign of a number or a key that is there twice."""
    line = chained(Head(), ENTRY)[0].rstrip(b"\n")

    survivors = [
        (place, changed)
        for place in range(len(line))
        for changed in (line[:place] + b" " + line[place:], line[:place] + line[place + 1 :])
        if link(changed) is not None
    ]

    assert survivors == []
    assert link(line.replace(b'"kind":', b'"kind":"x","kind":')) is None


def test_what_is_no_line_of_ours_is_none() -> None:
    """Neither text, nor other JSON, nor fields of another type."""
    assert link(b"hello") is None
    assert link(b"[1]") is None
    assert link(b'{"hash":1,"prev":"","seq":1}') is None

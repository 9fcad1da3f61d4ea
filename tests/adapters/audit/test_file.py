"""The file under the chain, and what happens to files."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rolloutd.adapters.audit.chain import Head
from rolloutd.adapters.audit.file import ChainFile
from rolloutd.adapters.audit.verify import Document, Verdict, verify
from rolloutd.errors import Unavailable
from rolloutd.ports import Json


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def entry(number: int) -> Json:
    return {"kind": "order", "n": number, "why": "because " * 10}


def checked(path: Path) -> Verdict:
    """Verify the file and the full ones beside it."""
    files = [*path.parent.glob(f"{path.name}*")]
    return verify([Document(name=each.name, content=each.read_bytes()) for each in files])


@contextmanager
def full_at(size: int) -> Iterator[None]:
    """Let no file grow beyond a size: a disk that fills up in the middle of a write."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_entries_are_chained_across_writes_and_restarts(path: Path) -> None:
    """One chain, however often the daemon is restarted."""
    first = ChainFile(path)
    first.append([entry(1), entry(2)])
    first.append([entry(3)])
    first.close()

    head = ChainFile(path).append([entry(4)])

    assert checked(path).fault is None
    assert (checked(path).entries, checked(path).head) == (4, head)


def test_the_chain_goes_on_in_the_next_file(path: Path) -> None:
    """Rotation is no place to hide a line."""
    file = ChainFile(path, largest=1000)
    for number in range(12):
        file.append([entry(number)])

    names = sorted(each.name for each in path.parent.iterdir())
    assert len(names) >= 4
    assert checked(path).fault is None
    assert checked(path).entries == 12
    assert all(each.stat().st_size <= 1000 for each in path.parent.iterdir())


def test_a_restart_right_after_a_rotation_finds_the_chain(path: Path) -> None:
    """The end is in the file before; other files there are not ours."""
    file = ChainFile(path)
    file.append([entry(1)])
    file.close()
    path.rename(path.with_name(f"{path.name}.000000000001"))
    path.with_name(f"{path.name}.gz").write_bytes(b"packed")
    path.with_name("other.000000000009").write_text("somebody else's")

    assert ChainFile(path).append([entry(2)]).seq == 2


def test_a_line_that_a_crash_has_torn_is_sealed(path: Path) -> None:
    """It stays where it is, and the next line vouches for what it was."""
    file = ChainFile(path)
    file.append([entry(1), entry(2)])
    file.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])

    ChainFile(path).append([entry(3)])

    verdict = checked(path)
    assert verdict.fault is None
    assert "audit.jsonl:2 was torn by a crash" in verdict.remarks[0]
    assert path.read_bytes().startswith(whole[:-30])


def test_a_line_that_lost_only_its_end_is_taken_as_it_is(path: Path) -> None:
    """All of what it says is there."""
    file = ChainFile(path)
    file.append([entry(1), entry(2)])
    file.close()
    path.write_bytes(path.read_bytes()[:-1])

    head = ChainFile(path).append([entry(3)])

    assert head.seq == 3
    assert (checked(path).fault, checked(path).remarks) == (None, [])


def test_a_disk_that_fills_up_takes_nothing_with_it(path: Path) -> None:
    """What was half written is taken back, and written whole when there is room."""
    file = ChainFile(path)
    file.append([entry(1)])
    size = path.stat().st_size
    with full_at(size + 100), pytest.raises(Unavailable):
        file.append([entry(2), entry(3)])

    assert path.stat().st_size == size
    assert file.append([entry(2), entry(3)]).seq == 3
    assert (checked(path).fault, checked(path).remarks) == (None, [])


def test_a_folder_that_is_not_there_is_told_until_it_is(path: Path) -> None:
    """A volume that was not mounted."""
    there = path.parent / "late" / "audit.jsonl"
    file = ChainFile(there)
    with pytest.raises(Unavailable, match="No such file"):
        file.append([entry(1)])

    there.parent.mkdir()
    assert file.append([entry(1)]) == checked(there).head


def test_two_processes_do_not_write_one_chain(path: Path) -> None:
    """They would make two of it."""
    file = ChainFile(path)
    file.append([entry(1)])
    other = ChainFile(path)

    with pytest.raises(Unavailable, match="another process"):
        other.append([entry(2)])

    file.close()
    assert other.append([entry(2)]).seq == 2


def test_a_file_that_was_moved_away_is_begun_anew(path: Path) -> None:
    """As logrotate does; the chain goes on where it was."""
    file = ChainFile(path)
    file.append([entry(1)])
    path.rename(path.with_name("audit.jsonl-yesterday"))

    head = file.append([entry(2)])

    assert head.seq == 2 + 1, "one more line says what was not found"
    assert checked(path).fault is None


def test_lines_that_vanish_under_us_stay_missing(path: Path) -> None:
    """Going on from what is left would heal the chain for whoever cut it."""
    file = ChainFile(path)
    file.append([entry(1), entry(2)])
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])

    file.append([entry(3)])

    fault = checked(path).fault
    assert fault == "Removed: entry 2 before audit.jsonl:2."


def test_what_others_append_is_noticed(path: Path) -> None:
    """Our line after it stands, and verification names theirs."""
    file = ChainFile(path)
    file.append([entry(1)])
    with path.open("ab") as other:
        other.write(b"echo was here\n")

    assert file.append([entry(2)]).seq == 2
    assert checked(path).fault == (
        "audit.jsonl:2 was edited: it is not what its hash was made of."
    )


def test_the_file_is_not_for_everybody(path: Path) -> None:
    """It names people and says what they did."""
    ChainFile(path).append([entry(1)])

    assert path.stat().st_mode & 0o007 == 0


def test_nothing_is_before_the_first_entry(path: Path) -> None:
    """The chain of an empty file begins at one."""
    path.touch()

    assert ChainFile(path).append([entry(1)]) != Head()
    assert checked(path).entries == 1


def test_a_device_is_no_audit_file() -> None:
    """Some have no end to read to; none keeps what it is given."""
    with pytest.raises(Unavailable, match="it is no regular file"):
        ChainFile(Path("/dev/full")).append([entry(1)])

"""Server-Sent Events, line by line."""

from __future__ import annotations

import pytest

from rolloutd.cli.remote.events import HEARTBEAT, News, read_news
from rolloutd.errors import Unavailable


def test_an_event_is_read_when_its_last_line_has_come() -> None:
    """Half an event at the end of a connection is none: it comes again."""
    lines = [
        b"retry: 2000\n",
        b"id: a-1\r\n",
        b"event: rollout\n",
        b'data: {"namespace":"shop","name":"checkout"}\n',
        b"\n",
        b": heartbeat\n",
        b"\n",
        b"id: a-2\n",
        b"event: gone\n",
    ]
    first, beat = read_news(iter(lines))

    assert (first.kind, first.ident) == ("rollout", "a-1")
    assert first.is_about("shop", "checkout")
    assert not first.is_about("shop", "cart")
    assert beat == News(kind=HEARTBEAT)


def test_an_event_without_data_is_about_nothing() -> None:
    """Such as hello."""
    (hello,) = read_news(iter([b"event: hello\n", b"\n"]))

    assert not hello.is_about("shop", "checkout")
    assert not News(kind="word", form=3).is_about("shop", "checkout")


def test_data_that_is_no_json_is_told() -> None:
    """Somebody else answers."""
    with pytest.raises(Unavailable, match="can't be read"):
        list(read_news(iter([b"data: <html>\n", b"\n"])))

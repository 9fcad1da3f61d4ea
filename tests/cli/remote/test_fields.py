"""Answers that are not what they should be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rolloutd.cli.remote.fields import Fields
from rolloutd.errors import Unavailable

WRONG: dict[str, object] = {"a": "soon", "b": True, "c": 3, "d": {}}


@pytest.mark.parametrize(
    "read",
    [
        lambda fields: fields.moment("a"),
        lambda fields: fields.moment("c"),
        lambda fields: fields.number("a"),
        lambda fields: fields.number("b"),
        lambda fields: fields.whole("missing"),
        lambda fields: fields.flag("c"),
        lambda fields: fields.text("c"),
        lambda fields: fields.part("a"),
        lambda fields: list(fields.parts("d")),
        lambda fields: fields.mapping("a"),
        lambda fields: fields.texts("d"),
    ],
)
def test_a_field_of_another_kind_is_told_with_a_remedy(
    read: Callable[[Fields], object],
) -> None:
    """Never a traceback, whoever answered."""
    with pytest.raises(Unavailable, match="not what it should be"):
        read(Fields(WRONG))


def test_null_is_not_known() -> None:
    """And no zero."""
    fields = Fields({})

    assert fields.maybe_number("x") is None
    assert fields.maybe_moment("x") is None
    assert fields.maybe_part("x") is None
    assert fields.maybe_flag("x") is None
    assert fields.maybe_whole("x") is None
    assert fields.text("x") == ""


def test_what_others_wrote_does_not_steer_a_terminal() -> None:
    """Whoever may annotate a VirtualService could otherwise write over what operators read."""
    fields = Fields({"why": "held\x1b[2J\x9b1A by ana", "obstacles": ["a\r\nb", "50 % → 75 %"]})

    assert fields.text("why") == r"held\x1b[2J\x9b1A by ana"
    assert fields.texts("obstacles") == (r"a\r\nb", "50 % → 75 %")

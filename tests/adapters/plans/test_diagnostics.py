"""What people read when a plan is wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rolloutd.adapters.plans.diagnostics import (
    Code,
    Finding,
    Severity,
    Span,
    caret,
    errors,
    ordered,
    remedy,
    source_line,
    suggestion,
)

DOCS = Path(__file__).parents[3] / "docs"


def a_finding(
    code: Code = Code.UNKNOWN_FIELD, *, line: int = 1, column: int = 1, end: int = 2
) -> Finding:
    return Finding(code=code, file="p.yaml", span=Span(line, column, end), message="odd")


def test_every_code_has_its_place_in_the_docs() -> None:
    """A code is what people search for when a sentence is not enough."""
    headings = re.findall(r"^### (\w+)$", (DOCS / "lint-codes.md").read_text(), re.MULTILINE)

    assert headings == [code.value for code in Code]


def test_no_code_means_two_things() -> None:
    """An enum would silently make the second an alias of the first."""
    assert len(Code.__members__) == len(list(Code))


def test_a_finding_is_one_sentence_with_its_place() -> None:
    """As it stands in the daemon's log; editors make links of ``file:line:column``."""
    finding = Finding(
        code=Code.UNKNOWN_FIELD,
        file="p.yaml",
        span=Span(14, 7, 13),
        path="spec.steps[0]",
        message="unknown field 'weigt'",
        remedy="allowed: weight, hold",
    )

    assert str(finding) == (
        "p.yaml:14:7: error RD110: spec.steps[0]: unknown field 'weigt'; allowed: weight, hold."
    )


@pytest.mark.parametrize("code", list(Code), ids=lambda code: code.value)
def test_the_hundreds_tell_errors_from_warnings(code: Code) -> None:
    """People filter by them."""
    wanted = {"1": Severity.ERROR, "2": Severity.WARNING}[code.value[2]]

    assert a_finding(code).severity is wanted
    assert bool(errors([a_finding(code)])) is (wanted is Severity.ERROR)


def test_findings_come_by_place_and_once() -> None:
    """What an alias repeats is one mistake."""
    late, early = a_finding(line=9), a_finding(line=2)

    assert ordered([late, early, late]) == (early, late)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("weigt", "weight"), ("Weight", "weight"), ("rotues", "routes"), ("zebra", None)],
)
def test_what_was_meant_is_guessed_only_when_it_is_close(
    written: str, meant: str | None
) -> None:
    """A wild guess costs more than none."""
    assert suggestion(written, ["weight", "routes", "hold"]) == meant


def test_a_remedy_names_the_guess_and_everything_else() -> None:
    """Where the guess is wrong, the list helps."""
    assert remedy("hodl", ["weight", "hold"]) == "did you mean 'hold'? allowed: weight, hold"


@pytest.mark.parametrize(
    ("text", "span", "marks"),
    [
        ("a: on", Span(1, 4, 6), "   ^^"),
        ("a: on", Span(1, 4, 99), "   ^^"),
        ("a:", Span(1, 3, 4), "  ^"),
        ("\n{ä: on}", Span(2, 5, 7), "    ^^"),
        ("", Span(1, 1, 2), "^"),
    ],
)
def test_carets_stand_under_what_is_meant(text: str, span: Span, marks: str) -> None:
    """Also at the end of a line, beyond it, and after other alphabets."""
    finding = Finding(code=Code.AMBIGUOUS, file="p.yaml", span=span, message="odd")

    assert caret(finding, text)[1] == marks


def test_a_long_line_is_shown_around_the_place() -> None:
    """A query of a thousand characters must not push the caret off the screen."""
    finding = a_finding(column=901, end=904)

    shown, marks = caret(finding, "x" * 900 + "odd" + "y" * 900)

    assert len(shown) <= 120
    assert shown[marks.index("^") : marks.rindex("^") + 1] == "odd"


def test_a_terminal_is_not_sent_orders() -> None:
    """An escape sequence in a file must not act when it is shown."""
    assert source_line("a: \x1b[2J\tb\nc", 1) == "a:  [2J b"

"""The HTML file."""

from __future__ import annotations

from html.parser import HTMLParser

from rolloutd.cli.report.page import page
from tests.cli.report.runs import EVIL, a_gate, a_run, a_series


class Outline(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.sources: list[str | None] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag, and what it would load."""
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in {"src", "href", "data"}]

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_the_page_says_what_happened_why_and_who_did_what() -> None:
    """All that a change ticket asks for."""
    text = Outline(page(a_run())).text

    for said in (
        "Rollout report · shop/checkout · run 3",
        "v3 → v4 rolled back",
        "Rolled back: Canary is slower.",
        "2026-11-22 10:00:00 UTC",
        "25 % of the traffic at most",
        "10:01:00 +1m",
        "Paused by ana",
        "512 ms",
        "odds 0.001",
    ):
        assert said in text


def test_the_page_needs_nothing_else() -> None:
    """It is attached to a ticket and opened years later."""
    outline = Outline(page(a_run()))

    assert outline.sources == []
    assert "svg" in outline.tags
    assert "script" not in outline.tags


def test_what_people_wrote_is_text_and_nothing_else() -> None:
    """A reason is typed by anybody who may pause a rollout."""
    run = a_run(
        name=EVIL,
        reason=EVIL,
        actor=EVIL,
        stable_version=EVIL,
        gates=[a_gate(gate=EVIL, reason=EVIL, evidence={EVIL: 1.0}, unit=EVIL)],
    )
    gates = {EVIL: run.series.gates["p99"]}

    written = page(a_run(**dict(run, series=run.series.model_copy(update={"gates": gates}))))

    assert "script" not in Outline(written).tags
    assert "a" not in Outline(written).tags
    assert "<script" not in written


def test_a_run_of_which_little_is_known_is_told_all_the_same() -> None:
    """It ended in another process."""
    run = a_run(course=None, gates=[], series=a_series(points=1))

    text = Outline(page(run)).text

    assert "No numbers were kept" in text
    assert "None had spoken." in text


def test_a_gate_that_only_watches_says_so() -> None:
    """Its breach rolled nothing back."""
    assert "p99 (shadow)" in Outline(page(a_run(gates=[a_gate(enforced=False)]))).text

"""What is new, once."""

from __future__ import annotations

from rolloutd.cli.remote.story import Story
from tests.cli.remote.pictures import a_full, a_line

FIRST, SECOND = a_line(10, "Started."), a_line(25, "Advanced.", after=60.0)
THIRD = a_line(25, "Paused.", after=90.0, actor="jane")


def test_each_line_is_told_once() -> None:
    """Logs are read from top to bottom."""
    story = Story(whole=True)
    first = story.news(a_full(timeline=(FIRST, SECOND)))
    again = story.news(a_full(timeline=(FIRST, SECOND)))
    then = list(story.news(a_full(timeline=(FIRST, SECOND, THIRD))))

    assert first == ["22:13:20   10 %  Started.", "22:14:20   25 %  Advanced."]
    assert again == []
    assert then == ["22:14:50   25 %  Paused. (jane)"]


def test_who_comes_late_hears_what_comes_after() -> None:
    """Where it stood is said before."""
    story = Story(whole=False)
    first = story.news(a_full(timeline=(FIRST, SECOND), obstacles=("a",)))
    then = story.news(a_full(timeline=(FIRST, SECOND, THIRD), obstacles=("a",)))

    assert first == []
    assert then == ["22:14:50   25 %  Paused. (jane)"]


def test_what_fell_out_of_the_record_is_not_missed() -> None:
    """It keeps the last lines only; all that is kept then is new."""
    story = Story(whole=False)
    list(story.news(a_full(timeline=(FIRST,))))

    assert len(list(story.news(a_full(timeline=(SECOND, THIRD))))) == 2


def test_another_run_is_announced() -> None:
    """Its lines would be taken for the old one's."""
    story = Story(whole=True)
    list(story.news(a_full(timeline=())))

    assert list(story.news(a_full(run=5, timeline=()))) == ["Run 5 has begun."]


def test_obstacles_are_told_when_others_stand_in_the_way() -> None:
    """Not at every number that changes in their words."""
    story = Story(whole=True)
    told = [
        list(story.news(a_full(timeline=(), why=why, obstacles=obstacles)))
        for why, obstacles in (
            ("Holding: a: 1.", ("a: 1",)),
            ("Holding: a: 2.", ("a: 2",)),
            ("Holding: a: 3; b.", ("a: 3", "b")),
        )
    ]

    assert told == [["          Holding: a: 1."], [], ["          Holding: a: 3; b."]]

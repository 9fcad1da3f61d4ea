"""Strict YAML: every doubt is a finding with its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolloutd.adapters.plans.yaml_source import (
    DEEPEST,
    LARGEST,
    MOST_NODES,
    Source,
    plain,
    read,
)


def source(text: str | bytes) -> Source:
    return read(text.encode() if isinstance(text, str) else text, file="p.yaml")


def value(text: str) -> object:
    """Return what the only document of good YAML says."""
    got = source(text)
    assert got.findings == ()
    (document,) = got.documents
    return plain(document)


def places(text: str | bytes) -> list[tuple[str, int, int]]:
    return [
        (each.code.value, each.span.line, each.span.column) for each in source(text).findings
    ]


def test_plain_yaml_is_read_as_everybody_reads_it() -> None:
    """Mappings, lists, numbers, text, comments."""
    text = "a: [1, two, 3.5, true]  # comment\nb: {c: 'on', d: \"010\"}\n"

    assert value(text) == {"a": [1, "two", 3.5, True], "b": {"c": "on", "d": "010"}}


def test_a_quoted_number_is_text() -> None:
    """Quotes are how people say so."""
    assert value("'10'") == "10"


def test_a_key_is_text_whatever_it_looks_like() -> None:
    """To YAML 1.1 an ``on:`` key is ``True``, and the message would speak of True."""
    assert value("on: 1\n1: 2") == {"on": 1, "1": 2}


@pytest.mark.parametrize("written", ["on", "1:30", "010"])
def test_a_scalar_with_two_meanings_is_pointed_at(written: str) -> None:
    """At the value, not at its key."""
    assert places(f"a: 1\nhold: {written}") == [("RD104", 2, 7)]


def test_a_quoted_one_has_one_meaning() -> None:
    """That is the remedy, so it must work."""
    assert value('from: "09:00"') == {"from": "09:00"}


def test_the_second_of_two_equal_keys_is_pointed_at() -> None:
    """Most parsers silently take the last."""
    (finding,) = source("a: 1\nb: 2\na: 3").findings

    assert str(finding) == (
        "p.yaml:3:1: error RD103: the key 'a' stands here twice, first in line 1; "
        "keep one of them."
    )


def test_equal_keys_in_two_mappings_are_fine() -> None:
    """Only one mapping can't say two things."""
    assert value("- {a: 1}\n- {a: 2}") == [{"a": 1}, {"a": 2}]


def test_several_documents_are_read_and_empty_ones_left_out() -> None:
    """Files often begin or end with ``---``."""
    assert [plain(each) for each in source("---\na: 1\n---\n---\nb: 2\n").documents] == [
        {"a": 1},
        {"b": 2},
    ]


def test_an_alias_stands_for_its_anchor() -> None:
    """A gate may be shared by plans of one file."""
    assert value("a: &x {min: 1}\nb: *x") == {"a": {"min": 1}, "b": {"min": 1}}


def test_aliases_do_not_multiply_without_bound() -> None:
    """The billion laughs: some hundred bytes that stand for a billion values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]

    (finding,) = source("\n".join(lines)).findings

    assert finding.code.value == "RD102"
    assert str(MOST_NODES) in finding.message


def test_an_alias_inside_its_own_anchor_is_refused() -> None:
    """A value that contains itself has no end."""
    assert places("a: &x [*x]") == [("RD105", 1, 8)]


def test_a_merge_key_is_refused() -> None:
    """YAML 1.2 has none; where parsers know them, they disagree about which field wins."""
    assert ("RD105", 2, 5) in places("a: &x {min: 1}\nb: {<<: *x}")


@pytest.mark.parametrize("tag", ["!!python/object:os.system", "!secret", "!!int", "!!binary"])
def test_a_tag_is_refused(tag: str) -> None:
    """Plans are data."""
    assert [code for code, _, _ in places(f"a: {tag} '1'")] == ["RD105"]


def test_a_key_that_is_no_word_is_refused() -> None:
    """And the rest is read all the same."""
    assert places("{[a, b]: 1, c: on}") == [("RD105", 1, 2), ("RD104", 1, 16)]


def test_what_stands_before_a_syntax_error_is_judged_too() -> None:
    """All findings in one pass."""
    assert [code for code, _, _ in places("a: on\n---\nb: [")] == ["RD104", "RD101"]


def test_depth_has_a_bound() -> None:
    """Deep nesting would end the process, not the reading."""
    assert [code for code, _, _ in places("[" * (DEEPEST + 2) + "]" * (DEEPEST + 2))] == [
        "RD102"
    ]


def test_size_has_a_bound() -> None:
    """A ConfigMap holds no more."""
    assert [code for code, _, _ in places(b"#" * (LARGEST + 1))] == ["RD102"]


def test_bytes_that_are_no_text_are_pointed_at() -> None:
    """A Latin-1 file is the usual case."""
    assert places(b"a: 1\nb: \xfcber") == [("RD101", 2, 4)]


def test_a_control_character_is_pointed_at() -> None:
    """It would reach terminals and logs."""
    assert places("a: 1\nb: \x1b[31m") == [("RD101", 2, 4)]


def test_a_byte_order_mark_is_no_character() -> None:
    """Some editors write one."""
    assert value("\ufeffa: 1") == {"a": 1}


def test_columns_count_characters() -> None:
    """Bytes would set the caret off by one for each umlaut."""
    assert places("{ä: 1, b: on}") == [("RD104", 1, 11)]


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_without_an_exception(content: bytes) -> None:
    """A broken file never stops the others."""
    got = source(content)

    assert all(each.span.line >= 1 and each.span.column >= 1 for each in got.findings)


@given(st.text("{}[]:,-*&!|>'\"# \n\tab10?%@`<", max_size=60))
def test_any_punctuation_is_read_without_an_exception(text: str) -> None:
    """Random text seldom gets past the first bracket."""
    assert isinstance(source(text), Source)

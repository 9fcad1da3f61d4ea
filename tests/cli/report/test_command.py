"""``rolloutd report``, called as people call it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rolloutd.cli import main
from tests.api.control.office import Office, checkout
from tests.api.control.test_runs import RUN, an_archive
from tests.cli.remote.terminal import http, run, saying
from tests.cli.report.runs import a_run


def ran(*words: str) -> Result:
    return CliRunner().invoke(main, ["report", *words])


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "run.json"
    path.write_text(a_run().model_dump_json(by_alias=True))
    return str(path)


async def test_the_last_run_is_reported_by_default() -> None:
    """Of those that the daemon keeps."""
    archive = an_archive(RUN, dataclasses.replace(RUN, run=2))
    async with Office(archive=archive).open(checkout()) as office:
        told = await run(office.url, "report", "checkout", "-n", "shop")
        same = await run(office.url, "report", "shop/checkout", "--last")

    assert told.exit_code == 0
    assert told.stdout.startswith("# shop/checkout, run 3: rolled back")
    assert same.stdout == told.stdout


async def test_an_earlier_run_is_reported_by_its_number() -> None:
    """Questions come late."""
    archive = an_archive(RUN, dataclasses.replace(RUN, run=2))
    async with Office(archive=archive).open(checkout()) as office:
        told = await run(office.url, "report", "shop/checkout", "--run", "2", "-o", "html")
        none = await run(office.url, "report", "shop/checkout", "--run", "9")

    assert "run 2" in told.stdout
    assert told.stdout.startswith("<!doctype html>")
    assert none.exit_code == 1
    assert "Run 9 of shop/checkout is not kept" in none.stderr


async def test_a_rollout_without_runs_has_nothing_to_report() -> None:
    """Said in a sentence."""
    async with Office(archive=an_archive()).open(checkout()) as office:
        told = await run(office.url, "report", "shop/checkout")

    assert told.exit_code == 1
    assert "No run of shop/checkout is over and kept." in told.stderr


async def test_an_answer_that_is_no_run_is_told() -> None:
    """Some other server listens there."""
    async with saying(http(b'{"hello": 1}')) as url:
        told = await run(url, "report", "shop/checkout", "--run", "1")

    assert told.exit_code == 1
    assert "The answer is no run" in told.stderr


def test_a_run_is_reported_from_a_file(file: str, tmp_path: Path) -> None:
    """A pipeline keeps what the API gave it; no daemon is asked."""
    target = tmp_path / "report.html"

    result = ran("--file", file, "-o", "html", "--output", str(target))

    assert (result.exit_code, result.stdout) == (0, "")
    assert "shop/checkout" in target.read_text(encoding="utf-8")


def test_a_file_that_holds_no_run_is_told(tmp_path: Path) -> None:
    """With the field that is wrong."""
    path = tmp_path / "run.json"
    path.write_text("{}")

    result = ran("--file", str(path))

    assert result.exit_code == 1
    assert "no run: run: Field required" in result.stderr


@pytest.mark.parametrize("words", [[], ["checkout", "--last", "--run", "1"]])
def test_what_does_not_fit_together_is_a_usage_error(words: list[str]) -> None:
    """Before anybody is asked."""
    assert ran(*words).exit_code == 2


def test_a_name_and_a_file_are_two_runs(file: str) -> None:
    """Nobody could tell which is meant."""
    assert ran("checkout", "--file", file).exit_code == 2

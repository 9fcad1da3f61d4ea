"""What runs in production can be listed, and looked up where advisories can be had."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rolloutd
from rolloutd.adapters.kubernetes.fields import items, text
from tests.deploy.manifests import ROOT

PINS = dict(
    re.findall(
        r"^([a-z0-9._-]+)==([^ ;]+)",
        (ROOT / "requirements" / "run.lock").read_text(),
        re.MULTILINE,
    )
)


def plain(name: object) -> str:
    """Return a package's name as locks spell it."""
    return str(name).lower().replace("_", "-").replace(".", "-")


@pytest.mark.real
def test_the_bill_of_materials_lists_all_that_is_locked() -> None:
    """An advisory is only found for what is listed."""
    subprocess.run([sys.executable, ROOT / "tools/sbom", sys.executable], check=True)
    bill = json.loads((ROOT / "dist/rolloutd.cdx.json").read_text())
    listed = {plain(text(e, "name")): text(e, "version") for e in items(bill, "components")}

    assert bill["bomFormat"] == "CycloneDX"
    assert text(bill, "metadata", "component", "version") == rolloutd.__version__
    assert {name: listed.get(plain(name)) for name in PINS} == PINS


def fake_audit(folder: Path, *answer: str) -> str:
    """Write a program that answers as pip-audit would; the real one needs a service."""
    program = folder / "pip-audit"
    program.write_text("#!/bin/sh\ncat <<'E'\n" + "\n".join(answer) + "\nE\n")
    program.chmod(0o755)
    return str(program)


def audited(folder: Path, *packages: object) -> subprocess.CompletedProcess[str]:
    answer = json.dumps({"dependencies": packages}) if packages else "no JSON"
    return subprocess.run(
        [sys.executable, ROOT / "tools/audit", fake_audit(folder, answer)],
        check=False,
        capture_output=True,
        text=True,
    )


FINE = {"name": "a", "version": "1", "vulns": []}
SKIPPED = {"name": "b", "skip_reason": "not found"}
FLAWED = {"name": "c", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([FINE], 0, "No vulnerabilities are known in 1 packages."),
        ([FINE, FLAWED], 1, "c 2: CVE-1, mended in ['3']"),
        ([FLAWED, SKIPPED], 1, "CVE-1"),
        ([SKIPPED, SKIPPED], 2, "can't be reached: nothing was looked up"),
        ([FINE, SKIPPED], 2, "Not looked up: b."),
        ([], 2, "gave no answer"),
    ],
)
def test_what_was_not_looked_up_is_not_called_clean(
    tmp_path: Path, packages: list[object], code: int, said: str
) -> None:
    """pip-audit exits 0 when its service is away: silence would pass for safety."""
    done = audited(tmp_path, *packages)

    assert done.returncode == code
    assert said in done.stdout + done.stderr

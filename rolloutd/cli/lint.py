"""``rolloutd lint``: all that is wrong with plan files, in one pass."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from rolloutd.adapters.plans.catalogue import Catalogue
from rolloutd.adapters.plans.diagnostics import Finding, Severity, caret
from rolloutd.adapters.plans.directory import SUFFIXES, scan

FINDINGS = 5
"""Exit code: there is something to correct."""

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text")
@click.option("--strict", is_flag=True, help="Count warnings as errors.")
def lint(paths: tuple[Path, ...], *, output: str, strict: bool) -> None:
    """Check plan files, or the plan files of directories, all of them together.

    Two plans may contradict each other, so name all that one daemon will read. Exits 0 when
    there is nothing to correct, 5 when there is, 2 on a usage error. Warnings refuse no plan
    and don't count, unless --strict is given.
    """
    try:
        catalogue = scan(paths)
    except OSError as error:
        raise click.UsageError(f"{error.filename}: {error.strerror}") from error
    if not catalogue.files:
        # A misspelt path in a pipeline must not pass as "nothing wrong".
        raise click.UsageError(f"no {' or '.join(SUFFIXES)} file in {paths[0]}")
    if output == "json":
        report = [as_json(finding) for finding in catalogue.findings]
        click.echo(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        _print(catalogue)
    refusing = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    if any(finding.severity in refusing for finding in catalogue.findings):
        sys.exit(FINDINGS)


def as_json(finding: Finding) -> dict[str, object]:
    """Return a finding as programs read it; lines and columns count from 1."""
    return {
        "code": finding.code.value,
        "severity": finding.severity.value,
        "file": finding.file,
        "line": finding.span.line,
        "column": finding.span.column,
        "endColumn": finding.span.end,
        "path": finding.path,
        "message": finding.message,
        "remedy": finding.remedy,
    }


def _print(catalogue: Catalogue) -> None:
    # click drops colours where they can't be seen, but does not know https://no-color.org.
    colour = False if os.environ.get("NO_COLOR") else None
    texts: dict[str, str] = {}
    for finding in catalogue.findings:
        if finding.file not in texts:
            texts[finding.file] = _text(Path(finding.file))
        click.echo("\n".join(_lines(finding, texts[finding.file])) + "\n", color=colour)
    click.echo(_summary(catalogue), color=colour)


def _text(file: Path) -> str:
    """Return what carets point into; of a file that can't be read, nothing."""
    try:
        return file.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return ""


def _lines(finding: Finding, text: str) -> Iterator[str]:
    colour = _COLOURS[finding.severity]
    where = f"{finding.file}:{finding.span.line}:{finding.span.column}:"
    kind = click.style(f"{finding.severity.value}[{finding.code.value}]:", fg=colour, bold=True)
    yield f"{click.style(where, bold=True)} {kind} {finding.message}"
    shown, marks = caret(finding, text)
    gutter = f"{finding.span.line:>5} | "
    if shown:
        yield gutter + shown
        yield " " * (len(gutter) - 2) + "| " + click.style(marks, fg=colour, bold=True)
    if finding.path:
        yield f"      = at {finding.path}"
    if finding.remedy:
        yield f"      = {finding.remedy}"


def _summary(catalogue: Catalogue) -> str:
    counts = Counter(finding.severity for finding in catalogue.findings)
    said = [
        _counted(len(catalogue.plans), "usable plan"),
        f"{_counted(catalogue.files, 'file')}:",
        f"{_counted(counts[Severity.ERROR], 'error')},",
        _counted(counts[Severity.WARNING], "warning"),
    ]
    return f"{said[0]} in {' '.join(said[1:])}"


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"

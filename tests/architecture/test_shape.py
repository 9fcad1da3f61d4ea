"""The shape of the house, checked like any other behaviour."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from rolloutd.core.diagram import mermaid

ROOT = Path(__file__).parents[2]
MODULES = sorted(p for p in (ROOT / "rolloutd").rglob("*.py") if p.name != "__init__.py")
FILE_BUDGET = 400
FUNCTION_BUDGET = 50


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT / "rolloutd"))


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_module_fits_on_few_screens(path: Path) -> None:
    """Split a file before it outgrows the budget."""
    assert len(path.read_text().splitlines()) <= FILE_BUDGET


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_functions_are_short(path: Path) -> None:
    """A function is one thought."""
    long = [
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= FUNCTION_BUDGET
    ]

    assert long == []


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_module_has_a_name_that_says_something(path: Path) -> None:
    """Drawers called utils fill up with everything."""
    assert not re.search(r"util|helper|manager|misc|common", path.stem)


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_broad_excepts_stand_in_the_supervisor_alone(path: Path) -> None:
    """An ``except Exception`` elsewhere hides what should be named."""
    broad = [
        handler.lineno
        for handler in ast.walk(ast.parse(path.read_text()))
        if isinstance(handler, ast.ExceptHandler)
        and (
            handler.type is None or ast.unparse(handler.type) in {"Exception", "BaseException"}
        )
    ]

    assert not broad or relative(path) == "engine/supervisor.py"


def test_the_published_diagram_is_the_table() -> None:
    """The picture in the docs cannot drift from the code."""
    assert mermaid() in (ROOT / "docs/state-machine.md").read_text()

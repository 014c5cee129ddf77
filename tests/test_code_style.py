"""The rules of the house that no linter knows: small functions, frozen data, layers that hold."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = sorted(file for top in ("specc", "backends", "cli") for file in (ROOT / top).rglob("*.py"))
BACKENDS = ("pytorch", "keras", "onnx")

# Folder → what its code may not import. Backends and commands are reached by name, never imported.
FORBIDDEN = {
    "specc": ("specc.backends", "specc.cli"),
    "specc/layers": ("specc.passes", "specc.syntax", "specc.backend", "specc.backends"),
    "specc/syntax": ("specc.passes", "specc.backend", "specc.backends"),
    "cli": ("specc.backends",),
    **{
        f"backends/{own}": (
            "specc.cli",
            *(f"specc.backends.{other}" for other in BACKENDS if other != own),
        )
        for own in BACKENDS
    },
}


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for file in CODE:
        yield file.relative_to(ROOT), ast.parse(file.read_text("utf-8"))


def functions() -> Iterator[tuple[str, int]]:
    """Every function as `file:line name` and its number of lines, the docstring not counted."""
    for file, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                yield f"{file}:{node.lineno} {node.name}", length(node)


def length(function: ast.FunctionDef) -> int:
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is None:
        return lines
    docstring = function.body[0]
    assert docstring.end_lineno is not None
    return lines - (docstring.end_lineno - docstring.lineno + 1)


def imports(file: Path, tree: ast.Module) -> Iterator[str]:
    """The modules imported anywhere in a file, and `package.name` for each `from` import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = ".".join([*enclosing(file, node.level), *filter(None, [node.module])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def enclosing(file: Path, level: int) -> list[str]:
    """The package that the dots of a relative import in `file` stand for; none without dots."""
    folders = list(file.parent.parts)
    package = folders if folders[0] == "specc" else ["specc", *folders]
    return package[: len(package) - level + 1] if level else []


def test_functions_are_small() -> None:
    lengths = dict(functions())
    long = {name: lines for name, lines in lengths.items() if lines > 35}
    assert statistics.median(lengths.values()) <= 9
    assert len(long) <= len(lengths) / 10, long
    assert max(lengths.values()) <= 80, long


def test_dataclasses_are_frozen_or_slotted() -> None:
    """Both is the rule; a collector is only slotted, what caches a property is only frozen."""
    for file, tree in trees():
        for decorator in decorators(tree):
            text = ast.unparse(decorator)
            if text.startswith("dataclass"):
                assert "frozen=True" in text or "slots=True" in text, f"{file}:{decorator.lineno}"


def decorators(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from node.decorator_list


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_imports_point_downward(folder: str) -> None:
    wrong = [
        f"{file} imports {module}"
        for file, tree in trees()
        if str(file).startswith(f"{folder}/")
        for module in imports(file, tree)
        if any(f"{module}.".startswith(f"{name}.") for name in FORBIDDEN[folder])
    ]
    assert wrong == []

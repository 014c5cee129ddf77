"""The source of helpers, with what each needs of the others.

They stand in the folder `helpers/`, and in files that plugins name with
`specc.backend.helper_file`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from specc.backend import helper_files

OWN = tuple(sorted(Path(__file__).with_name("helpers").glob("[a-z]*.py")))


@dataclass(frozen=True, slots=True)
class Helper:
    """A function or class of such a file: its source, and the helpers it mentions."""

    name: str
    source: str
    needs: tuple[str, ...]


def helpers() -> dict[str, Helper]:
    """All of them by name, in the order of the files."""
    return _helpers((*OWN, *helper_files("pytorch")))


@cache
def _helpers(files: tuple[Path, ...]) -> dict[str, Helper]:
    nodes = {
        node.name: (node, lines)
        for text in (file.read_text("utf-8") for file in files)
        for lines in (text.splitlines(),)
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    return {name: _helper(node, lines, [*nodes]) for name, (node, lines) in nodes.items()}


def helper_sources(names: Iterable[str]) -> Iterator[str]:
    """The sources of helpers and of all they need, each after what it needs."""
    wanted, seen = {*names}, set[str]()
    for name in helpers():
        if name in wanted:
            yield from _with_needs(name, seen)


def _with_needs(name: str, seen: set[str]) -> Iterator[str]:
    if name in seen:
        return
    seen.add(name)
    for need in helpers()[name].needs:
        yield from _with_needs(need, seen)
    yield helpers()[name].source


def _helper(node: ast.FunctionDef | ast.ClassDef, lines: list[str], names: list[str]) -> Helper:
    mentioned = {child.id for child in ast.walk(node) if isinstance(child, ast.Name)} - {node.name}
    source = "\n".join(lines[node.lineno - 1 : node.end_lineno])
    return Helper(node.name, source, tuple(name for name in names if name in mentioned))

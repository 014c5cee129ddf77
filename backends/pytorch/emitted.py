"""The source of helpers, with what each needs of the others.

They stand in `helpers.py`, those for images and for recurrent layers in files of their own, and in
those that plugins name with `specc.backend.helper_file`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from specc.backend import helper_files

FILES = ("image_helpers.py", "helpers.py", "recurrent_helpers.py")


@dataclass(frozen=True, slots=True)
class Helper:
    """A function or class of such a file: its source, and the helpers it mentions."""

    name: str
    source: str
    needs: tuple[str, ...]


def helpers() -> dict[str, Helper]:
    """All of them by name, in the order of the files."""
    own = (Path(__file__).with_name(name) for name in FILES)
    return _helpers((*own, *helper_files("pytorch")))


@cache
def _helpers(files: tuple[Path, ...]) -> dict[str, Helper]:
    nodes = {
        node.name: (node, text)
        for text in (file.read_text("utf-8") for file in files)
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    return {name: _helper(node, text, {*nodes}) for name, (node, text) in nodes.items()}


def helper_sources(names: Iterable[str]) -> Iterator[str]:
    """The sources of helpers and of all they need, in an order that runs."""
    known, wanted = helpers(), list(names)
    for name in wanted:
        wanted += (need for need in known[name].needs if need not in wanted)
    for name, helper in known.items():
        if name in wanted:
            yield helper.source


def _helper(node: ast.FunctionDef | ast.ClassDef, text: str, names: set[str]) -> Helper:
    mentioned = {child.id for child in ast.walk(node) if isinstance(child, ast.Name)}
    source = ast.get_source_segment(text, node)
    assert source is not None
    return Helper(node.name, source, tuple(sorted(mentioned & names - {node.name})))

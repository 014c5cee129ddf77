"""Pictures as text: their formats, by name and by the endings of files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from specc.drawing.dot import dot
from specc.drawing.mermaid import mermaid
from specc.drawing.picture import Picture, picture
from specc.drawing.svg import svg
from specc.ir import Graph

Format = Literal["svg", "mermaid", "dot"]
FORMATS: tuple[Format, ...] = get_args(Format)

ENDINGS: dict[str, Format] = {
    ".svg": "svg",
    ".mmd": "mermaid",
    ".mermaid": "mermaid",
    ".dot": "dot",
    ".gv": "dot",
}

_WRITERS: dict[Format, Callable[[Picture], str]] = {"svg": svg, "mermaid": mermaid, "dot": dot}


@dataclass(frozen=True, slots=True, repr=False)
class Drawing:
    """A picture as the text of a file. `str()` gives it; a notebook shows an SVG."""

    text: str
    format: Format

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Drawing: {self.format}, {len(self.text):,} characters>"

    def _repr_svg_(self) -> str | None:
        return self.text if self.format == "svg" else None


def draw(graph: Graph, format: Format = "svg", depth: int = 0) -> Drawing:
    """The picture of a network.

    depth: how many levels of blocks are opened.
    Raises `SpecError` (`drawing-too-large`).
    """
    return Drawing(_WRITERS[format](picture(graph, depth)), format)


def format_of(path: Path) -> Format | None:
    """The format of a file of that name; None if its ending is of none."""
    return ENDINGS.get(path.suffix.lower())

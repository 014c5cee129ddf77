"""A picture as Mermaid, which GitHub, GitLab and notebooks show from text.

Names and shapes stand in quotes, with Mermaid's entities for what could end or change them.
"""

from __future__ import annotations

from collections.abc import Iterator

from specc.drawing.labels import Row
from specc.drawing.palette import COLOURS
from specc.drawing.picture import Box, Frame, Picture
from specc.source import printable

LONGEST = 200
"""Characters of a line of a label."""

_CONFIGURATION = "---\nconfig:\n  flowchart:\n    wrappingWidth: 400\n---"


def mermaid(picture: Picture) -> str:
    """The text of a Mermaid flowchart."""
    lines = [_CONFIGURATION, "flowchart TD"]
    for child in picture.children:
        lines += _child(child, "  ")
    for edge in picture.edges:
        lines.append(f"  {edge.source.id} -->|{_quoted(edge.label)}| {edge.target.id}")
    for group, colour in COLOURS.items():
        lines.append(f"  classDef {group}_ fill:{colour}22,stroke:{colour}")
    return "\n".join(lines) + "\n"


def _child(child: Box | Frame, indent: str) -> Iterator[str]:
    if isinstance(child, Box):
        text = _quoted(*(line for row in child.rows for line in _lines(row)))
        opening, closing = ("([", "])") if child.terminal else ("[", "]")
        yield f"{indent}{child.id}{opening}{text}{closing}:::{child.rows[0].group}_"
        return
    yield f"{indent}subgraph {child.id}[{_quoted(_heading(child.row))}]"
    for inner in child.children:
        yield from _child(inner, f"{indent}  ")
    yield f"{indent}end"


def _lines(row: Row) -> Iterator[str]:
    yield _heading(row)
    yield from filter(None, (row.details, row.note))


def _heading(row: Row) -> str:
    return f"{row.title} · {row.name}" if row.name else row.title


def _quoted(*lines: str) -> str:
    return f'"{"<br/>".join(map(_text, lines))}"'


def _text(line: str) -> str:
    """What Mermaid shows as that line: whatever is no letter or plain mark is an entity."""
    return "".join(_SHOWN.get(c, c) for c in printable(line, LONGEST))


_SHOWN = {character: f"#{ord(character)};" for character in '"#<>&`\\*'}

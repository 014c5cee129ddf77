"""A picture as DOT, the language of Graphviz: `dot -Tpdf net.dot -o net.pdf` draws it."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from specc.drawing.labels import Row
from specc.drawing.palette import COLOURS
from specc.drawing.picture import Box, Frame, Picture
from specc.source import printable

LONGEST = 200
"""Characters of a line of a label."""

_STYLE = """\
  graph [fontname="Helvetica", fontsize=12, style="rounded,dashed", color="#8c959f"];
  node [fontname="Helvetica", fontsize=11, shape=plain];
  edge [fontname="Helvetica", fontsize=10, color="#7d8590", fontcolor="#59636e"];"""


def dot(picture: Picture) -> str:
    """The text of a DOT file; labels are HTML-like, a row of a table for each layer."""
    lines = [f"digraph {_string(picture.name)} {{", _STYLE]
    for child in picture.children:
        lines += _child(child, "  ")
    for edge in picture.edges:
        lines.append(f"  {edge.source.id} -> {edge.target.id} [label={_string(edge.label)}];")
    return "\n".join([*lines, "}"]) + "\n"


def _child(child: Box | Frame, indent: str) -> Iterator[str]:
    if isinstance(child, Box):
        yield f"{indent}{child.id} [label=<{_table(child)}>];"
        return
    yield f"{indent}subgraph cluster_{child.id} {{"
    yield f"{indent}  label=<<b>{_text(child.row.title)}</b> {_text(child.row.name)}>;"
    for inner in child.children:
        yield from _child(inner, f"{indent}  ")
    yield f"{indent}}}"


def _table(box: Box) -> str:
    style = ' style="rounded"' if box.terminal else ""
    colour = COLOURS[box.rows[0].group]
    rows = "".join(map(_row, box.rows))
    return (
        f'<table border="1" cellborder="0" cellspacing="0" cellpadding="5" color="{colour}"{style}>'
        f"{rows}</table>"
    )


def _row(row: Row) -> str:
    lines = (_text(line) for line in (row.details, row.note) if line)
    text = "<br/>".join([f"<b>{_text(row.title)}</b> {_text(row.name)}", *lines])
    return f'<tr><td bgcolor="{COLOURS[row.group]}22">{text}</td></tr>'


def _text(line: str) -> str:
    return escape(printable(line, LONGEST))


def _string(text: str) -> str:
    """A quoted string of DOT."""
    shown = printable(text, LONGEST).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shown}"'

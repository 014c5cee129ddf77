"""Texts that every emitted file has: what it is, and statements with the shapes they give."""

from __future__ import annotations

from collections.abc import Iterator

from specc.emit.docstring import docstring
from specc.emit.format import INDENT, WIDTH, statement
from specc.emit.template import Template
from specc.ir import Graph, Region
from specc.passes.images import images
from specc.passes.layout import IoLayout


def module_docstring(graph: Graph, io_layout: IoLayout) -> str:
    """What the file is, and how images lie at the network's boundary."""
    title = graph.description.strip() or f"The network `{graph.name}`."
    note = f"Compiled by specc from the spec `{graph.name}`."
    ranks = {value.type.rank for value in images(graph) if value in graph.inputs.values()}
    for rank, what in ((4, "Images"), (5, "Volumes")):
        if rank in ranks:
            axes = "DHW"[5 - rank :]
            axes = f"NC{axes}" if io_layout == "channels_first" else f"N{axes}C"
            note += f" {what} are [{', '.join(axes)}]."
    return docstring(f"{title}\n\n{note}", 0)


def region_description(region: Region) -> str:
    """What the class or function of a region is."""
    what = "The block" if region.kind == "block" else "One iteration of the loop"
    return f"{what} `{region.label}`."


def statements(template: Template, number: int, level: int, prefix: str = "") -> Iterator[str]:
    """The statements of a section, indented `level` times; `prefix` goes before parameters.

    The shape that a statement gives stands beside it, or above it if there is no room.
    """
    for text, comment, deeper in template.section(number, prefix):
        line = statement(text, level + deeper)
        if not comment:
            yield line
        elif "\n" not in line and len(line) + len(comment) + 4 <= WIDTH:
            yield f"{line}  # {comment}"
        else:
            yield f"{INDENT * (level + deeper)}# {comment}"
            yield line

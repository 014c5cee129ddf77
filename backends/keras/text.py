"""The text of an emitted file: functions, docstrings, imports, as ruff formats them."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator

from specc.emit.docstring import docstring
from specc.emit.format import INDENT, WIDTH, statement
from specc.emit.template import Template
from specc.ir import Graph
from specc.passes.layout import IoLayout

from .site import Helper


def module_docstring(graph: Graph, io_layout: IoLayout) -> str:
    """What the file is."""
    title = graph.description.strip() or f"The network `{graph.name}`."
    note = f"Compiled by specc from the spec `{graph.name}`."
    if any(value.type.rank == 4 for value in graph.inputs.values()):
        layout = "[N, H, W, C]" if io_layout == "channels_last" else "[N, C, H, W]"
        note += f" Images are {layout}."
    return docstring(f"{title}\n\n{note}", 0)


def function_text(template: Template, description: str) -> str:
    """The function of a template. All but the network's take the name of what they make."""
    arguments = [name for name, _ in template.body.arguments]
    parameters = [item.name for item in template.parameters]
    given = [*arguments, *parameters, "name"] if arguments else []
    heading = statement(f"def {template.name}({', '.join(given)}):")
    described = textwrap.indent(docstring(description, len(INDENT)), INDENT)
    return "\n".join([heading, described, *_lines(template)])


def _lines(template: Template) -> Iterator[str]:
    """The statements, each with the shape it gives beside it, or above it if there is no room."""
    for text, comment, level in template.section(0):
        line = statement(text, level + 1)
        if not comment:
            yield line
        elif "\n" not in line and len(line) + len(comment) + 4 <= WIDTH:
            yield f"{line}  # {comment}"
        else:
            yield f"{INDENT * (level + 1)}# {comment}"
            yield line


def helper_text(helper: Helper) -> str:
    """The source of a function of `helpers.py`."""
    return inspect.getsource(helper).strip()


def imports(body: str) -> str:
    """The imports that `body` needs, as isort orders them."""
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    names = [name for name in ("layers", "ops") if name in used]
    return "\n".join(
        ["import keras", *([f"from keras import {', '.join(names)}"] if names else [])]
    )

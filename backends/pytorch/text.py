"""The text of an emitted file: classes and imports, as ruff formats them."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator

from specc.emit.code import python
from specc.emit.docstring import docstring
from specc.emit.format import INDENT, statement
from specc.emit.parameters import Parameter
from specc.emit.template import Template
from specc.emit.text import statements


def class_text(template: Template, description: str, methods: tuple[str, ...] = ()) -> str:
    """The class of a template; `methods`, indented already, follow its `forward`."""
    lines = [f"class {template.name}(nn.Module):"]
    lines.append(textwrap.indent(docstring(description, 4), INDENT))
    lines += _init_lines(template)
    if template.body.results:
        lines += ["", *_forward_lines(template)]
    for method in methods:
        lines += ["", method]
    return "\n".join(lines)


def _forward_lines(template: Template) -> Iterator[str]:
    names = [f"{name}: {annotation}" for name, annotation in template.body.arguments]
    result = _result_annotation(template.body.results)
    yield statement(f"def forward({', '.join(['self', *names])}) -> {result}:", 1)
    yield from statements(template, 1, 2, "self.")


def _init_lines(template: Template) -> Iterator[str]:
    if not template.body.sections[0] and not template.parameters:
        return
    parameters = [_declaration(item) for item in template.parameters]
    yield ""
    yield statement(f"def __init__({', '.join(['self', *parameters])}) -> None:", 1)
    yield f"{INDENT * 2}super().__init__()"
    for item in template.used_in(1):
        yield f"{INDENT * 2}self.{item.name} = {item.name}"
    yield from statements(template, 0, 2)


def _declaration(item: Parameter) -> str:
    declared = f"{item.name}: {item.annotation}"
    return f"{declared} = {python(item.default)}" if item.is_optional else declared


def _result_annotation(results: int) -> str:
    return "Tensor" if results == 1 else f"tuple[{', '.join(['Tensor'] * results)}]"


def imports(body: str) -> str:
    """The imports that `body` needs, as isort orders them."""
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    lines: list[str] = []
    if "math" in used:
        lines.append("import math")
    if "Callable" in used:
        lines.append("from collections.abc import Callable")
    if lines:
        lines.append("")
    if "torch" in used:
        lines.append("import torch")
    if "F" in used:
        lines.append("import torch.nn.functional as F")
    lines.append("from torch import Tensor, nn")
    return "\n".join(lines)

"""The text of an emitted file: functions, docstrings, imports, as ruff formats them."""

from __future__ import annotations

import ast
import inspect
import textwrap

from specc.emit.code import python
from specc.emit.docstring import docstring
from specc.emit.format import INDENT, statement
from specc.emit.template import Template
from specc.emit.text import statements

from .site import Helper


def function_text(template: Template, description: str) -> str:
    """The function of a template. All but the network's take the name of what they make."""
    arguments = [name for name, _ in template.body.arguments]
    required = [item.name for item in template.parameters if not item.is_optional]
    optional = [
        f"{item.name}={python(item.default)}" for item in template.parameters if item.is_optional
    ]
    given = [*arguments, *required, "name", *optional] if arguments else []
    heading = statement(f"def {template.name}({', '.join(given)}):")
    described = textwrap.indent(docstring(description, len(INDENT)), INDENT)
    return "\n".join([heading, described, *statements(template, 0, 1)])


def helper_text(helper: Helper) -> str:
    """The source of a function of `helpers/`."""
    return inspect.getsource(helper).strip()


def imports(body: str) -> str:
    """The imports that `body` needs, as isort orders them."""
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    names = [name for name in ("layers", "ops") if name in used]
    return "\n".join(
        ["import keras", *([f"from keras import {', '.join(names)}"] if names else [])]
    )

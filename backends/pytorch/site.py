"""Where a layer is lowered: what a lowering is given, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from specc.backend import Lowerings
from specc.emit.code import Code, Ref, call
from specc.ir import Node, Value


@dataclass(slots=True)
class Site:
    """One node on its way to PyTorch.

    reference: the text of the node's module, such as `self.conv2d`.
    constructor: the call that makes the module, once the lowering has asked for one.
    temporaries: statements before the node's own, each with the value it makes.
    helpers: functions and classes whose source the emitted file must bring along.
    """

    node: Node
    reference: Code
    constructor: Code | None = None
    temporaries: list[tuple[Value, Code]] = field(default_factory=list[tuple[Value, Code]])
    helpers: dict[str, Callable[..., Any]] = field(default_factory=dict[str, Callable[..., Any]])

    @property
    def inputs(self) -> tuple[Code, ...]:
        """The tensors the node takes."""
        return tuple(Ref(value) for value in self.node.inputs)

    @property
    def x(self) -> Code:
        """The tensor the node takes, if it takes one."""
        (value,) = self.node.inputs
        return Ref(value)

    def module(self, constructor: str, *arguments: object, **keywords: object) -> Code:
        """The node's module, made by a call of `constructor`; gives the code that refers to it."""
        self.constructor = call(constructor, *arguments, **keywords)
        return self.reference

    def let(self, name: str, code: Code) -> Code:
        """A statement `name = code` before the node's own; gives the variable."""
        value = Value(f"{self.node.path}.{name}", self.node.inputs[0].type)
        self.temporaries.append((value, code))
        return Ref(value)

    def helper(self, function: Callable[..., Any]) -> str:
        """The name of a function or class of `helpers.py`, whose source is emitted with the model."""
        self.helpers[function.__name__] = function
        return function.__name__


LOWERINGS: Lowerings[Callable[[Any, Site], Code]] = Lowerings("pytorch", "specc.backends.pytorch")
"""Functions `(layer, site) -> code` by layer type. The code is the expression of the node's output."""

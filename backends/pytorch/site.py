"""Where a layer is lowered: what a lowering is given, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from specc.backend import Lowerings
from specc.emit.code import Code, Ref, call
from specc.ir import Node, Value
from specc.tensor import TensorType


@dataclass(slots=True)
class Site:
    """One node on its way to PyTorch.

    reference: the text of the node's module, such as `self.conv2d`.
    uses: all nodes with the weights of this one, itself among them.
    constructor: the call that makes the module, once the lowering has asked for one.
    kind: the class of that module; empty if there is none.
    parts: the classes of modules inside it that start their weights by themselves, by name.
    temporaries: statements before the node's own, each with the value it makes.
    helpers: the functions and classes of `helpers/` that the emitted file must bring along.
    """

    node: Node
    reference: Code
    uses: tuple[Node, ...] = ()
    constructor: Code | None = None
    kind: str = ""
    parts: dict[str, str] = field(default_factory=dict[str, str])
    temporaries: list[tuple[Value, Code]] = field(default_factory=list[tuple[Value, Code]])
    helpers: list[str] = field(default_factory=list[str])

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
        self.constructor, self.kind = call(constructor, *arguments, **keywords), constructor
        return self.reference

    def let(self, name: str, code: Code) -> Code:
        """A statement `name = code` before the node's own; gives the variable."""
        value = Value(f"{self.node.path}.{name}", TensorType(()))
        self.temporaries.append((value, code))
        return Ref(value)

    def helper(self, name: str) -> str:
        """`name`, of a function or class of `helpers/`, whose source the file brings along."""
        self.helpers.append(name)
        return name


LOWERINGS: Lowerings[Callable[[Any, Site], Code]] = Lowerings("pytorch", "specc.backends.pytorch")
"""Functions `(layer, site) -> code` by layer type: the expression of the node's output."""

"""Initial weights in emitted PyTorch source: the spec's initializers, which are Keras's."""

from __future__ import annotations

from collections.abc import Iterator

from specc.emit.code import Code
from specc.emit.template import Line
from specc.ir import Graph, Node


class Initialization:
    """How the modules of one graph get their first weights."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def wrap(self, node: Node, constructor: Code) -> Code:
        """The constructor of a module whose weights do not start as the network's others do."""
        return constructor

    def setup(self) -> list[Line]:
        """The last statements of the network's `__init__`."""
        return []

    def functions(self) -> Iterator[str]:
        """The functions that the emitted file brings along."""
        return iter(())

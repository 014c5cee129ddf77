"""Which layer gave an output its shape, and what to do if it is not the one meant."""

from __future__ import annotations

from dataclasses import dataclass

from specc.diagnostics import Label
from specc.ir import Graph, Node, Value
from specc.tensor import shape_text


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the shape of an output comes from.

    value: what has the shape first. maker: the layer that gives it; None for an input.
    """

    value: Value
    maker: Node | None

    @classmethod
    def of(cls, graph: Graph, value: Value) -> Origin:
        """The origin of `value`: a layer after it, such as a softmax, only kept the shape."""
        while (maker := graph.makers.get(value)) and maker.inputs[0].type == value.type:
            value = maker.inputs[0]
        return cls(value, maker)

    @property
    def name(self) -> str:
        return self.value.name if self.maker is None else self.maker.path

    def labels(self) -> tuple[Label, ...]:
        """The maker and what it is given, with their shapes."""
        labels: list[Label] = []
        if self.value.span is not None:
            gives = f"{self.name} gives {shape_text(self.value.type.shape)}"
            labels.append(Label(self.value.span, gives))
        source = self.maker.inputs[0] if self.maker is not None else None
        if source is not None and source.span is not None:
            gives = f"{source.name} gives {shape_text(source.type.shape)}"
            labels.append(Label(source.span, gives))
        return tuple(labels)

    def flattening(self) -> str:
        """How to get rid of the axes between the batch and the channels, if its input has them."""
        if self.maker is None or self.maker.inputs[0].type.rank != self.value.type.rank:
            return ""
        return f"flatten before it: put `- Flatten` in front of `{self.name}`"

"""Where a layer is lowered: what a lowering is given, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from specc.backend import Lowerings
from specc.emit.code import Argument, Call, Code, Ref, call, text
from specc.ir import Node
from specc.tensor import FLOATS, DType, TensorType


class Variable(NamedTuple):
    """Where a canonical weight lives in Keras.

    key: the canonical dotted key.
    layer: the name of the Keras layer.
    attribute: that of its variable, such as `kernel`, or `query_dense.kernel` of a layer in it.
    permutation: the canonical axes in Keras's order, as `numpy.transpose` takes them.
    shape: the canonical one; Keras may give each head an axis of its own, in the same order.
    gates: the equal parts of the canonical first axis in Keras's order; empty if it is the same.
    place: the index of the weight in a variable of several.
    """

    key: str
    layer: str
    attribute: str
    permutation: tuple[int, ...]
    shape: tuple[int, ...]
    gates: tuple[int, ...] = ()
    place: int | None = None


Helper = Callable[..., Any]
"""A function of `helpers/`."""


@dataclass(slots=True)
class Site:
    """One node on its way to Keras.

    name: the code of the name of one of the node's layers, by its `part`.
    holder: the variable that holds the layer with the weights, if it is made elsewhere.
    made: the call that makes that layer, where it has a holder.
    shared: all uses of that layer, where it has a holder.
    variables: where its weights live.
    helpers: functions whose source the emitted file must bring along.
    """

    node: Node
    name: Callable[[str], Code]
    holder: str | None = None
    made: Code | None = None
    shared: tuple[Node, ...] = ()
    variables: list[Variable] = field(default_factory=list[Variable])
    helpers: dict[str, Helper] = field(default_factory=dict[str, Helper])

    @property
    def uses(self) -> tuple[Node, ...]:
        """The nodes that use the layer with the weights."""
        return self.shared or (self.node,)

    @property
    def inputs(self) -> tuple[Code, ...]:
        """The tensors the node takes."""
        return tuple(Ref(value) for value in self.node.inputs)

    @property
    def x(self) -> Code:
        """The tensor the node takes, if it takes one."""
        (value,) = self.node.inputs
        return Ref(value)

    @property
    def type(self) -> TensorType:
        """The type of that tensor."""
        (value,) = self.node.inputs
        return value.type

    def layer(
        self, constructor: str, *arguments: object, part: str = "", **keywords: object
    ) -> Code:
        """A Keras layer, to be called on its inputs: `call(site.layer("layers.ReLU"), site.x)`.

        constructor: a class of Keras, or a helper: see `helpers/`.
        part: names a second layer of the same node; the one with the weights has none.
        """
        made = call(constructor, *arguments, **keywords)
        extra = (Argument(self.name(part), "name"), *self.dtype(constructor))
        made = Call(made.function, (*made.arguments, *extra))
        if self.holder is None or part:
            return made
        self.made = made
        return self.holder

    def dtype(self, constructor: str) -> tuple[Argument, ...]:
        """Keras layers compute in float32, whatever they are given, unless told otherwise.

        They leave integers alone; the small models of helpers are told what they are given.
        """
        if constructor in self.helpers:
            dtype = self.node.inputs[0].type.dtype
            return _told(dtype) if dtype != "float32" else ()
        dtype = self.node.outputs[0].type.dtype
        return _told(dtype) if dtype in FLOATS - {"float32"} else ()

    def weight(
        self,
        name: str,
        attribute: str,
        *,
        gates: tuple[int, ...] = (),
        place: int | None = None,
    ) -> None:
        """Say where a canonical weight of the node lives in the layer without a `part`."""
        key, layer = f"{self.node.owner}.{name}", layer_name(self.node.owner)
        weight = self.node.weights[name]
        order = weight.keras_permutation
        self.variables.append(Variable(key, layer, attribute, order, weight.shape, gates, place))

    def helper(self, function: Helper) -> str:
        """The name of a function of `helpers/`, whose source is emitted with the model."""
        self.helpers[function.__name__] = function
        return function.__name__


def _told(dtype: DType) -> tuple[Argument, ...]:
    return (Argument(text(dtype, "dtype"), "dtype"),)


LOWERINGS: Lowerings[Callable[[Any, Site], Code]] = Lowerings("keras", "specc.backends.keras")
"""Functions `(layer, site) -> code` by layer type; the code is the expression of the output."""


def layer_name(path: str) -> str:
    """The name in Keras of the layer at a dotted path: `stage.0.conv2d` → `stage-0-conv2d`.

    Keras on PyTorch refuses dots, on TensorFlow almost all but the hyphen, which no path has.
    """
    return path.replace(".", "-")

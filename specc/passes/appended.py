"""What an exported model may end in besides the network: a softmax, the best classes."""

from __future__ import annotations

from dataclasses import replace

from specc.diagnostics import SpecError
from specc.ir import Graph, Node, Value
from specc.layer import LAYERS, Fault, Layer
from specc.names import free_name
from specc.tensor import TensorType


class _TopK(Layer):
    """The `k` largest numbers along the last axis, the largest first, and their indices."""

    layout = "channels_last"

    k: int

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        if x.dtype == "bool":
            raise Fault("dtype-mismatch", "expected numbers, received bool")
        shape = (*x.shape[:-1], self.k)
        return TensorType(shape, x.dtype), TensorType(shape, "int64")


TOP_K = _TopK.__name__
"""The layer type under which a backend lowers it."""


def append_softmax(graph: Graph) -> Graph:
    """The graph as if `- Softmax` stood as the last entry, and its output were the network's.

    Raises `SpecError`: `arity` unless the network has one output, `invalid-input` if that is of
    probabilities already, or of one number, which a softmax makes 1, and `dtype-mismatch`.
    """
    value = _only_output(graph, "a softmax takes")
    for kind in ("softmax", "sigmoid"):
        if any(value in node.outputs and _is(kind, node.layer) for node in graph.nodes):
            message = f"the network ends in a {kind}: its outputs are probabilities already"
            raise SpecError.of("invalid-input", message, help="leave the softmax out")
    if value.type.shape[-1] == 1:
        message = "a softmax takes two classes or more, the network gives one number"
        raise SpecError.of("invalid-input", message, help="end the spec with a sigmoid")
    return _appended(graph, value, "softmax", LAYERS["Softmax"](), ("softmax",))


def append_top_k(graph: Graph, k: int) -> Graph:
    """The graph with two outputs in place of its one: the `k` best scores, and their classes.

    Raises `SpecError`: `arity` unless the network has one output, `invalid-input` if that has not
    as many classes, and `dtype-mismatch`.
    """
    value = _only_output(graph, "the choice of the best classes takes")
    classes = value.type.shape[-1]
    if value.type.rank < 2 or not isinstance(classes, int) or not 0 < k <= classes:
        message = f"expected a number of classes from 1 to {classes}, received {k}"
        raise SpecError.of("invalid-input", message)
    return _appended(graph, value, "top_k", _TopK(k=k), ("scores", "classes"))


def _only_output(graph: Graph, what: str) -> Value:
    if len(graph.outputs) != 1:
        message = f"{what} one output, the network has {', '.join(graph.outputs)}"
        raise SpecError.of("arity", message)
    return next(iter(graph.outputs.values()))


def _appended(
    graph: Graph, value: Value, name: str, layer: Layer, outputs: tuple[str, ...]
) -> Graph:
    """The graph with `layer` on `value` after all else, whose outputs are the network's."""
    taken = {*graph.inputs, *(item.path for item in graph.body.items)}
    path = free_name(name, taken)
    names = [path] if len(outputs) == 1 else [free_name(each, taken) for each in outputs]
    try:
        types = layer.infer(value.type)
    except Fault as fault:
        message = f"{name} cannot be appended to `{value.name}`: {fault.message}"
        raise SpecError.of(fault.code, message, help=fault.help) from None
    made = tuple(Value(each, type) for each, type in zip(names, types, strict=True))
    node = Node(path, layer, (value,), made, path)
    ends = dict(zip(names, made, strict=True))
    body = replace(graph.body, items=(*graph.body.items, node), outputs=tuple(ends.items()))
    return replace(graph, outputs=ends, body=body)


def _is(kind: str, layer: Layer) -> bool:
    """Whether a layer is a softmax or a sigmoid, or has it as its activation."""
    activation = getattr(layer, "activation", None)
    return type(layer).__name__.lower() == kind or activation == kind

"""Running the emitted source: native models, weights in and out, arrays through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from specc.emit.module import execute
from specc.passes.layout import IoLayout

from .site import Variable
from .source import emit

if TYPE_CHECKING:
    import keras

    from specc.backend import Array, Arrays, Runner
    from specc.ir import Graph


def model(graph: Graph, weights: Arrays, io_layout: IoLayout | None = None) -> keras.Model:
    """The network as a plain Keras model, with `weights` loaded."""
    emitted = emit(graph, io_layout)
    network = getattr(execute(emitted.text, graph.name), emitted.function)()
    assign(_variables(emitted.variables, network), weights)
    return network


def variables(graph: Graph, network: keras.Model) -> list[tuple[Variable, Any]]:
    """The weights that a model has, each with the variable that holds it."""
    return list(_variables(emit(graph).variables, network))


def weights_of(graph: Graph, network: keras.Model) -> dict[str, Array]:
    """The weights of a model by canonical name, in the canonical layout; those that it has."""
    arrays = read(variables(graph, network))
    return {key: arrays[key] for key in graph.weights if key in arrays}


def assign(variables: Iterable[tuple[Variable, Any]], weights: Arrays) -> None:
    """Give variables the weights of their canonical names."""
    for known, variable in variables:
        array = _in_order(weights[known.key], known.gates).transpose(known.permutation)
        if known.place is not None:
            whole = _array(variable).copy()
            whole[known.place] = array
            array = whole
        variable.assign(array.reshape(variable.shape))


def read(variables: Iterable[tuple[Variable, Any]]) -> dict[str, Array]:
    """What variables hold, by canonical name and in the canonical layout."""
    arrays: dict[str, Array] = {}
    for known, variable in variables:
        order, array = known.permutation, _array(variable)
        array = array if known.place is None else array[known.place]
        permuted = array.reshape([known.shape[axis] for axis in order])
        arrays[known.key] = _in_order(permuted.transpose(_inverse(order)), _inverse(known.gates))
    return arrays


def runner(graph: Graph, weights: Arrays) -> Runner:
    """The outputs at inference; channels last in and out."""
    import keras

    network = model(graph, weights)

    def run(inputs: Arrays) -> dict[str, Array]:
        given = [keras.ops.convert_to_tensor(inputs[name]) for name in graph.inputs]
        results: Any = network(given if len(given) > 1 else given[0], training=False)
        made = {next(iter(graph.outputs)): results} if len(graph.outputs) == 1 else results
        return {name: _array(made[name]) for name in graph.outputs}

    return run


def _variables(known: tuple[Variable, ...], network: Any) -> Iterator[tuple[Variable, Any]]:
    layers = {layer.name: layer for layer in network.layers}
    for item in known:
        variable = _variable(layers.get(item.layer), item.attribute)
        if variable is not None:
            yield item, variable


def _variable(layer: Any, attribute: str) -> Any:
    """The variable at a dotted path, or None; a small model's layers are found by their names."""
    *path, name = attribute.split(".")
    for part in path:
        inner = {each.name: each for each in getattr(layer, "layers", ())}
        layer = inner.get(part) or getattr(layer, part, None)
    return getattr(layer, name, None)


def _array(held: Any) -> Array:
    """What a tensor or a variable holds; numbers of bfloat16 in float32.

    TensorFlow makes no array of a single one of them.
    """
    from keras import ops

    is_low = ops.dtype(held) == "bfloat16"
    array: Any = ops.convert_to_numpy(ops.cast(held, "float32") if is_low else held)
    return array


def _in_order(array: Array, gates: tuple[int, ...]) -> Array:
    """The equal parts of the first axis in the order of `gates`."""
    if not gates:
        return array
    parts = array.reshape(len(gates), -1, *array.shape[1:])
    return parts[list(gates)].reshape(array.shape)


def _inverse(order: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(order.index(axis) for axis in range(len(order)))

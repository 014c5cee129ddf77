"""Recurrent layers in ONNX: one LSTM, GRU or RNN, also of both directions.

ONNX puts the steps before the batch, and keeps an axis for the directions. A mask is none of its
words, but lengths are: since a masked step changes nothing, the steps that count are put first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from specc.tensor import TensorType

from .graph import LOWERINGS, Builder, Tensor
from .positions import length
from .recurrent_loops import Inputs, looped, new_states

Array = NDArray[Any]

KINDS = {"LSTM": "LSTM", "GRU": "GRU", "SimpleRNN": "RNN"}

GATES = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2), "SimpleRNN": (0,)}
"""The gates of PyTorch in the order of ONNX: i, o, f, g for an LSTM, z, r, n for a GRU."""

NATIVE: dict[str, tuple[str, tuple[float, ...], tuple[float, ...]]] = {
    "elu": ("Elu", (1.0,), ()),
    "hard_sigmoid": ("HardSigmoid", (1 / 6,), (0.5,)),
    "leaky_relu": ("LeakyRelu", (0.2,), ()),
    "linear": ("Affine", (1.0,), (0.0,)),
    "relu": ("Relu", (), ()),
    "sigmoid": ("Sigmoid", (), ()),
    "softplus": ("Softplus", (), ()),
    "softsign": ("Softsign", (), ()),
    "sparse_sigmoid": ("HardSigmoid", (0.5,), (0.5,)),
    "tanh": ("Tanh", (), ()),
}
"""The activations that the ops know, with alpha and beta."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The steps that a mask keeps, put first.

    x: [N, T, C]; counts: [N, T], how many there are up to each step.
    lengths: [N]; some: [N, 1], whether there are any.
    """

    x: Tensor
    counts: Tensor
    lengths: Tensor
    some: Tensor


@LOWERINGS.add("LSTM", "GRU", "SimpleRNN")
def recurrent(build: Builder, *tensors: Tensor) -> tuple[Tensor, ...]:
    """Outputs that go from the last step to the first are those of the sequence turned round."""
    layer, inputs, direction = build.layer, Inputs.of(tensors), "forward"
    if not _is_native(layer, inputs):
        y, *states = looped(build, layer, "", inputs)
        return (y, *states[: len(build.node.outputs) - 1])
    if layer.go_backwards and layer.return_sequences:
        mask = None if inputs.mask is None else _flipped(build, inputs.mask)
        inputs = Inputs(_flipped(build, inputs.x), mask, inputs.states)
    elif layer.go_backwards:
        direction = "reverse"
    kept = _kept(build, inputs)
    y, last = _run(build, {"": layer}, inputs, kept, direction)
    output = _repeated(build, y, kept) if layer.return_sequences else last[0]
    axis = 2 if layer.return_sequences else 0
    y = build.squeeze(output, axis, suffix="squeezed")
    return (y, *_states(build, last, inputs, kept, 1))


@LOWERINGS.add("Bidirectional")
def bidirectional(build: Builder, *tensors: Tensor) -> tuple[Tensor, ...]:
    layer, inputs = build.layer, Inputs.of(tensors)
    parts = {"forward_layer.": layer.forward, "backward_layer.": layer.backward}
    if not all(_is_native(part, inputs) for part in parts.values()):
        both, states = _both_looped(build, parts, inputs)
        return (*_joined(build, both), *states)
    kept = _kept(build, inputs)
    y, last = _run(build, parts, inputs, kept, "bidirectional")
    if layer.forward.return_sequences:
        both = _repeated(build, y, kept)
        both = both if inputs.mask is None else _zeroed(build, both, inputs.mask)
    else:
        both = build.transpose(last[0], (1, 0, 2), suffix="both")
    return (*_joined(build, both), *_states(build, last, inputs, kept, 2))


@LOWERINGS.add("LSTMCell", "GRUCell", "SimpleRNNCell")
def cell(build: Builder, x: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
    """The output is the first of the new states."""
    made = new_states(build, build.layer, "", x, states)
    return (made[0], *made)


def _is_native(layer: Any, inputs: Inputs) -> bool:
    """Whether an op of ONNX does it: onnxruntime has them for float32 alone."""
    return inputs.x.type.dtype == "float32" and all(name in NATIVE for name in _functions(layer))


def _both_looped(
    build: Builder, parts: dict[str, Any], inputs: Inputs
) -> tuple[Tensor, list[Tensor]]:
    """The outputs [N, …, 2, H] of two loops, and their states if the layer gives them."""
    half = len(inputs.states) // 2
    given = (inputs.states[:half], inputs.states[half:])
    (a, *ahead), (b, *back) = (
        looped(build, part, prefix, Inputs(inputs.x, inputs.mask, states), aligned=True)
        for (prefix, part), states in zip(parts.items(), given, strict=True)
    )
    axis = a.type.rank - 1
    shape = (*a.type.shape[:-1], 2, a.type.shape[-1])
    wide = [build.unsqueeze(each, axis, suffix="widened") for each in (a, b)]
    both = build.op("Concat", *wide, type=a.type.with_shape(shape), axis=axis, suffix="both")
    layer = next(iter(parts.values()))
    if layer.return_sequences and inputs.mask is not None:
        both = _zeroed(build, both, inputs.mask)
    return both, [*ahead, *back] if layer.return_state else []


# --- the op -------------------------------------------------------------------------------------


def _run(
    build: Builder, parts: dict[str, Any], inputs: Inputs, kept: Kept | None, direction: str
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """All outputs [T, D, N, H] and the last states [D, N, H], of D directions.

    parts: the layer of each direction, by the prefix of its weights.
    """
    layer = next(iter(parts.values()))
    steps = build.transpose(kept.x if kept else inputs.x, (1, 0, 2), suffix="steps")
    length, batch, _ = steps.type.shape
    state = steps.type.with_shape((len(parts), batch, layer.units))
    given = (
        steps,
        *_kernels(build, parts),
        kept.lengths if kept else None,
        *_starts(build, inputs, layer, len(parts)),
    )
    while given[-1] is None:
        given = given[:-1]
    y, *last = build.ops(
        KINDS[type(layer).__name__],
        *given,
        types=(state.with_shape((length, *state.shape)), *(state,) * len(layer.states)),
        hidden_size=layer.units,
        direction=direction,
        **_activations(list(parts.values())),
    )
    return y, tuple(last)


def _kernels(build: Builder, parts: dict[str, Any]) -> tuple[Tensor | None, ...]:
    """The weights as the ops have them: an axis of directions first, both biases in one."""
    layer = next(iter(parts.values()))
    rows, gates = layer.gates * layer.units, GATES[type(layer).__name__]
    declared = build.node.weights

    def stacked(*arrays: Array) -> Array:
        return np.stack([in_order(array, gates) for array in arrays])

    def biases(*arrays: Array) -> Array:
        given = iter(arrays)
        both = [
            in_order(next(given), gates) if name in part.biases else np.zeros(rows, np.float32)
            for part in parts.values()
            for name in ("bias_ih", "bias_hh")
        ]
        return np.concatenate(both).reshape(len(parts), 2 * rows)

    kernels: list[Tensor | None] = []
    for name, short in (("W", "weight_ih_l0"), ("R", "weight_hh_l0")):
        names = [prefix + short for prefix in parts]
        shape = (len(parts), *declared[names[0]].shape)
        kernels.append(build.derived(name, shape, names, stacked))
    names = [name for name in declared if ".bias" in f".{name}"]
    shape = (len(parts), 2 * rows)
    return (*kernels, build.derived("B", shape, names, biases) if names else None)


def in_order(array: Array, gates: tuple[int, ...]) -> Array:
    """The equal parts of the first axis in the order of `gates`."""
    return np.concatenate([np.split(array, len(gates))[gate] for gate in gates])


def _starts(
    build: Builder, inputs: Inputs, layer: Any, directions: int
) -> tuple[Tensor | None, ...]:
    """The initial states, each [D, N, H], in the order h, c; None where they are zeros."""
    count = len(layer.states)
    if not inputs.states:
        return (None,) * count
    raised = [build.unsqueeze(state, 0, suffix="widened") for state in inputs.states]
    if directions == 1:
        return tuple(raised)
    shape = (directions, *raised[0].type.shape[1:])
    return tuple(
        build.op(
            "Concat",
            *raised[index::count],
            type=raised[0].type.with_shape(shape),
            axis=0,
            suffix="start",
        )
        for index in range(count)
    )


def _activations(layers: list[Any]) -> dict[str, Any]:
    """The attributes about what a step does, with functions for each direction in turn."""
    names = [name for layer in layers for name in _functions(layer)]
    known = [NATIVE[name] for name in names]
    alphas = [alpha for _, given, _ in known for alpha in given]
    betas = [beta for _, _, given in known for beta in given]
    reset = getattr(layers[0], "reset_after", None)
    return {
        "activations": [kind for kind, _, _ in known],
        **({} if reset is None else {"linear_before_reset": int(reset)}),
        **({"activation_alpha": alphas} if alphas else {}),
        **({"activation_beta": betas} if betas else {}),
    }


def _functions(layer: Any) -> tuple[str, ...]:
    """The activations by name, in the order of the op: gates, candidate, output."""
    activation = layer.activation or "linear"
    if not hasattr(layer, "recurrent_activation"):
        return (activation,)
    gates = layer.recurrent_activation or "linear"
    return (gates, activation, activation)[: len(layer.states) + 1]


# --- masks --------------------------------------------------------------------------------------


def _kept(build: Builder, inputs: Inputs) -> Kept | None:
    """The steps that the mask keeps; None without a mask."""
    if inputs.mask is None:
        return None
    x, mask = inputs.x, build.cast(inputs.mask, "int32")
    counts = build.op("CumSum", mask, build.constant(1, "axis", "int64"), suffix="counts")
    total = build.reduce("ReduceSum", mask, (1,))
    # Of equal elements TopK takes the first ones first.
    indices = TensorType(mask.type.shape, "int64")
    _, order = build.ops("TopK", mask, length(build, mask, 1), types=(mask.type, indices), axis=1)
    return Kept(
        _gathered(build, x, order, suffix="kept"),
        counts,
        build.squeeze(total, 1, suffix="squeezed"),
        build.cast(total, "bool"),
    )


def _gathered(build: Builder, x: Tensor, indices: Tensor, suffix: str) -> Tensor:
    """`x[n, indices[n, t]]` for each n and t."""
    places = build.unsqueeze(indices, 2, suffix="places")
    return build.op("GatherND", x, places, type=x.type, batch_dims=1, suffix=suffix)


def _repeated(build: Builder, y: Tensor, kept: Kept | None) -> Tensor:
    """The outputs of the op as [N, T, D, H]; at a masked step that of the step before.

    Before the first there is none: the index is -1, and beyond its length the op gives zeros.
    """
    y = build.transpose(y, (2, 0, 1, 3), suffix="outputs")
    if kept is None:
        return y
    places = build.op("Sub", kept.counts, build.constant(1, "one", "int32"), suffix="places")
    return _gathered(build, y, build.cast(places, "int64"), suffix="repeated")


def _zeroed(build: Builder, y: Tensor, mask: Tensor) -> Tensor:
    """`y` with zeros at masked steps."""
    wide = build.unsqueeze(mask, 2, 3, suffix="mask")
    return build.op("Where", wide, y, build.scalar(0, y), type=y.type, suffix="zeroed")


# --- what comes out -----------------------------------------------------------------------------


def _states(
    build: Builder, last: tuple[Tensor, ...], inputs: Inputs, kept: Kept | None, directions: int
) -> list[Tensor]:
    """The last states [N, H], direction by direction, if the layer gives them.

    The op gives zeros for a sequence of no length, which keeps what states it was given.
    """
    count = len(last)
    if len(build.node.outputs) <= count * (directions - 1) + 1:
        return []
    states: list[Tensor] = []
    for index in range(directions * count):
        direction, which = divmod(index, count)
        state = _direction(build, last[which], direction)
        if kept is not None and inputs.states:
            start = inputs.states[index]
            state = build.op("Where", kept.some, state, start, type=start.type, suffix="state")
        states.append(state)
    return states


def _direction(build: Builder, x: Tensor, direction: int) -> Tensor:
    """One direction of [D, N, H]."""
    if x.type.shape[0] == 1:
        return build.squeeze(x, 0, suffix="squeezed")
    index = build.constant(direction, "direction", "int64")
    type = x.type.with_shape(x.type.shape[1:])
    return build.op("Gather", x, index, type=type, axis=0, suffix="state")


def _joined(build: Builder, both: Tensor) -> tuple[Tensor, ...]:
    """The outputs [N, …, 2, H] of both directions as one, or as two."""
    *outer, directions, units = both.type.shape
    axis = len(outer)
    one = both.type.with_shape((*outer, 1, units))
    match build.layer.merge_mode:
        case "concat":
            joined = both.type.with_shape((*outer, directions * units))
            return (build.reshape(both, joined, suffix="joined"),)
        case None:
            halves = build.ops("Split", both, types=(one, one), axis=axis, num_outputs=2)
            return tuple(build.squeeze(half, axis, suffix="squeezed") for half in halves)
        case mode:
            kind = {"sum": "ReduceSum", "mul": "ReduceProd", "ave": "ReduceMean"}[mode]
            return (build.squeeze(build.reduce(kind, both, (axis,)), axis, suffix="squeezed"),)


def _flipped(build: Builder, x: Tensor) -> Tensor:
    """`x` with its steps, on axis 1, from the last to the first."""
    ends = (("starts", -1), ("ends", -(2**62)), ("axes", 1), ("steps", -1))
    constants = [build.constant([value], name, "int64") for name, value in ends]
    return build.op("Slice", x, *constants, suffix="flipped")

"""Recurrent layers step by step, as a `Scan`, where ONNX's own ops lack something."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from specc.layers.recurrent import has_mask
from specc.tensor import TensorType

from .activations import ACTIVATIONS
from .graph import Builder, Tensor


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a recurrent layer takes; the states of the forward direction come first."""

    x: Tensor
    mask: Tensor | None
    states: tuple[Tensor, ...]

    @classmethod
    def of(cls, tensors: Sequence[Tensor]) -> Inputs:
        """The inputs of a node."""
        x, *others = tensors
        masked = has_mask([tensor.type for tensor in tensors])
        return cls(x, others[0] if masked else None, tuple(others[masked:]))


def looped(
    build: Builder, layer: Any, prefix: str, inputs: Inputs, *, aligned: bool = False
) -> tuple[Tensor, ...]:
    """A layer as a loop over its steps: its output, and then its last states.

    prefix: that of the names of its weights. aligned: as for `Loop`.
    """
    type = inputs.x.type

    def step(x: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        return new_states(build, layer, prefix, x, states)

    loop = Loop(
        step,
        frame=type.with_shape((type.shape[0], type.shape[2])),
        state=type.with_shape((type.shape[0], layer.units)),
        states=len(layer.states),
        backwards=layer.go_backwards,
        aligned=aligned,
    )
    outputs, last, *states = loop.run(build, inputs)
    return (outputs if layer.return_sequences else last, *states)


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop over the steps of a sequence, as a `Scan`.

    step: from a step of the input and the states to the new states; the first is the output.
    frame, state: the types of a step, and of each of the `states`.
    axis: that of the steps.
    aligned: whether the outputs have the order of the input, even if it goes backwards.
    """

    step: Callable[..., tuple[Tensor, ...]]
    frame: TensorType
    state: TensorType
    states: int
    backwards: bool
    axis: int = 1
    aligned: bool = False

    def run(self, build: Builder, inputs: Inputs) -> tuple[Tensor, ...]:
        """All outputs, the last of them, and the last states."""
        x, mask = inputs.x, inputs.mask
        starts = inputs.states or (_zeros(build, x, self.state),) * self.states
        # With a mask the last output is kept too, which is not h before the first.
        carried = starts if mask is None else (_zeros(build, x, self.state), *starts)
        taken = (x,) if mask is None else (x, mask)
        of_mask = (TensorType((self.frame.shape[0],), "bool"),)
        types = (*(self.state,) * len(carried), self.frame, *of_mask[: len(taken) - 1])
        body = build.body([Tensor(type) for type in types], self._body(build, len(carried)))
        shape = list(self.state.shape)
        shape.insert(self.axis, x.type.shape[self.axis])
        *last, outputs = build.ops(
            "Scan",
            *carried,
            *taken,
            types=(*(self.state,) * len(carried), self.state.with_shape(shape)),
            body=body,
            num_scan_inputs=len(taken),
            scan_input_axes=[self.axis, 1][: len(taken)],
            scan_input_directions=[int(self.backwards)] * len(taken),
            scan_output_axes=[self.axis],
            scan_output_directions=[int(self.aligned and self.backwards)],
        )
        return (outputs, last[0], *last[-self.states :])

    def _body(self, build: Builder, carried: int) -> Callable[..., tuple[Tensor, ...]]:
        """What is done at each step."""

        def body(*given: Tensor) -> tuple[Tensor, ...]:
            old, (x, *mask) = given[:carried], given[carried:]
            made = self.step(x, *old[-self.states :])
            if mask:
                keep = self._keep(build, mask[0])
                made = tuple(
                    build.op("Where", keep, new, before, type=self.state, suffix="kept")
                    for new, before in zip((made[0], *made), old, strict=True)
                )
            return (*made, build.op("Identity", made[0], suffix="output"))

        return body

    def _keep(self, build: Builder, mask: Tensor) -> Tensor:
        """The mask of one step, to be held against a state."""
        return build.unsqueeze(mask, *range(1, self.state.rank), suffix="keep")


def _zeros(build: Builder, x: Tensor, type: TensorType) -> Tensor:
    """A state of zeros for the batch of `x`, which may be unknown."""
    batch, *others = type.shape
    sizes = [size for size in others if isinstance(size, int)]  # they all are
    if isinstance(batch, int):
        build.require_room(batch, *sizes)
        return build.constant(np.zeros((batch, *sizes)), "zeros", type.dtype)
    one = TensorType((1,), "int64")
    size = build.op("Shape", x, type=one, start=0, end=1, suffix="batch")
    known = build.constant(sizes, "sizes", "int64")
    whole = TensorType((type.rank,), "int64")
    shape = build.op("Concat", size, known, type=whole, axis=0, suffix="sizes")
    return build.op("Expand", build.scalar(0, x), shape, type=type, suffix="zeros")


def new_states(
    build: Builder, layer: Any, prefix: str, x: Tensor, states: Sequence[Tensor]
) -> tuple[Tensor, ...]:
    """The new states of one step, of which the first is its output."""
    return STEPS[layer.gates](_Step(build, layer, prefix), x, *states)


@dataclass(frozen=True, slots=True)
class _Step:
    """What the steps of all kinds are made with; `prefix` is that of the weights' names."""

    build: Builder
    layer: Any
    prefix: str

    def weight(self, name: str) -> Tensor:
        return self.build.weight(f"{self.prefix}{name}{self.layer.suffix}")

    def bias(self, name: str) -> Tensor | None:
        return self.weight(name) if name in self.layer.biases else None

    def product(self, x: Tensor, weight: Tensor, added: Tensor | None) -> Tensor:
        """`x @ weight.T + added`."""
        given = (x, weight) if added is None else (x, weight, added)
        type = x.type.with_shape((x.type.shape[0], weight.type.shape[0]))
        return self.build.op("Gemm", *given, type=type, transB=1)

    def parts(self, x: Tensor, count: int) -> tuple[Tensor, ...]:
        """Equal parts of the channels."""
        part = x.type.with_shape((x.type.shape[0], self.layer.units))
        return self.build.ops("Split", x, types=(part,) * count, axis=1, num_outputs=count)

    def activated(self, x: Tensor) -> Tensor:
        return ACTIVATIONS[self.layer.activation or "linear"](self.build, x, 1)

    def gate(self, x: Tensor) -> Tensor:
        return ACTIVATIONS[self.layer.recurrent_activation or "linear"](self.build, x, 1)

    def __call__(self, kind: str, *inputs: Tensor) -> Tensor:
        return self.build.op(kind, *inputs)


def _simple_step(step: _Step, x: Tensor, h: Tensor) -> tuple[Tensor, ...]:
    from_x = step.product(x, step.weight("weight_ih"), step.bias("bias_ih"))
    return (step.activated(step.product(h, step.weight("weight_hh"), from_x)),)


def _lstm_step(step: _Step, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, ...]:
    from_x = step.product(x, step.weight("weight_ih"), step.bias("bias_ih"))
    gates = step.product(h, step.weight("weight_hh"), from_x)
    return lstm_states(step.build, step.layer, gates, c)


def lstm_states(build: Builder, layer: Any, gates: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """The new h and c of an LSTM with those gates, whose channels are on axis 1."""

    def activated(x: Tensor, name: str | None) -> Tensor:
        return ACTIVATIONS[name or "linear"](build, x, 1)

    parts = build.ops("Split", gates, types=(c.type,) * 4, axis=1, num_outputs=4)
    i, f, o = (activated(parts[index], layer.recurrent_activation) for index in (0, 1, 3))
    added = build.op("Mul", i, activated(parts[2], layer.activation))
    c = build.op("Add", build.op("Mul", f, c), added)
    return build.op("Mul", o, activated(c, layer.activation)), c


def _gru_step(step: _Step, x: Tensor, h: Tensor) -> tuple[Tensor, ...]:
    from_x = step.product(x, step.weight("weight_ih"), step.bias("bias_ih"))
    x_r, x_z, x_n = step.parts(from_x, 3)
    if step.layer.reset_after:
        from_h = step.product(h, step.weight("weight_hh"), step.bias("bias_hh"))
        h_r, h_z, h_n = step.parts(from_h, 3)
        h_n = step("Mul", step.gate(step("Add", x_r, h_r)), h_n)
    else:
        w_r, w_z, w_n = _split_rows(step)
        h_z = step.product(h, w_z, None)
        r = step.gate(step.product(h, w_r, x_r))
        h_n = step.product(step("Mul", r, h), w_n, None)
    z = step.gate(step("Add", x_z, h_z))
    n = step.activated(step("Add", x_n, h_n))
    return (step("Add", n, step("Mul", z, step("Sub", h, n))),)


def _split_rows(step: _Step) -> tuple[Tensor, ...]:
    """The recurrent kernel of each gate."""
    weight = step.weight("weight_hh")
    part = weight.type.with_shape((step.layer.units, step.layer.units))
    return step.build.ops("Split", weight, types=(part,) * 3, axis=0, num_outputs=3)


STEPS = {1: _simple_step, 3: _gru_step, 4: _lstm_step}
"""By the number of gates."""

"""Recurrent layers whose products are convolutions: a loop, since ONNX has no such op."""

from __future__ import annotations

from specc.windows import Window

from .graph import LOWERINGS, Builder, Tensor
from .recurrent_loops import Inputs, Loop, lstm_states


@LOWERINGS.add("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
def conv_lstm(build: Builder, *tensors: Tensor) -> tuple[Tensor, ...]:
    layer, inputs = build.layer, Inputs.of(tensors)
    batch, channels, _, *sizes = inputs.x.type.shape
    size = layer.state(build.node.inputs[0].type).shape[1:-1]
    state = inputs.x.type.with_shape((batch, layer.filters, *size))

    def step(x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, ...]:
        biases = [build.weight("bias_ih")] if layer.use_bias else []
        from_x = _convolved(build, x, build.weight("weight_ih"), *biases, windows=layer.windows)
        from_h = _convolved(build, h, build.weight("weight_hh"), windows=layer.state_windows)
        return lstm_states(build, layer, build.op("Add", from_x, from_h), c)

    frame = inputs.x.type.with_shape((batch, channels, *sizes))
    loop = Loop(step, frame, state, len(layer.states), layer.go_backwards, axis=2)
    outputs, last, *states = loop.run(build, inputs)
    y = outputs if layer.return_sequences else last
    return (y, *states[: len(build.node.outputs) - 1])


def _convolved(build: Builder, x: Tensor, *weights: Tensor, windows: tuple[Window, ...]) -> Tensor:
    """The part of all gates that `x` has."""
    sizes = x.type.shape[2:]
    pads = [window.pads(size) or (0, 0) for window, size in zip(windows, sizes, strict=True)]
    begins, ends = zip(*pads, strict=True)
    made = [window.output(size) for window, size in zip(windows, sizes, strict=True)]
    type = x.type.with_shape((x.type.shape[0], weights[0].type.shape[0], *made))
    return build.op(
        "Conv",
        x,
        *weights,
        type=type,
        kernel_shape=[window.kernel for window in windows],
        strides=[window.stride for window in windows],
        dilations=[window.dilation for window in windows],
        pads=[*begins, *ends],
    )

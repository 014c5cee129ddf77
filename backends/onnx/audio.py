"""Sound, as pictures of how strong each frequency is when, in ONNX."""

from __future__ import annotations

from math import log, log10, pi
from typing import Any

import numpy as np
from numpy.typing import NDArray

from specc.dims import known
from specc.initializers import STFT
from specc.layers.audio import MelSpectrogram
from specc.tensor import TensorType

from .graph import LOWERINGS, Builder, Tensor

EPSILON = 1e-7
"""The least power and magnitude, as Keras has it."""


@LOWERINGS.add("STFTSpectrogram")
def stft_spectrogram(build: Builder, x: Tensor) -> Tensor:
    """Channels are rows of an image, along which the kernels slide: [N, F, C, frames]."""
    layer = build.layer
    y = _spectrum(build, build.unsqueeze(x, 1, suffix="rows"))
    order = (0, 2, 3, 1) if layer.expand_dims else (0, 2, 1, 3)
    y = build.transpose(y, order)
    return y if layer.expand_dims else build.reshape(y, build.output, "flat")


def _spectrum(build: Builder, x: Tensor) -> Tensor:
    """What the mode says, of [N, 1, C, T]: [N, F, C, frames]."""
    mode = build.layer.mode
    parts = [_convolved(build, x, name) for name in build.node.weights]
    if mode in ("real", "imag"):
        return parts[0]
    real, imag = parts
    if mode == "angle":
        return _angle(build, imag, real)
    if mode == "stft":
        batch, bins, *others = real.type.shape
        type = real.type.with_shape((batch, 2 * bins, *others))
        return build.op("Concat", real, imag, type=type, suffix="parts", axis=1)
    squares = (build.op("Mul", part, part, suffix="square") for part in parts)
    power = build.op("Add", *squares, suffix="power")
    if mode == "psd":
        both = np.full((known(power.type.shape[1]), 1, 1), 2)
        both[[0, -1]] = 1
        return build.op("Mul", power, build.constant(both, "both", x.type.dtype), suffix="psd")
    power = build.op("Max", power, build.scalar(EPSILON, power), suffix="max")
    magnitude = build.op("Sqrt", power, suffix="magnitude")
    return build.op("Log", magnitude, suffix="log") if mode == "log" else magnitude


def _convolved(build: Builder, x: Tensor, name: str) -> Tensor:
    kernel, (batch, _, channels, steps) = build.weight(name), x.type.shape
    bins = kernel.type.shape[0]
    kernel = build.unsqueeze(kernel, 2, suffix=f"{name}_2d")
    frames = build.layer.frames
    pads = frames.pads(steps)
    attributes: dict[str, Any] = {"auto_pad": "SAME_UPPER"}
    if pads is not None:
        attributes = {"pads": [0, pads[0], 0, pads[1]]}
    type = x.type.with_shape((batch, bins, channels, frames.output(steps)))
    strides = [1, frames.stride]
    part = name.removesuffix("_kernel")
    return build.op("Conv", x, kernel, type=type, suffix=part, strides=strides, **attributes)


def _angle(build: Builder, y: Tensor, x: Tensor) -> Tensor:
    """The angle of the point (x, y): ONNX has no such function of two numbers.

    A zero x becomes tiny, so that 0 / 0 is 0 and all else a quarter turn.
    """
    truth = TensorType(x.type.shape, "bool")
    zero, tiny = build.scalar(0, x), build.scalar(1e-30, x)
    vertical = build.op("Equal", x, zero, type=truth, suffix="vertical")
    across = build.op("Where", vertical, tiny, x, type=x.type, suffix="across")
    angle = build.op("Atan", build.op("Div", y, across, suffix="slope"), suffix="atan")
    left = build.op("Less", x, zero, type=truth, suffix="left")
    below = build.op("Less", y, zero, type=truth, suffix="below")
    halves = (build.scalar(-pi, x), build.scalar(pi, x))
    half = build.op("Where", below, *halves, type=x.type, suffix="half")
    turn = build.op("Where", left, half, zero, type=x.type, suffix="turn")
    return build.op("Add", angle, turn, suffix="angle")


@LOWERINGS.add("MelSpectrogram")
def mel_spectrogram(build: Builder, x: Tensor) -> Tensor:
    layer: MelSpectrogram = build.layer
    power = _powers(build, x)
    build.require_room(layer.fft_length // 2 + 1, layer.num_mel_bins)
    bands = build.constant(_bands(layer), "bands", x.type.dtype)
    batch, frames, _ = power.type.shape
    mels = power.type.with_shape((batch, frames, layer.num_mel_bins))
    y = build.op("MatMul", power, bands, type=mels, suffix="mels")
    y = build.transpose(y, (0, 2, 1))
    return _decibels(build, y) if layer.power_to_db else y


def _powers(build: Builder, x: Tensor) -> Tensor:
    """The magnitudes of the frequencies, with their exponent: [N, frames, F]."""
    layer, (batch, steps) = build.layer, x.type.shape
    half, bins = layer.fft_length // 2, layer.fft_length // 2 + 1
    frames = build.node.outputs[0].type.shape[2]
    pads = build.constant([0, half, 0, half], "pads", "int64")
    whole = x.type.with_shape((batch, steps + 2 * half))
    x = build.op("Pad", x, pads, type=whole, suffix="mirrored", mode="reflect")
    y = build.op(
        "STFT",
        x,
        build.constant(layer.sequence_stride, "stride", "int64"),
        build.constant(_window(layer), "window", x.type.dtype),
        type=x.type.with_shape((batch, frames, bins, 2)),
        suffix="stft",
        onesided=1,
    )
    y = build.op(
        "ReduceSumSquare",
        y,
        build.constant([3], "axes", "int64"),
        type=x.type.with_shape((batch, frames, bins)),
        suffix="power",
        keepdims=0,
    )
    if layer.mag_exp == 2:
        return y
    return build.op("Pow", y, build.scalar(layer.mag_exp / 2, y), suffix="pow")


def _window(layer: MelSpectrogram) -> NDArray[Any]:
    """The window in the middle of a frame; the whole frame is one without."""
    if layer.window is None:
        return np.ones(layer.fft_length)
    length = layer.sequence_length or layer.fft_length
    before = (layer.fft_length - length) // 2
    taps = STFT(window=layer.window, scaling=None, periodic=length % 2 == 0).taps(length)
    return np.pad(taps, (before, layer.fft_length - length - before))


def _bands(layer: MelSpectrogram) -> NDArray[np.float32]:
    """How much each frequency counts in each band, a triangle: [F, bands]."""
    bins = layer.fft_length // 2 + 1
    frequencies = np.linspace(0, layer.sampling_rate / 2, bins, dtype=np.float32)[:, None]
    lowest, highest = _mels(np.array([layer.min_freq, layer.top_freq], np.float32))
    edges = np.linspace(lowest, highest, layer.num_mel_bins + 2, dtype=np.float32)
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    mels = _mels(frequencies)
    triangles = np.minimum((mels - left) / (centre - left), (right - mels) / (right - centre))
    return np.maximum(triangles, 0) * (frequencies > 0)


def _mels(frequencies: NDArray[np.float32]) -> NDArray[np.float32]:
    """Frequencies on the mel scale, in the precision that Keras has."""
    return np.float32(1127) * np.log(1 + frequencies / np.float32(700))


def _decibels(build: Builder, y: Tensor) -> Tensor:
    """Decibels over the reference, not too far below the greatest of the batch."""
    layer: MelSpectrogram = build.layer
    y = build.op("Max", y, build.scalar(layer.min_power, y), suffix="max")
    y = build.op("Log", y, suffix="log")
    y = build.op("Mul", y, build.scalar(10 / log(10), y), suffix="decibels")
    reference = 10 * log10(max(abs(layer.ref_power), layer.min_power))
    if reference:
        y = build.op("Sub", y, build.scalar(reference, y), suffix="over_reference")
    greatest = build.op("ReduceMax", y, type=TensorType((), y.type.dtype), keepdims=0)
    floor = build.op("Sub", greatest, build.scalar(layer.top_db, y), suffix="floor")
    return build.op("Max", y, floor, type=y.type)

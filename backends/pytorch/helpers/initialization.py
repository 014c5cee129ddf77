"""Initializers as Keras has them."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .audio import window_taps


def unit_forget_(bias: Tensor) -> None:
    """Ones for the forget gate of an LSTM."""
    size = len(bias) // 4
    with torch.no_grad():
        bias[size : 2 * size] = 1


def stft_(
    weight: Tensor,
    side: str,
    window: str | tuple[float, ...] | None = "hann",
    scaling: str | None = "density",
    periodic: bool = False,
) -> None:
    """The waves of a short-time Fourier transform [F, 1, T], times a window, as in Keras.

    scaling: divides the window by its norm ("density"), or its sum ("spectrum").
    """
    bins, _, length = weight.shape
    places = torch.outer(torch.arange(bins), torch.arange(length)) % (2 * bins - 2)
    angles = math.pi / (bins - 1) * places
    waves = torch.cos(angles) if side == "real" else -torch.sin(angles)
    taps = window_taps(window, length, periodic)
    if window is not None and scaling is not None:
        taps = taps / (taps.norm() if scaling == "density" else taps.abs().sum())
    with torch.no_grad():
        weight.copy_((waves * taps)[:, None])


def glorot_normal_(weight: Tensor) -> None:
    """A truncated normal of variance 2 / (fan_in + fan_out), as in Keras."""
    fans = weight[0].numel() + weight[:, 0].numel()
    truncated_normal_(weight, math.sqrt(2 / fans))


def he_normal_(weight: Tensor) -> None:
    """A truncated normal of variance 2 / fan_in, as in Keras."""
    truncated_normal_(weight, math.sqrt(2 / weight[0].numel()))


def lecun_normal_(weight: Tensor) -> None:
    """A truncated normal of variance 1 / fan_in, as in Keras."""
    truncated_normal_(weight, math.sqrt(1 / weight[0].numel()))


def truncated_normal_(weight: Tensor, std: float) -> None:
    """A normal cut off at two deviations, whose deviation after that is `std`."""
    std /= 0.87962566103423978
    nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)


def variance_scaling_(
    weight: Tensor, scale: float, mode: str, distribution: str
) -> None:
    """Mean 0 and variance `scale` / fan, as in Keras."""
    fan_in, fan_out = weight[0].numel(), weight[:, 0].numel()
    average = (fan_in + fan_out) / 2
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": average}[mode]
    std = math.sqrt(scale / fan)
    if distribution == "truncated_normal":
        truncated_normal_(weight, std)
    elif distribution == "untruncated_normal":
        nn.init.normal_(weight, std=std)
    else:
        nn.init.uniform_(weight, -math.sqrt(3) * std, math.sqrt(3) * std)


def identity_(weight: Tensor, gain: float) -> None:
    """`gain` on the diagonal, 0 elsewhere."""
    nn.init.eye_(weight)
    with torch.no_grad():
        weight *= gain

"""What PyTorch lacks: functions and modules whose source an emitted file brings along.

Each needs only torch, `math` and others from this file. They are read as text, never imported by
the backend, and stand here as ruff formats them at 88 columns, the width of emitted source.
"""

# Emitted source is what an ordinary PyTorch user writes; and torch is not imported, see above.
# ruff: noqa: B905, N812, TID253
# fmt: off

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def same_pads(
    x: Tensor, kernel_size: tuple[int, int], stride: tuple[int, int]
) -> list[int]:
    """Zeros to add so that each size becomes ceil(size / stride), the odd one last."""
    pads = []
    for size, kernel, step in zip(x.shape[:1:-1], kernel_size[::-1], stride[::-1]):
        total = max((-(-size // step) - 1) * step + kernel - size, 0)
        pads += [total // 2, total - total // 2]
    return pads


def avg_pool2d(
    x: Tensor,
    kernel_size: int | tuple[int, int],
    stride: int | tuple[int, int],
    pads: list[int] | tuple[int, ...],
) -> Tensor:
    """The mean of each window over the cells that are not padding."""
    inside = F.pad(torch.ones_like(x[:1, :1]), pads)
    mean = F.avg_pool2d(F.pad(x, pads), kernel_size, stride)
    return mean / F.avg_pool2d(inside, kernel_size, stride)


def sparse_plus(x: Tensor) -> Tensor:
    """A smooth ReLU: (x + 1)² / 4 between -1 and 1."""
    return torch.where(x < 1, torch.clamp(x + 1, min=0).square() / 4, x)


def sparse_sigmoid(x: Tensor) -> Tensor:
    """(x + 1) / 2, held between 0 and 1."""
    return torch.clamp((x + 1) / 2, min=0, max=1)


def squareplus(x: Tensor) -> Tensor:
    """A smooth ReLU: (x + √(x² + 4)) / 2."""
    return (x + torch.sqrt(x * x + 4)) / 2


def sparsemax(x: Tensor, dim: int) -> Tensor:
    """The nearest point of the probability simplex (Martins and Astudillo, 2016)."""
    x = x.movedim(dim, -1)
    ordered = x.sort(dim=-1, descending=True).values
    count = torch.arange(1, x.shape[-1] + 1, dtype=x.dtype, device=x.device)
    threshold = ((ordered.cumsum(dim=-1) - 1) / count).amax(dim=-1, keepdim=True)
    return F.relu(x - threshold).movedim(-1, dim)


def without(module: nn.Module, parameter: str) -> nn.Module:
    """The module with one of its parameters left out."""
    module.register_parameter(parameter, None)
    return module


class LocalContrastNorm(nn.Module):
    """Subtract the local mean, divide by the local deviation (Jarrett et al., 2009)."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.size = size
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        centred = x - self.local_mean(x)
        return centred / torch.sqrt(self.local_mean(centred.square()) + self.eps)

    def local_mean(self, x: Tensor) -> Tensor:
        """The mean over all channels and the cells of the window that exist."""
        return F.avg_pool2d(
            x.mean(dim=1, keepdim=True),
            self.size,
            stride=1,
            padding=self.size // 2,
            count_include_pad=False,
        )


class ChannelRescaling(nn.Module):
    """`x * scale + offset`, with numbers that broadcast to `shape`."""

    def __init__(
        self,
        scale: float | tuple[float, ...],
        offset: float | tuple[float, ...],
        shape: tuple[int, ...],
    ) -> None:
        super().__init__()
        for name, values in (("scale", scale), ("offset", offset)):
            values = torch.tensor(values)
            values = values.reshape(shape) if values.ndim else values
            self.register_buffer(name, values, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.offset


class MaskDropout(nn.Module):
    """Dropout that decides along `dims` together, from a seed if there is one."""

    def __init__(
        self, p: float, dims: tuple[int, ...] = (), seed: int | None = None
    ) -> None:
        super().__init__()
        self.p = p
        self.dims = dims
        self.generator = None if seed is None else torch.Generator().manual_seed(seed)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        shape = [1 if dim in self.dims else size for dim, size in enumerate(x.shape)]
        dropped = torch.rand(shape, generator=self.generator).to(x.device) < self.p
        return torch.where(dropped, 0, x / max(1 - self.p, 1e-7))


class RandomFlip(nn.Module):
    """In training, mirror each image along `dims` or not, with equal chances."""

    def __init__(self, dims: tuple[int, ...], seed: int | None = None) -> None:
        super().__init__()
        self.dims = dims
        self.generator = None if seed is None else torch.Generator().manual_seed(seed)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        flips = torch.rand(len(x), 1, 1, 1, generator=self.generator) <= 0.5
        return torch.where(flips.to(x.device), x.flip(self.dims), x)


def warp(
    x: Tensor, matrices: Tensor, fill_mode: str, interpolation: str, fill_value: float
) -> Tensor:
    """Each image mapped about its centre: `matrices` give the place a pixel comes from.

    x: [N, C, H, W]. matrices: [N, 2, 2], of places (x, y) in pixels.
    fill_mode: what lies beyond the edge: "constant" (`fill_value`), "nearest",
    "reflect" or "wrap".
    """
    size = x.new_tensor([x.shape[3], x.shape[2]])
    centre = (size - 1) / 2
    columns = torch.arange(x.shape[3], device=x.device) - centre[0]
    rows = torch.arange(x.shape[2], device=x.device) - centre[1]
    places = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1)
    places = torch.einsum("nij,hwj->nhwi", matrices.to(x), places)
    if fill_mode == "wrap":  # as TensorFlow counts turns: from the last pixel on
        places, last = places + centre, size - 1
        turns = torch.ceil(places / last) - 1
        beyond = (places < 0) | (places > last)
        places = torch.where(beyond, places - turns * size, places)
        places = places.clamp(torch.zeros_like(last), last) - centre
    modes = {"constant": "zeros", "nearest": "border", "reflect": "reflection"}
    mode = modes.get(fill_mode, "border")
    base = fill_value if fill_mode == "constant" else 0.0
    grid = 2 * places / size
    return base + F.grid_sample(
        x - base, grid, mode=interpolation, padding_mode=mode, align_corners=False
    )


class RandomRotation(nn.Module):
    """In training, turn each image by an angle between two numbers of full turns."""

    def __init__(
        self,
        factor: tuple[float, float],
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
    ) -> None:
        super().__init__()
        self.factor = factor
        self.fill = (fill_mode, interpolation, fill_value)
        self.generator = None if seed is None else torch.Generator().manual_seed(seed)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        turns = torch.empty(len(x)).uniform_(*self.factor, generator=self.generator)
        cos, sin = torch.cos(2 * math.pi * turns), torch.sin(2 * math.pi * turns)
        matrices = torch.stack([cos, -sin, sin, cos], dim=-1).reshape(-1, 2, 2)
        return warp(x, matrices, *self.fill)


class RandomZoom(nn.Module):
    """In training, sample each image in steps of 1 + a factor: positive is smaller.

    width_factor: if absent, the width is scaled as the height is.
    """

    def __init__(
        self,
        height_factor: tuple[float, float],
        width_factor: tuple[float, float] | None = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
    ) -> None:
        super().__init__()
        self.height_factor = height_factor
        self.width_factor = width_factor
        self.fill = (fill_mode, interpolation, fill_value)
        self.generator = None if seed is None else torch.Generator().manual_seed(seed)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        height = self.steps(len(x), self.height_factor)
        width = self.steps(len(x), self.width_factor) if self.width_factor else height
        matrices = torch.diag_embed(torch.stack([width, height], dim=-1))
        return warp(x, matrices, *self.fill)

    def steps(self, count: int, factor: tuple[float, float]) -> Tensor:
        """`count` distances between the pixels to sample, in pixels."""
        return 1 + torch.empty(count).uniform_(*factor, generator=self.generator)


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

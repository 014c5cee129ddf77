"""Normalizations that PyTorch lacks, or has with other weights."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def without(module: nn.Module, parameter: str) -> nn.Module:
    """The module with one of its parameters left out."""
    module.register_parameter(parameter, None)
    return module


class BiasGroupNorm(nn.GroupNorm):
    """Group normalization with a bias and no weight."""

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5) -> None:
        super().__init__(num_groups, num_channels, eps, affine=False)
        self.bias = nn.Parameter(torch.empty(num_channels))

    def forward(self, x: Tensor) -> Tensor:
        bias = self.bias.reshape(-1, *[1] * (x.ndim - 2))
        return F.group_norm(x, self.num_groups, eps=self.eps) + bias


class LayerScale(nn.Module):
    """A learnt factor for each channel (Touvron et al., 2021); `shape` broadcasts them."""

    def __init__(self, channels: int, shape: tuple[int, ...] = (-1,)) -> None:
        super().__init__()
        self.shape = shape
        self.weight = nn.Parameter(torch.empty(channels))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight.reshape(self.shape)


class Normalize(nn.Module):
    """`(x - mean) / std`, or its inverse, with numbers that broadcast to `shape`."""

    def __init__(
        self,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        shape: tuple[int, ...],
        invert: bool = False,
    ) -> None:
        super().__init__()
        self.invert = invert
        for name, values in (("mean", mean), ("std", std)):
            values = torch.tensor(values).reshape(shape)
            self.register_buffer(name, values, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        y = x * self.std + self.mean if self.invert else (x - self.mean) / self.std
        return y.to(x.dtype)


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

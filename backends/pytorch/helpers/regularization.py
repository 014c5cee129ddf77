"""Noise in training."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


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
        return torch.where(self.dropped(x), 0, x / max(1 - self.p, 1e-7))

    def dropped(self, x: Tensor) -> Tensor:
        """A mask that broadcasts to `x`: true with probability `p`."""
        shape = [1 if dim in self.dims else size for dim, size in enumerate(x.shape)]
        device = "cpu" if self.generator else x.device
        drawn = torch.rand(shape, generator=self.generator, device=device)
        return drawn.to(x.device) < self.p


class MaskAlphaDropout(MaskDropout):
    """Alpha dropout that decides along `dims` together, from a seed if there is one."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        limit = -1.7580993408473766  # of selu
        a = 1 / math.sqrt((1 - self.p) * (1 + self.p * limit**2))
        return a * torch.where(self.dropped(x), limit, x) - a * limit * self.p


class GaussianNoise(nn.Module):
    """In training, add a normal number to each element, from a seed if there is one."""

    def __init__(self, std: float, seed: int | None = None) -> None:
        super().__init__()
        self.std = std
        self.generator = None if seed is None else torch.Generator().manual_seed(seed)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.noise(x) if self.training else x

    def noise(self, x: Tensor) -> Tensor:
        """A normal number for each element."""
        if self.generator is None:
            return self.std * torch.randn_like(x)
        return self.std * torch.randn(x.shape, generator=self.generator).to(x)


class GaussianDropout(GaussianNoise):
    """In training, multiply each element by a normal number of mean 1."""

    def __init__(self, p: float, seed: int | None = None) -> None:
        super().__init__(math.sqrt(p / (1 - p)), seed)

    def forward(self, x: Tensor) -> Tensor:
        return x + x * self.noise(x) if self.training else x

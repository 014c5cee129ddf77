"""Positions, and the token of the class."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class PositionEmbedding(nn.Module):
    """Add a learnt vector for each position of a sequence [N, ..., T, C]."""

    def __init__(self, sequence_length: int, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(sequence_length, channels))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.weight[: x.shape[-2]]


class SinusoidalEmbedding(nn.Module):
    """Add sines and cosines of the positions to a sequence [N, ..., T, C]."""

    def __init__(self, channels: int, max_wavelength: float = 10000.0) -> None:
        super().__init__()
        rates = [max_wavelength ** (-i / channels) for i in range(0, channels, 2)]
        self.register_buffer("rates", torch.tensor(rates), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        positions = torch.arange(x.shape[-2], device=x.device)
        angles = positions[:, None] * self.rates
        waves = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)
        return x + waves[:, : x.shape[-1]].to(x.dtype)


class RotaryEmbedding(nn.Module):
    """Turn channels i and i + C/2 by angles that grow with the position along `dim`."""

    def __init__(
        self,
        channels: int,
        dim: int = 1,
        max_wavelength: float = 10000.0,
        scaling_factor: float = 1.0,
    ) -> None:
        super().__init__()
        self.dim = dim
        exponents = [-i / channels for i in range(0, channels, 2)]
        rates = [max_wavelength**each / scaling_factor for each in exponents]
        self.register_buffer("rates", torch.tensor(rates), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        positions = torch.arange(x.shape[self.dim], device=x.device)
        between = (1,) * (x.ndim - 2 - self.dim)
        angles = positions.reshape(-1, *between, 1) * self.rates
        cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
        first, second = x.chunk(2, dim=-1)
        turned = [first * cos - second * sin, second * cos + first * sin]
        return torch.cat(turned, dim=-1)


class ClassToken(nn.Module):
    """Put a learnt vector before a sequence: [N, T, C] becomes [N, T + 1, C]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(1, channels))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.weight.expand(len(x), 1, -1), x], dim=1)

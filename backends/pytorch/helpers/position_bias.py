"""Biases of attention that depend on positions."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


class RelativePositionBias(nn.Module):
    """A bias [1, heads, T, S] for each range of distances (Raffel et al., 2019).

    The first distances have a range each; the others grow up to `max_distance`.
    """

    def __init__(
        self,
        num_heads: int,
        num_buckets: int = 32,
        max_distance: int = 128,
        bidirectional: bool = True,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_buckets, num_heads))
        self.later = num_buckets // 2 if bidirectional else 0
        buckets = num_buckets - self.later
        exact, steps = buckets // 2, buckets - buckets // 2
        far = [exact * (max_distance / exact) ** (i / steps) for i in range(1, steps)]
        near = list(range(1, exact + 1))
        thresholds = torch.tensor(near + [math.ceil(each - 1e-9) for each in far])
        self.register_buffer("thresholds", thresholds, persistent=False)

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        rows = torch.arange(query.shape[-2], device=query.device)[:, None]
        after = torch.arange(key.shape[-2], device=query.device) - rows
        distances = after.abs() if self.later else (-after).clamp(min=0)
        buckets = torch.bucketize(distances, self.thresholds, right=True)
        buckets = buckets + self.later * (after > 0)
        return self.weight[buckets].permute(2, 0, 1)[None]


class WindowPositionBias(nn.Module):
    """A bias [1, heads, T, T] for each offset in a window (Liu et al., 2021)."""

    def __init__(self, num_heads: int, window_size: tuple[int, int]) -> None:
        super().__init__()
        height, width = window_size
        offsets = (2 * height - 1) * (2 * width - 1)
        self.weight = nn.Parameter(torch.empty(offsets, num_heads))
        cells = torch.cartesian_prod(torch.arange(height), torch.arange(width))
        down, right = (cells[:, None] - cells).unbind(dim=-1)
        indices = (down + height - 1) * (2 * width - 1) + right + width - 1
        self.register_buffer("indices", indices, persistent=False)

    def forward(self) -> Tensor:
        return self.weight[self.indices].permute(2, 0, 1)[None]

"""Means over what a mask leaves."""

from __future__ import annotations

from torch import Tensor


def masked_mean(x: Tensor, mask: Tensor, keepdim: bool = False) -> Tensor:
    """The mean of [N, T, C] over the steps at which the mask [N, T] is true."""
    kept = mask.unsqueeze(-1)
    return x.where(kept, 0).sum(1, keepdim) / kept.sum(1, keepdim)

"""What weights are kept to after a step; `dim` is what a norm runs along.

Keras adds its epsilon of 1e-7 to a norm that it divides by.
"""

from __future__ import annotations

from torch import Tensor


def max_norm_(weight: Tensor, max_value: float, dim: int | tuple[int, ...]) -> None:
    """Scale `weight`, in place, so that its norms are at most `max_value`."""
    norm = weight.square().sum(dim, keepdim=True).sqrt()
    weight.mul_(norm.clamp(max=max_value) / (norm + 1e-7))


def min_max_norm_(
    weight: Tensor,
    min_value: float,
    max_value: float,
    dim: int | tuple[int, ...],
    rate: float = 1.0,
) -> None:
    """Move the norms of `weight`, in place, by `rate` of the way to the bounds."""
    norm = weight.square().sum(dim, keepdim=True).sqrt()
    desired = rate * norm.clamp(min_value, max_value) + (1 - rate) * norm
    weight.mul_(desired / (norm + 1e-7))


def unit_norm_(weight: Tensor, dim: int | tuple[int, ...]) -> None:
    """Scale `weight`, in place, so that its norms are 1."""
    weight.div_(weight.square().sum(dim, keepdim=True).sqrt() + 1e-7)

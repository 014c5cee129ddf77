"""Masks of steps."""

from __future__ import annotations

from torch import Tensor


def masking(x: Tensor, mask_value: float) -> tuple[Tensor, Tensor]:
    """`x` with 0 where it is masked, and the mask: which steps differ from the value."""
    mask = (x != mask_value).any(dim=-1)
    return x.masked_fill(~mask[..., None], 0), mask

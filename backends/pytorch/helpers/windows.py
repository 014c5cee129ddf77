"""Pads of windows."""

from __future__ import annotations

from torch import Tensor


def same_pads(
    x: Tensor, kernel_size: tuple[int, ...], stride: tuple[int, ...]
) -> list[int]:
    """Zeros to add so that each size becomes ceil(size / stride), the odd one last."""
    pads = []
    for size, kernel, step in zip(x.shape[:1:-1], kernel_size[::-1], stride[::-1]):
        total = max((-(-size // step) - 1) * step + kernel - size, 0)
        pads += [total // 2, total - total // 2]
    return pads

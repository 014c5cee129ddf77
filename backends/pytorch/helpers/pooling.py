"""Poolings as Keras has them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def avg_pool(
    x: Tensor,
    kernel_size: int | tuple[int, ...],
    stride: int | tuple[int, ...],
    pads: list[int] | tuple[int, ...],
) -> Tensor:
    """The mean of each window over the cells that are not padding."""
    pool = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[x.dim() - 3]
    inside = F.pad(torch.ones_like(x[:1, :1]), pads)
    return pool(F.pad(x, pads), kernel_size, stride) / pool(inside, kernel_size, stride)

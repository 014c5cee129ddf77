"""Activations that PyTorch lacks."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def sparse_plus(x: Tensor) -> Tensor:
    """A smooth ReLU: (x + 1)² / 4 between -1 and 1."""
    return torch.where(x < 1, torch.clamp(x + 1, min=0).square() / 4, x)


def sparse_sigmoid(x: Tensor) -> Tensor:
    """(x + 1) / 2, held between 0 and 1."""
    return torch.clamp((x + 1) / 2, min=0, max=1)


def squareplus(x: Tensor) -> Tensor:
    """A smooth ReLU: (x + √(x² + 4)) / 2."""
    return (x + torch.sqrt(x * x + 4)) / 2


def sparsemax(x: Tensor, dim: int = -1) -> Tensor:
    """The nearest point of the probability simplex (Martins and Astudillo, 2016)."""
    x = x.movedim(dim, -1)
    ordered = x.sort(dim=-1, descending=True).values
    count = torch.arange(1, x.shape[-1] + 1, dtype=x.dtype, device=x.device)
    threshold = ((ordered.cumsum(dim=-1) - 1) / count).amax(dim=-1, keepdim=True)
    return F.relu(x - threshold).movedim(-1, dim)


class PReLU(nn.Module):
    """ReLU with learnt slopes below zero, one for each place or shared by broadcasting."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(shape))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x) - self.weight * F.relu(-x)

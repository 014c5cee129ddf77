"""Numbers as categories."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Discretization(nn.Module):
    """The number of boundaries that each element reaches."""

    def __init__(self, boundaries: tuple[float, ...]) -> None:
        super().__init__()
        self.register_buffer("boundaries", torch.tensor(boundaries), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        x = x.contiguous()  # which it asks for
        return torch.bucketize(x, self.boundaries, out_int32=True, right=True)

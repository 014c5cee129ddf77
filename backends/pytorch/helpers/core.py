"""Dense layers that PyTorch lacks."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class EinsumDense(nn.Module):
    """A kernel multiplied in along the axes that an equation names."""

    def __init__(
        self,
        equation: str,
        kernel_shape: tuple[int, ...],
        bias_shape: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        self.equation = equation
        self.weight = nn.Parameter(torch.empty(kernel_shape))
        bias = None if bias_shape is None else torch.empty(bias_shape)
        self.bias = None if bias is None else nn.Parameter(bias)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.einsum(self.equation, x, self.weight)
        return y if self.bias is None else y + self.bias

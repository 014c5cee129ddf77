"""The network that read cheques (LeCun et al., 1998, "Gradient-Based Learning Applied
to Document Recognition") as it is built today: C3 sees all maps of S2, pooling has no
weights, the end is linear.

Compiled by specc from the spec `lenet5`. Images are [N, C, H, W].
"""

import torch
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class Lenet5(nn.Module):
    """From `image` float32[N, 1, 32, 32] to `logits` float32[N, 10]."""

    def __init__(self) -> None:
        super().__init__()
        self.c1 = nn.Conv2d(1, 6, 5)
        self.s2 = nn.AvgPool2d(2)
        self.c3 = nn.Conv2d(6, 16, 5)
        self.s4 = nn.AvgPool2d(2)
        self.c5 = nn.Conv2d(16, 120, 5)
        self.f6 = nn.Linear(120, 84)
        self.logits = nn.Linear(84, 10)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = torch.tanh(self.c1(image))  # [N, 6, 28, 28]
        x = self.s2(x)  # [N, 6, 14, 14]
        x = torch.tanh(self.c3(x))  # [N, 16, 10, 10]
        x = self.s4(x)  # [N, 16, 5, 5]
        x = torch.tanh(self.c5(x))  # [N, 120, 1, 1]
        x = torch.flatten(x, 1)  # [N, 120]
        x = torch.tanh(self.f6(x))  # [N, 84]
        return self.logits(x)  # [N, 10]

"""A perceptron of two hidden layers for MNIST's digits, from a Keras guide on training
and evaluation.

Compiled by specc from the spec `dense_digits`.
"""

import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class DenseDigits(nn.Module):
    """From `pixels` float32[N, 784] to `logits` float32[N, 10]."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.ModuleList([nn.Linear(784, 64), nn.Linear(64, 64)])
        self.logits = nn.Linear(64, 10)
        self.apply(initialize)

    def forward(self, pixels: Tensor) -> Tensor:
        x = F.relu(self.hidden[0](pixels))  # [N, 64]
        x = F.relu(self.hidden[1](x))  # [N, 64]
        return self.logits(x)  # [N, 10]

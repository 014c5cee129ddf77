"""Which of ten kinds of clothing? The perceptron of a TensorFlow tutorial on
Fashion-MNIST. It is trained on logits; the variant `softmax` appends the layer that
makes probabilities of them.

Compiled by specc from the spec `fashion_mlp`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class FashionMlp(nn.Module):
    """From `image` float32[N, 28, 28] to `logits` float32[N, 10]."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(784, 128)
        self.logits = nn.Linear(128, 10)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = torch.flatten(image, 1)  # [N, 784]
        x = F.relu(self.dense(x))  # [N, 128]
        return self.logits(x)  # [N, 10]

"""Which number, 0 to 5, does the hand show? The small network of a tutorial on Keras's
functional API.

Compiled by specc from the spec `signs`. Images are [N, C, H, W].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class Signs(nn.Module):
    """From `image` float32[N, 3, 64, 64] to `probabilities` float32[N, 6]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 8, 4)
        self.max_pooling2d = nn.MaxPool2d(8)
        self.conv2d_1 = nn.Conv2d(8, 16, 2)
        self.max_pooling2d_1 = nn.MaxPool2d(4)
        self.probabilities = nn.Linear(64, 6)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.conv2d(F.pad(image, (1, 2, 1, 2)))  # [N, 8, 64, 64]
        x = F.relu(x)  # [N, 8, 64, 64]
        x = self.max_pooling2d(x)  # [N, 8, 8, 8]
        x = self.conv2d_1(F.pad(x, (0, 1, 0, 1)))  # [N, 16, 8, 8]
        x = F.relu(x)  # [N, 16, 8, 8]
        x = self.max_pooling2d_1(x)  # [N, 16, 2, 2]
        x = x.permute(0, 2, 3, 1)  # [N, 2, 2, 16]
        x = torch.flatten(x, 1)  # [N, 64]
        return F.softmax(self.probabilities(x), dim=-1)  # [N, 6]

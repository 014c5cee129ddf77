"""Which of five flowers? The network of a TensorFlow tutorial on image classification,
first as it overfits, then (variant `augmented`) with random changes to the images and
dropout.

Compiled by specc from the spec `flowers`. Images are [N, C, H, W].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.max_pooling2d = nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv2d(x))  # [N, out_channels, H, W]
        return self.max_pooling2d(x)  # [N, out_channels, H, W]


class Flowers(nn.Module):
    """From `image` float32[N, 3, 180, 180] to `logits` float32[N, 5]."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = nn.Sequential(Stage(3, 16), Stage(16, 32), Stage(32, 64))
        self.dense = nn.Linear(30976, 128)
        self.logits = nn.Linear(128, 5)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = image * 0.00392156862745098  # [N, 3, 180, 180]
        x = self.stage(x)  # [N, 64, 22, 22]
        x = x.permute(0, 2, 3, 1)  # [N, 22, 22, 64]
        x = torch.flatten(x, 1)  # [N, 30976]
        x = F.relu(self.dense(x))  # [N, 128]
        return self.logits(x)  # [N, 5]

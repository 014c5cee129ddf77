"""Is the face at the door happy? The one-convolution network of a Keras tutorial, for
photographs of 64×64 pixels.

Compiled by specc from the spec `happy_house`. Images are [N, C, H, W].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class HappyHouse(nn.Module):
    """From `image` float32[N, 3, 64, 64] to `probability` float32[N, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.zero_padding2d = nn.ZeroPad2d(3)
        self.conv2d = nn.Conv2d(3, 32, 7)
        self.batch_normalization = nn.BatchNorm2d(32, eps=0.001, momentum=0.01)
        self.max_pooling2d = nn.MaxPool2d(2)
        self.probability = nn.Linear(32768, 1)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.zero_padding2d(image)  # [N, 3, 70, 70]
        x = self.conv2d(x)  # [N, 32, 64, 64]
        x = self.batch_normalization(x)  # [N, 32, 64, 64]
        x = F.relu(x)  # [N, 32, 64, 64]
        x = self.max_pooling2d(x)  # [N, 32, 32, 32]
        x = x.permute(0, 2, 3, 1)  # [N, 32, 32, 32]
        x = torch.flatten(x, 1)  # [N, 32768]
        return torch.sigmoid(self.probability(x))  # [N, 1]

"""Monkeypox or another rash? The network of a tutorial on classifying 224×224
photographs of skin.

Compiled by specc from the spec `monkeypox`. Images are [N, C, H, W].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class Monkeypox(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 2]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 16, 3)
        self.average_pooling2d = nn.AvgPool2d(2)
        self.conv2d_1 = nn.Conv2d(16, 32, 3)
        self.average_pooling2d_1 = nn.AvgPool2d(2)
        self.dropout = nn.Dropout(0.3)
        self.conv2d_2 = nn.Conv2d(32, 64, 3)
        self.dropout_1 = nn.Dropout(0.3)
        self.dense = nn.Linear(173056, 128)
        self.logits = nn.Linear(128, 2)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = image * 0.00392156862745098  # [N, 3, 224, 224]
        x = F.relu(self.conv2d(x))  # [N, 16, 222, 222]
        x = self.average_pooling2d(x)  # [N, 16, 111, 111]
        x = F.relu(self.conv2d_1(x))  # [N, 32, 109, 109]
        x = self.average_pooling2d_1(x)  # [N, 32, 54, 54]
        x = self.dropout(x)  # [N, 32, 54, 54]
        x = F.relu(self.conv2d_2(x))  # [N, 64, 52, 52]
        x = self.dropout_1(x)  # [N, 64, 52, 52]
        x = x.permute(0, 2, 3, 1)  # [N, 52, 52, 64]
        x = torch.flatten(x, 1)  # [N, 173056]
        x = F.relu(self.dense(x))  # [N, 128]
        return self.logits(x)  # [N, 2]

"""A small convolutional network for the 8×8 handwritten digits that ship with
scikit-learn. It gets 98 of 100 right after a few seconds of training.

Compiled by specc from the spec `digits_cnn`. Images are [N, C, H, W].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, nn.Conv2d):
        nn.init.xavier_uniform_(module.weight)
    elif isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class DigitsCnn(nn.Module):
    """From `image` float32[N, 1, 8, 8] to `logits` float32[N, 10]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(1, 16, 3, padding=1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(16, eps=0.001)
        self.conv2d_1 = nn.Conv2d(16, 32, 3, padding=1, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(32, eps=0.001)
        self.max_pooling2d = nn.MaxPool2d(2)
        self.dropout = nn.Dropout(0.25)
        self.logits = nn.Linear(512, 10)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = image * 0.0625  # [N, 1, 8, 8]
        x = self.conv2d(x)  # [N, 16, 8, 8]
        x = self.batch_normalization(x)  # [N, 16, 8, 8]
        x = F.relu(x)  # [N, 16, 8, 8]
        x = self.conv2d_1(x)  # [N, 32, 8, 8]
        x = self.batch_normalization_1(x)  # [N, 32, 8, 8]
        x = F.relu(x)  # [N, 32, 8, 8]
        x = self.max_pooling2d(x)  # [N, 32, 4, 4]
        x = x.permute(0, 2, 3, 1)  # [N, 4, 4, 32]
        x = torch.flatten(x, 1)  # [N, 512]
        x = self.dropout(x)  # [N, 512]
        return self.logits(x)  # [N, 10]

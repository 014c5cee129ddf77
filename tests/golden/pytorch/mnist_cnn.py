"""A small convolutional network for pictures of 28×28 grey pixels, such as MNIST's
digits and Fashion-MNIST's clothes: two convolutions, each with batch normalization and
pooling.

Compiled by specc from the spec `mnist_cnn`. Images are [N, C, H, W].
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


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(
            out_channels, eps=0.001, momentum=0.01
        )
        self.max_pooling2d = nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, out_channels, H, W]
        x = self.batch_normalization(x)  # [N, out_channels, H, W]
        x = F.relu(x)  # [N, out_channels, H, W]
        return self.max_pooling2d(x)  # [N, out_channels, H, W]


class MnistCnn(nn.Module):
    """From `image` float32[N, 1, 28, 28] to `logits` float32[N, 10]."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = nn.Sequential(Stage(1, 32), Stage(32, 64))
        self.dropout = nn.Dropout(0.3)
        self.dense = nn.Linear(3136, 128)
        self.dropout_1 = nn.Dropout(0.3)
        self.logits = nn.Linear(128, 10)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.stage(image)  # [N, 64, 7, 7]
        x = self.dropout(x)  # [N, 64, 7, 7]
        x = x.permute(0, 2, 3, 1)  # [N, 7, 7, 64]
        x = torch.flatten(x, 1)  # [N, 3136]
        x = F.relu(self.dense(x))  # [N, 128]
        x = self.dropout_1(x)  # [N, 128]
        return self.logits(x)  # [N, 10]

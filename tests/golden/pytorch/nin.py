"""Network in network for CIFAR-10 (Lin, Chen and Yan, 2013, "Network In Network"): 1×1
convolutions look at each pixel again, and the mean of a map is the score of a class.

Compiled by specc from the spec `nin`. Images are [N, C, H, W].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, nn.Conv2d):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class Mlpconv(nn.Module):
    """The block `mlpconv`."""

    def __init__(
        self, in_channels: int, kernel_size: int, hidden: int, out_channels: int
    ) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(in_channels, 192, kernel_size, padding=kernel_size // 2)
        self.conv2d_1 = nn.Conv2d(192, hidden, 1)
        self.conv2d_2 = nn.Conv2d(hidden, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv2d(x))  # [N, 192, H, W]
        x = F.relu(self.conv2d_1(x))  # [N, hidden, H, W]
        return F.relu(self.conv2d_2(x))  # [N, out_channels, H, W]


class Nin(nn.Module):
    """From `image` float32[N, 3, 32, 32] to `logits` float32[N, 10]."""

    def __init__(self) -> None:
        super().__init__()
        self.mlpconv = Mlpconv(3, 5, 160, 96)
        self.max_pooling2d = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.dropout = nn.Dropout(0.5)
        self.mlpconv_1 = Mlpconv(96, 5, 192, 192)
        self.average_pooling2d = nn.AvgPool2d(3, stride=2, ceil_mode=True)
        self.dropout_1 = nn.Dropout(0.5)
        self.mlpconv_2 = Mlpconv(192, 3, 192, 10)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.mlpconv(image)  # [N, 96, 32, 32]
        x = self.max_pooling2d(x)  # [N, 96, 16, 16]
        x = self.dropout(x)  # [N, 96, 16, 16]
        x = self.mlpconv_1(x)  # [N, 192, 16, 16]
        x = self.average_pooling2d(x)  # [N, 192, 8, 8]
        x = self.dropout_1(x)  # [N, 192, 8, 8]
        x = self.mlpconv_2(x)  # [N, 10, 8, 8]
        return torch.mean(x, dim=(2, 3))  # [N, 10]

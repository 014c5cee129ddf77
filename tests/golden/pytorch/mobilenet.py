"""A network of depthwise separable convolutions (Howard et al., 2017, "MobileNets:
Efficient Convolutional Neural Networks for Mobile Vision Applications"), as Keras has
it.

Compiled by specc from the spec `mobilenet`. Images are [N, C, H, W].
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


class Separable(nn.Module):
    """The block `separable`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.depthwise_conv2d = nn.Conv2d(
            in_channels, in_channels, 3, padding=1, groups=in_channels, bias=False
        )
        self.batch_normalization = nn.BatchNorm2d(in_channels, eps=0.001, momentum=0.01)
        self.conv2d = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(
            out_channels, eps=0.001, momentum=0.01
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.depthwise_conv2d(x)  # [N, in_channels, H, W]
        x = self.batch_normalization(x)  # [N, in_channels, H, W]
        x = F.relu6(x)  # [N, in_channels, H, W]
        x = self.conv2d(x)  # [N, out_channels, H, W]
        x = self.batch_normalization_1(x)  # [N, out_channels, H, W]
        return F.relu6(x)  # [N, out_channels, H, W]


class Separable2(nn.Module):
    """The block `separable`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.depthwise_conv2d = nn.Conv2d(
            in_channels, in_channels, 3, stride=2, groups=in_channels, bias=False
        )
        self.batch_normalization = nn.BatchNorm2d(in_channels, eps=0.001, momentum=0.01)
        self.conv2d = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(
            out_channels, eps=0.001, momentum=0.01
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.depthwise_conv2d(F.pad(x, (0, 1, 0, 1)))  # [N, in_channels, H, W]
        x = self.batch_normalization(x)  # [N, in_channels, H, W]
        x = F.relu6(x)  # [N, in_channels, H, W]
        x = self.conv2d(x)  # [N, out_channels, H, W]
        x = self.batch_normalization_1(x)  # [N, out_channels, H, W]
        return F.relu6(x)  # [N, out_channels, H, W]


class Mobilenet(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 32, 3, stride=2, bias=False)
        self.batch_normalization = nn.BatchNorm2d(32, eps=0.001, momentum=0.01)
        self.block = nn.Sequential(
            Separable(32, 64),
            Separable2(64, 128),
            Separable(128, 128),
            Separable2(128, 256),
            Separable(256, 256),
            Separable2(256, 512),
            *(Separable(512, 512) for _ in range(5)),
            Separable2(512, 1024),
            Separable(1024, 1024),
        )
        self.dropout = nn.Dropout(0.001)
        self.logits = nn.Linear(1024, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.conv2d(F.pad(image, (0, 1, 0, 1)))  # [N, 32, 112, 112]
        x = self.batch_normalization(x)  # [N, 32, 112, 112]
        x = F.relu6(x)  # [N, 32, 112, 112]
        x = self.block(x)  # [N, 1024, 7, 7]
        x = torch.mean(x, dim=(2, 3))  # [N, 1024]
        x = self.dropout(x)  # [N, 1024]
        return self.logits(x)  # [N, 1000]

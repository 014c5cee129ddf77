"""The first Inception network (Szegedy et al., 2015, "Going Deeper with Convolutions"),
without the two classifiers that helped to train it. The variant `batch_normalization`
is torchvision's form, whose widest convolutions are 3×3.

Compiled by specc from the spec `googlenet`. Images are [N, C, H, W].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class Convolution(nn.Module):
    """The block `convolution`."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1
    ) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=kernel_size // 2,
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, out_channels, H, W]
        return F.relu(x)  # [N, out_channels, H, W]


class Inception(nn.Module):
    """The block `inception`."""

    def __init__(
        self,
        in_channels: int,
        pixel_channels: int,
        small_reduced_channels: int,
        small_channels: int,
        large_reduced_channels: int,
        large_channels: int,
        pooled_channels: int,
    ) -> None:
        super().__init__()
        self.pixel = Convolution(in_channels, pixel_channels, 1)
        self.small_reduced = Convolution(in_channels, small_reduced_channels, 1)
        self.small = Convolution(small_reduced_channels, small_channels, 3)
        self.large_reduced = Convolution(in_channels, large_reduced_channels, 1)
        self.large = Convolution(large_reduced_channels, large_channels, 5)
        self.max_pooling2d = nn.MaxPool2d(3, stride=1, padding=1)
        self.pooled = Convolution(in_channels, pooled_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        pixel = self.pixel(x)  # [N, pixel_channels, H, W]
        y = self.small_reduced(x)  # [N, small_reduced_channels, H, W]
        small = self.small(y)  # [N, small_channels, H, W]
        y = self.large_reduced(x)  # [N, large_reduced_channels, H, W]
        large = self.large(y)  # [N, large_channels, H, W]
        x = self.max_pooling2d(x)  # [N, in_channels, H, W]
        x = self.pooled(x)  # [N, pooled_channels, H, W]
        return torch.cat([pixel, small, large, x], dim=1)  # [N, C, H, W]


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self, max_pooling2d: nn.Module, block: nn.Module) -> None:
        super().__init__()
        self.max_pooling2d = max_pooling2d
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        x = self.max_pooling2d(x)  # [N, C, H, W]
        return self.block(x)  # [N, C, H, W]


class Googlenet(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = Convolution(3, 64, 7, stride=2)
        self.max_pooling2d = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.local_response_normalization = nn.LocalResponseNorm(5)
        self.convolution_1 = Convolution(64, 64, 1)
        self.convolution_2 = Convolution(64, 192, 3)
        self.local_response_normalization_1 = nn.LocalResponseNorm(5)
        self.max_pooling2d_1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.stage = nn.Sequential(
            Stage(
                max_pooling2d=nn.Identity(),
                block=nn.Sequential(
                    Inception(192, 64, 96, 128, 16, 32, 32),
                    Inception(256, 128, 128, 192, 32, 96, 64),
                ),
            ),
            Stage(
                max_pooling2d=nn.MaxPool2d(3, stride=2, ceil_mode=True),
                block=nn.Sequential(
                    Inception(480, 192, 96, 208, 16, 48, 64),
                    Inception(512, 160, 112, 224, 24, 64, 64),
                    Inception(512, 128, 128, 256, 24, 64, 64),
                    Inception(512, 112, 144, 288, 32, 64, 64),
                    Inception(528, 256, 160, 320, 32, 128, 128),
                ),
            ),
            Stage(
                max_pooling2d=nn.MaxPool2d(3, stride=2, ceil_mode=True),
                block=nn.Sequential(
                    Inception(832, 256, 160, 320, 32, 128, 128),
                    Inception(832, 384, 192, 384, 48, 128, 128),
                ),
            ),
        )
        self.dropout = nn.Dropout(0.4)
        self.logits = nn.Linear(1024, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.convolution(image)  # [N, 64, 112, 112]
        x = self.max_pooling2d(x)  # [N, 64, 56, 56]
        x = self.local_response_normalization(x)  # [N, 64, 56, 56]
        x = self.convolution_1(x)  # [N, 64, 56, 56]
        x = self.convolution_2(x)  # [N, 192, 56, 56]
        x = self.local_response_normalization_1(x)  # [N, 192, 56, 56]
        x = self.max_pooling2d_1(x)  # [N, 192, 28, 28]
        x = self.stage(x)  # [N, 1024, 7, 7]
        x = torch.mean(x, dim=(2, 3))  # [N, 1024]
        x = self.dropout(x)  # [N, 1024]
        return self.logits(x)  # [N, 1000]

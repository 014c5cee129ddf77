"""The first Inception network (Szegedy et al., 2015, "Going Deeper with Convolutions"),
without the two classifiers that helped to train it. The variant `batch_normalization`
is torchvision's form, whose widest convolutions are 3×3.

Compiled by specc from the spec `googlenet`. Images are [N, C, H, W].
"""

import torch
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class Convolution(nn.Module):
    """The block `convolution`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int,
        padding: int,
    ) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(
            in_channels, out_channels, kernel_size, stride=stride, padding=padding
        )
        self.re_lu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, out_channels, H, W]
        return self.re_lu(x)  # [N, out_channels, H, W]


class Inception(nn.Module):
    """The block `inception`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        small_reduced_out_channels: int,
        small_out_channels: int,
        large_reduced_out_channels: int,
        large_out_channels: int,
        pooled_out_channels: int,
    ) -> None:
        super().__init__()
        self.pixel = Convolution(
            in_channels=in_channels,
            out_channels=out_channels,
            kernel_size=1,
            stride=1,
            padding=0,
        )
        self.small_reduced = Convolution(
            in_channels=in_channels,
            out_channels=small_reduced_out_channels,
            kernel_size=1,
            stride=1,
            padding=0,
        )
        self.small = Convolution(
            in_channels=small_reduced_out_channels,
            out_channels=small_out_channels,
            kernel_size=3,
            stride=1,
            padding=1,
        )
        self.large_reduced = Convolution(
            in_channels=in_channels,
            out_channels=large_reduced_out_channels,
            kernel_size=1,
            stride=1,
            padding=0,
        )
        self.large = Convolution(
            in_channels=large_reduced_out_channels,
            out_channels=large_out_channels,
            kernel_size=5,
            stride=1,
            padding=2,
        )
        self.max_pooling2d = nn.MaxPool2d(3, stride=1, padding=1)
        self.pooled = Convolution(
            in_channels=in_channels,
            out_channels=pooled_out_channels,
            kernel_size=1,
            stride=1,
            padding=0,
        )

    def forward(self, x: Tensor) -> Tensor:
        pixel = self.pixel(x)  # [N, out_channels, H, W]
        y = self.small_reduced(x)  # [N, small_reduced_out_channels, H, W]
        small = self.small(y)  # [N, small_out_channels, H, W]
        y = self.large_reduced(x)  # [N, large_reduced_out_channels, H, W]
        large = self.large(y)  # [N, large_out_channels, H, W]
        x = self.max_pooling2d(x)  # [N, in_channels, H, W]
        x = self.pooled(x)  # [N, pooled_out_channels, H, W]
        return torch.cat([pixel, small, large, x], dim=1)  # [N, C, H, W]


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self) -> None:
        super().__init__()
        self.block = nn.Sequential(
            Inception(
                in_channels=192,
                out_channels=64,
                small_reduced_out_channels=96,
                small_out_channels=128,
                large_reduced_out_channels=16,
                large_out_channels=32,
                pooled_out_channels=32,
            ),
            Inception(
                in_channels=256,
                out_channels=128,
                small_reduced_out_channels=128,
                small_out_channels=192,
                large_reduced_out_channels=32,
                large_out_channels=96,
                pooled_out_channels=64,
            ),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)  # [N, 480, 28, 28]


class Stage2(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self) -> None:
        super().__init__()
        self.max_pooling2d = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.block = nn.Sequential(
            Inception(
                in_channels=480,
                out_channels=192,
                small_reduced_out_channels=96,
                small_out_channels=208,
                large_reduced_out_channels=16,
                large_out_channels=48,
                pooled_out_channels=64,
            ),
            Inception(
                in_channels=512,
                out_channels=160,
                small_reduced_out_channels=112,
                small_out_channels=224,
                large_reduced_out_channels=24,
                large_out_channels=64,
                pooled_out_channels=64,
            ),
            Inception(
                in_channels=512,
                out_channels=128,
                small_reduced_out_channels=128,
                small_out_channels=256,
                large_reduced_out_channels=24,
                large_out_channels=64,
                pooled_out_channels=64,
            ),
            Inception(
                in_channels=512,
                out_channels=112,
                small_reduced_out_channels=144,
                small_out_channels=288,
                large_reduced_out_channels=32,
                large_out_channels=64,
                pooled_out_channels=64,
            ),
            Inception(
                in_channels=528,
                out_channels=256,
                small_reduced_out_channels=160,
                small_out_channels=320,
                large_reduced_out_channels=32,
                large_out_channels=128,
                pooled_out_channels=128,
            ),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.max_pooling2d(x)  # [N, 480, 14, 14]
        return self.block(x)  # [N, 832, 14, 14]


class Stage3(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self) -> None:
        super().__init__()
        self.max_pooling2d = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.block = nn.Sequential(
            Inception(
                in_channels=832,
                out_channels=256,
                small_reduced_out_channels=160,
                small_out_channels=320,
                large_reduced_out_channels=32,
                large_out_channels=128,
                pooled_out_channels=128,
            ),
            Inception(
                in_channels=832,
                out_channels=384,
                small_reduced_out_channels=192,
                small_out_channels=384,
                large_reduced_out_channels=48,
                large_out_channels=128,
                pooled_out_channels=128,
            ),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.max_pooling2d(x)  # [N, 832, 7, 7]
        return self.block(x)  # [N, 1024, 7, 7]


class Googlenet(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = Convolution(
            in_channels=3, out_channels=64, kernel_size=7, stride=2, padding=3
        )
        self.max_pooling2d = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.local_response_normalization = nn.LocalResponseNorm(5)
        self.convolution_1 = Convolution(
            in_channels=64, out_channels=64, kernel_size=1, stride=1, padding=0
        )
        self.convolution_2 = Convolution(
            in_channels=64, out_channels=192, kernel_size=3, stride=1, padding=1
        )
        self.local_response_normalization_1 = nn.LocalResponseNorm(5)
        self.max_pooling2d_1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.stage = nn.Sequential(Stage(), Stage2(), Stage3())
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

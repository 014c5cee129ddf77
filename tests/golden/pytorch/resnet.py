"""Residual networks (He et al., 2016, "Deep Residual Learning for Image Recognition"),
and with other widths inside the blocks ResNeXt (Xie et al., 2017, "Aggregated Residual
Transformations for Deep Neural Networks") and wide ResNet (Zagoruyko and Komodakis,
2016).

Compiled by specc from the spec `resnet`. Images are [N, C, H, W].
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
        self.norm = nn.BatchNorm2d(out_channels, eps=1.001e-05, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, out_channels, H, W]
        return self.norm(x)  # [N, out_channels, H, W]


class Residual(nn.Module):
    """The block `residual`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        convolution_out_channels: int,
    ) -> None:
        super().__init__()
        self.shortcut = Convolution(
            in_channels=in_channels,
            out_channels=out_channels,
            kernel_size=1,
            stride=stride,
            padding=0,
        )
        self.convolution = Convolution(
            in_channels=in_channels,
            out_channels=convolution_out_channels,
            kernel_size=1,
            stride=stride,
            padding=0,
        )
        self.re_lu = nn.ReLU()
        self.convolution_1 = Convolution(
            in_channels=convolution_out_channels,
            out_channels=convolution_out_channels,
            kernel_size=3,
            stride=1,
            padding=1,
        )
        self.re_lu_1 = nn.ReLU()
        self.convolution_2 = Convolution(
            in_channels=convolution_out_channels,
            out_channels=out_channels,
            kernel_size=1,
            stride=1,
            padding=0,
        )
        self.re_lu_2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        shortcut = self.shortcut(x)  # [N, out_channels, H, W]
        x = self.convolution(x)  # [N, convolution_out_channels, H, W]
        x = self.re_lu(x)  # [N, convolution_out_channels, H, W]
        x = self.convolution_1(x)  # [N, convolution_out_channels, H, W]
        x = self.re_lu_1(x)  # [N, convolution_out_channels, H, W]
        x = self.convolution_2(x)  # [N, out_channels, H, W]
        x = shortcut + x  # [N, out_channels, H, W]
        return self.re_lu_2(x)  # [N, out_channels, H, W]


class Residual2(nn.Module):
    """The block `residual`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.convolution = Convolution(
            in_channels=in_channels,
            out_channels=out_channels,
            kernel_size=1,
            stride=1,
            padding=0,
        )
        self.re_lu = nn.ReLU()
        self.convolution_1 = Convolution(
            in_channels=out_channels,
            out_channels=out_channels,
            kernel_size=3,
            stride=1,
            padding=1,
        )
        self.re_lu_1 = nn.ReLU()
        self.convolution_2 = Convolution(
            in_channels=out_channels,
            out_channels=in_channels,
            kernel_size=1,
            stride=1,
            padding=0,
        )
        self.re_lu_2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y = self.convolution(x)  # [N, out_channels, H, W]
        y = self.re_lu(y)  # [N, out_channels, H, W]
        y = self.convolution_1(y)  # [N, out_channels, H, W]
        y = self.re_lu_1(y)  # [N, out_channels, H, W]
        y = self.convolution_2(y)  # [N, in_channels, H, W]
        x = x + y  # [N, in_channels, H, W]
        return self.re_lu_2(x)  # [N, in_channels, H, W]


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        convolution_out_channels: int,
        count: int,
    ) -> None:
        super().__init__()
        self.block = nn.Sequential(
            Residual(
                in_channels=in_channels,
                out_channels=out_channels,
                stride=stride,
                convolution_out_channels=convolution_out_channels,
            ),
            *(
                Residual2(
                    in_channels=out_channels, out_channels=convolution_out_channels
                )
                for _ in range(count)
            ),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)  # [N, out_channels, H, W]


class Resnet(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Convolution(
            in_channels=3, out_channels=64, kernel_size=7, stride=2, padding=3
        )
        self.re_lu = nn.ReLU()
        self.max_pooling2d = nn.MaxPool2d(3, stride=2, padding=1)
        self.stage = nn.Sequential(
            Stage(
                in_channels=64,
                out_channels=256,
                stride=1,
                convolution_out_channels=64,
                count=2,
            ),
            Stage(
                in_channels=256,
                out_channels=512,
                stride=2,
                convolution_out_channels=128,
                count=3,
            ),
            Stage(
                in_channels=512,
                out_channels=1024,
                stride=2,
                convolution_out_channels=256,
                count=5,
            ),
            Stage(
                in_channels=1024,
                out_channels=2048,
                stride=2,
                convolution_out_channels=512,
                count=2,
            ),
        )
        self.logits = nn.Linear(2048, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image)  # [N, 64, 112, 112]
        x = self.re_lu(x)  # [N, 64, 112, 112]
        x = self.max_pooling2d(x)  # [N, 64, 56, 56]
        x = self.stage(x)  # [N, 2048, 7, 7]
        x = torch.mean(x, dim=(2, 3))  # [N, 2048]
        return self.logits(x)  # [N, 1000]

"""Residual networks whose widths grow along a line (Radosavovic et al., 2020,
"Designing Network Design Spaces"): RegNetX, and RegNetY with squeeze and excitation, as
torchvision has them.

Compiled by specc from the spec `regnet`. Images are [N, C, H, W].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, nn.Conv2d):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Linear):
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
        groups: int,
    ) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=padding,
            groups=groups,
            bias=False,
        )
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, out_channels, H, W]
        return self.norm(x)  # [N, out_channels, H, W]


class SqueezeExcitation(nn.Module):
    """The block `squeeze_excitation`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(in_channels, out_channels, 1)
        self.conv2d_1 = nn.Conv2d(out_channels, in_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.mean(x, dim=(2, 3), keepdim=True)  # [N, in_channels, 1, 1]
        y = F.relu(self.conv2d(y))  # [N, out_channels, 1, 1]
        y = torch.sigmoid(self.conv2d_1(y))  # [N, in_channels, 1, 1]
        return x * y  # [N, in_channels, H, W]


class Residual(nn.Module):
    """The block `residual`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        groups: int,
        squeeze_excitation_out_channels: int,
    ) -> None:
        super().__init__()
        self.shortcut = Convolution(
            in_channels=in_channels,
            out_channels=out_channels,
            kernel_size=1,
            stride=2,
            padding=0,
            groups=1,
        )
        self.convolution = Convolution(
            in_channels=in_channels,
            out_channels=out_channels,
            kernel_size=1,
            stride=1,
            padding=0,
            groups=1,
        )
        self.re_lu = nn.ReLU()
        self.convolution_1 = Convolution(
            in_channels=out_channels,
            out_channels=out_channels,
            kernel_size=3,
            stride=2,
            padding=1,
            groups=groups,
        )
        self.re_lu_1 = nn.ReLU()
        self.squeeze_excitation = SqueezeExcitation(
            in_channels=out_channels, out_channels=squeeze_excitation_out_channels
        )
        self.convolution_2 = Convolution(
            in_channels=out_channels,
            out_channels=out_channels,
            kernel_size=1,
            stride=1,
            padding=0,
            groups=1,
        )
        self.re_lu_2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        shortcut = self.shortcut(x)  # [N, out_channels, H, W]
        x = self.convolution(x)  # [N, out_channels, H, W]
        x = self.re_lu(x)  # [N, out_channels, H, W]
        x = self.convolution_1(x)  # [N, out_channels, H, W]
        x = self.re_lu_1(x)  # [N, out_channels, H, W]
        x = self.squeeze_excitation(x)  # [N, out_channels, H, W]
        x = self.convolution_2(x)  # [N, out_channels, H, W]
        x = shortcut + x  # [N, out_channels, H, W]
        return self.re_lu_2(x)  # [N, out_channels, H, W]


class Residual2(nn.Module):
    """The block `residual`."""

    def __init__(self, in_channels: int, groups: int, out_channels: int) -> None:
        super().__init__()
        self.convolution = Convolution(
            in_channels=in_channels,
            out_channels=in_channels,
            kernel_size=1,
            stride=1,
            padding=0,
            groups=1,
        )
        self.re_lu = nn.ReLU()
        self.convolution_1 = Convolution(
            in_channels=in_channels,
            out_channels=in_channels,
            kernel_size=3,
            stride=1,
            padding=1,
            groups=groups,
        )
        self.re_lu_1 = nn.ReLU()
        self.squeeze_excitation = SqueezeExcitation(
            in_channels=in_channels, out_channels=out_channels
        )
        self.convolution_2 = Convolution(
            in_channels=in_channels,
            out_channels=in_channels,
            kernel_size=1,
            stride=1,
            padding=0,
            groups=1,
        )
        self.re_lu_2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y = self.convolution(x)  # [N, in_channels, H, W]
        y = self.re_lu(y)  # [N, in_channels, H, W]
        y = self.convolution_1(y)  # [N, in_channels, H, W]
        y = self.re_lu_1(y)  # [N, in_channels, H, W]
        y = self.squeeze_excitation(y)  # [N, in_channels, H, W]
        y = self.convolution_2(y)  # [N, in_channels, H, W]
        x = x + y  # [N, in_channels, H, W]
        return self.re_lu_2(x)  # [N, in_channels, H, W]


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self) -> None:
        super().__init__()
        self.block = nn.Sequential(
            Residual(
                in_channels=32,
                out_channels=72,
                groups=3,
                squeeze_excitation_out_channels=8,
            ),
            Residual2(in_channels=72, groups=3, out_channels=18),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)  # [N, 72, 56, 56]


class Stage2(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        groups: int,
        squeeze_excitation_out_channels: int,
        block_out_channels: int,
        count: int,
    ) -> None:
        super().__init__()
        self.block = nn.Sequential(
            Residual(
                in_channels=in_channels,
                out_channels=out_channels,
                groups=groups,
                squeeze_excitation_out_channels=squeeze_excitation_out_channels,
            ),
            *(
                Residual2(
                    in_channels=out_channels,
                    groups=groups,
                    out_channels=block_out_channels,
                )
                for _ in range(count)
            ),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)  # [N, out_channels, H, W]


class Stage3(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self) -> None:
        super().__init__()
        self.block = nn.Sequential(
            Residual(
                in_channels=576,
                out_channels=1512,
                groups=63,
                squeeze_excitation_out_channels=144,
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)  # [N, 1512, 7, 7]


class Regnet(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Convolution(
            in_channels=3, out_channels=32, kernel_size=3, stride=2, padding=1, groups=1
        )
        self.re_lu = nn.ReLU()
        self.stage = nn.Sequential(
            Stage(),
            Stage2(
                in_channels=72,
                out_channels=216,
                groups=9,
                squeeze_excitation_out_channels=18,
                block_out_channels=54,
                count=4,
            ),
            Stage2(
                in_channels=216,
                out_channels=576,
                groups=24,
                squeeze_excitation_out_channels=54,
                block_out_channels=144,
                count=12,
            ),
            Stage3(),
        )
        self.logits = nn.Linear(1512, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image)  # [N, 32, 112, 112]
        x = self.re_lu(x)  # [N, 32, 112, 112]
        x = self.stage(x)  # [N, 1512, 7, 7]
        x = torch.mean(x, dim=(2, 3))  # [N, 1512]
        return self.logits(x)  # [N, 1000]

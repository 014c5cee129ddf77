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
        stride: int = 1,
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=kernel_size // 2,
            groups=groups,
            bias=False,
        )
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, out_channels, H, W]
        return self.norm(x)  # [N, out_channels, H, W]


class SqueezeExcitation(nn.Module):
    """The block `squeeze_excitation`."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(channels, hidden, 1)
        self.conv2d_1 = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.mean(x, dim=(2, 3), keepdim=True)  # [N, channels, 1, 1]
        y = F.relu(self.conv2d(y))  # [N, hidden, 1, 1]
        y = torch.sigmoid(self.conv2d_1(y))  # [N, channels, 1, 1]
        return x * y  # [N, channels, H, W]


class Residual(nn.Module):
    """The block `residual`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        hidden: int,
        shortcut: nn.Module,
        stride: int = 1,
        groups: int = 1,
    ) -> None:
        super().__init__()
        self.shortcut = shortcut
        self.convolution = Convolution(in_channels, out_channels, 1)
        self.convolution_1 = Convolution(
            out_channels, out_channels, 3, stride=stride, groups=groups
        )
        self.squeeze_excitation = SqueezeExcitation(out_channels, hidden)
        self.convolution_2 = Convolution(out_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = self.shortcut(x)  # [N, out_channels, H, W]
        x = self.convolution(x)  # [N, out_channels, H, W]
        x = F.relu(x)  # [N, out_channels, H, W]
        x = self.convolution_1(x)  # [N, out_channels, H, W]
        x = F.relu(x)  # [N, out_channels, H, W]
        x = self.squeeze_excitation(x)  # [N, out_channels, H, W]
        x = self.convolution_2(x)  # [N, out_channels, H, W]
        x = shortcut + x  # [N, out_channels, H, W]
        return F.relu(x)  # [N, out_channels, H, W]


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)  # [N, C, H, W]


class Regnet(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Convolution(3, 32, 3, stride=2)
        self.stage = nn.Sequential(
            Stage(
                nn.Sequential(
                    Residual(
                        32,
                        72,
                        8,
                        shortcut=Convolution(32, 72, 1, stride=2),
                        stride=2,
                        groups=3,
                    ),
                    Residual(72, 72, 18, shortcut=nn.Identity(), groups=3),
                )
            ),
            Stage(
                nn.Sequential(
                    Residual(
                        72,
                        216,
                        18,
                        shortcut=Convolution(72, 216, 1, stride=2),
                        stride=2,
                        groups=9,
                    ),
                    *(
                        Residual(216, 216, 54, shortcut=nn.Identity(), groups=9)
                        for _ in range(4)
                    ),
                )
            ),
            Stage(
                nn.Sequential(
                    Residual(
                        216,
                        576,
                        54,
                        shortcut=Convolution(216, 576, 1, stride=2),
                        stride=2,
                        groups=24,
                    ),
                    *(
                        Residual(576, 576, 144, shortcut=nn.Identity(), groups=24)
                        for _ in range(12)
                    ),
                )
            ),
            Stage(
                nn.Sequential(
                    Residual(
                        576,
                        1512,
                        144,
                        shortcut=Convolution(576, 1512, 1, stride=2),
                        stride=2,
                        groups=63,
                    )
                )
            ),
        )
        self.logits = nn.Linear(1512, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image)  # [N, 32, 112, 112]
        x = F.relu(x)  # [N, 32, 112, 112]
        x = self.stage(x)  # [N, 1512, 7, 7]
        x = torch.mean(x, dim=(2, 3))  # [N, 1512]
        return self.logits(x)  # [N, 1000]

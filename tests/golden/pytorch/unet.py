"""U-Net (Ronneberger et al., 2015, "U-Net: Convolutional Networks for Biomedical Image
Segmentation"): a class for each pixel of images of any size that is a multiple of 16.

Compiled by specc from the spec `unet`. Images are [N, C, H, W].
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def truncated_normal_(weight: Tensor, std: float) -> None:
    """A normal cut off at two deviations, whose deviation after that is `std`."""
    std /= 0.87962566103423978
    nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)


def he_normal_(weight: Tensor) -> None:
    """A truncated normal of variance 2 / fan_in, as in Keras."""
    truncated_normal_(weight, math.sqrt(2 / weight[0].numel()))


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, nn.Conv2d):
        he_normal_(module.weight)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.ConvTranspose2d):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class Convolution(nn.Module):
    """One iteration of the loop `convolution`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(in_channels, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, out_channels, H, W]
        return F.relu(x)  # [N, out_channels, H, W]


class Convolutions(nn.Module):
    """The block `convolutions`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.convolution = nn.Sequential(
            Convolution(in_channels, out_channels),
            Convolution(out_channels, out_channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.convolution(x)  # [N, out_channels, H, W]


class Contract(nn.Module):
    """The block `contract`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.skip = Convolutions(in_channels, out_channels)
        self.halved = nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        skip = self.skip(x)  # [N, out_channels, H, W]
        x = self.halved(skip)  # [N, out_channels, H, W]
        return x, skip


class Expand(nn.Module):
    """The block `expand`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv2d_transpose = nn.ConvTranspose2d(
            in_channels, out_channels, 2, stride=2
        )
        self.convolutions = Convolutions(in_channels, out_channels)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        x = self.conv2d_transpose(x)  # [N, out_channels, H, W]
        x = torch.cat([skip, x], dim=1)  # [N, in_channels, H, W]
        return self.convolutions(x)  # [N, out_channels, H, W]


class Unet(nn.Module):
    """From `image` float32[N, 1, 16*h, 16*w] to `logits` float32[N, 2, 16*h, 16*w]."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList(
            [Contract(1, 64), Contract(64, 128), Contract(128, 256), Contract(256, 512)]
        )
        self.bottom = Convolutions(512, 1024)
        self.up = nn.ModuleList(
            [Expand(1024, 512), Expand(512, 256), Expand(256, 128), Expand(128, 64)]
        )
        self.logits = nn.Conv2d(64, 2, 1)
        self.apply(initialize)
        nn.init.xavier_uniform_(self.logits.weight)

    def forward(self, image: Tensor) -> Tensor:
        x, down_0_skip = self.down[0](image)  # [N, 64, 8*h, 8*w], [N, 64, 16*h, 16*w]
        x, down_1_skip = self.down[1](x)  # [N, 128, 4*h, 4*w], [N, 128, 8*h, 8*w]
        x, down_2_skip = self.down[2](x)  # [N, 256, 2*h, 2*w], [N, 256, 4*h, 4*w]
        x, down_3_skip = self.down[3](x)  # [N, 512, h, w], [N, 512, 2*h, 2*w]
        x = self.bottom(x)  # [N, 1024, h, w]
        x = self.up[0](x, down_3_skip)  # [N, 512, 2*h, 2*w]
        x = self.up[1](x, down_2_skip)  # [N, 256, 4*h, 4*w]
        x = self.up[2](x, down_1_skip)  # [N, 128, 8*h, 8*w]
        x = self.up[3](x, down_0_skip)  # [N, 64, 16*h, 16*w]
        return self.logits(x)  # [N, 2, 16*h, 16*w]

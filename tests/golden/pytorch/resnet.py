"""Residual networks (He et al., 2016, "Deep Residual Learning for Image Recognition"),
and with other widths inside the blocks ResNeXt (Xie et al., 2017, "Aggregated Residual
Transformations for Deep Neural Networks") and wide ResNet (Zagoruyko and Komodakis,
2016).

Compiled by specc from the spec `resnet`. Images are [N, C, H, W].
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
        self.norm = nn.BatchNorm2d(out_channels, eps=1.001e-05, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, out_channels, H, W]
        return self.norm(x)  # [N, out_channels, H, W]


class Residual(nn.Module):
    """The block `residual`."""

    def __init__(
        self,
        in_channels: int,
        hidden: int,
        out_channels: int,
        shortcut: nn.Module,
        stride: int = 1,
    ) -> None:
        super().__init__()
        self.shortcut = shortcut
        self.convolution = Convolution(in_channels, hidden, 1, stride=stride)
        self.convolution_1 = Convolution(hidden, hidden, 3)
        self.convolution_2 = Convolution(hidden, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        shortcut = self.shortcut(x)  # [N, out_channels, H, W]
        x = self.convolution(x)  # [N, hidden, H, W]
        x = F.relu(x)  # [N, hidden, H, W]
        x = self.convolution_1(x)  # [N, hidden, H, W]
        x = F.relu(x)  # [N, hidden, H, W]
        x = self.convolution_2(x)  # [N, out_channels, H, W]
        x = shortcut + x  # [N, out_channels, H, W]
        return F.relu(x)  # [N, out_channels, H, W]


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(
        self,
        in_channels: int,
        hidden: int,
        out_channels: int,
        count: int,
        stride: int = 1,
    ) -> None:
        super().__init__()
        self.block = nn.Sequential(
            Residual(
                in_channels,
                hidden,
                out_channels,
                shortcut=Convolution(in_channels, out_channels, 1, stride=stride),
                stride=stride,
            ),
            *(
                Residual(out_channels, hidden, out_channels, shortcut=nn.Identity())
                for _ in range(count)
            ),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)  # [N, out_channels, H, W]


class Resnet(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Convolution(3, 64, 7, stride=2)
        self.max_pooling2d = nn.MaxPool2d(3, stride=2, padding=1)
        self.stage = nn.Sequential(
            Stage(64, 64, 256, count=2),
            Stage(256, 128, 512, count=3, stride=2),
            Stage(512, 256, 1024, count=5, stride=2),
            Stage(1024, 512, 2048, count=2, stride=2),
        )
        self.logits = nn.Linear(2048, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image)  # [N, 64, 112, 112]
        x = F.relu(x)  # [N, 64, 112, 112]
        x = self.max_pooling2d(x)  # [N, 64, 56, 56]
        x = self.stage(x)  # [N, 2048, 7, 7]
        x = torch.mean(x, dim=(2, 3))  # [N, 2048]
        return self.logits(x)  # [N, 1000]

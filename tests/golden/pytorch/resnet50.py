"""Residual network of 50 layers (He et al., 2016, "Deep Residual Learning for Image
Recognition") in the form known as v1.5: a stage halves the size in its first 3×3
convolution, not in the 1×1.

Compiled by specc from the spec `resnet50`. Images are [N, C, H, W].
"""

import torch
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, nn.Conv2d):
        nn.init.xavier_uniform_(module.weight)
    elif isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class Bottleneck(nn.Module):
    """The block `bottleneck`."""

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, out_channels2: int
    ) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(out_channels)
        self.re_lu = nn.ReLU()
        self.conv2d_1 = nn.Conv2d(
            out_channels, out_channels, 3, stride=stride, padding=1, bias=False
        )
        self.batch_normalization_1 = nn.BatchNorm2d(out_channels)
        self.re_lu_1 = nn.ReLU()
        self.conv2d_2 = nn.Conv2d(out_channels, out_channels2, 1, bias=False)
        self.residual = nn.BatchNorm2d(out_channels2)
        self.conv2d_3 = nn.Conv2d(
            in_channels, out_channels2, 1, stride=stride, bias=False
        )
        self.shortcut = nn.BatchNorm2d(out_channels2)
        self.re_lu_2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2d(x)  # [N, out_channels, H, W]
        y = self.batch_normalization(y)  # [N, out_channels, H, W]
        y = self.re_lu(y)  # [N, out_channels, H, W]
        y = self.conv2d_1(y)  # [N, out_channels, H, W]
        y = self.batch_normalization_1(y)  # [N, out_channels, H, W]
        y = self.re_lu_1(y)  # [N, out_channels, H, W]
        y = self.conv2d_2(y)  # [N, out_channels2, H, W]
        residual = self.residual(y)  # [N, out_channels2, H, W]
        x = self.conv2d_3(x)  # [N, out_channels2, H, W]
        x = self.shortcut(x)  # [N, out_channels2, H, W]
        x = residual + x  # [N, out_channels2, H, W]
        return self.re_lu_2(x)  # [N, out_channels2, H, W]


class Bottleneck2(nn.Module):
    """The block `bottleneck`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(out_channels)
        self.re_lu = nn.ReLU()
        self.conv2d_1 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(out_channels)
        self.re_lu_1 = nn.ReLU()
        self.conv2d_2 = nn.Conv2d(out_channels, in_channels, 1, bias=False)
        self.residual = nn.BatchNorm2d(in_channels)
        self.re_lu_2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2d(x)  # [N, out_channels, H, W]
        y = self.batch_normalization(y)  # [N, out_channels, H, W]
        y = self.re_lu(y)  # [N, out_channels, H, W]
        y = self.conv2d_1(y)  # [N, out_channels, H, W]
        y = self.batch_normalization_1(y)  # [N, out_channels, H, W]
        y = self.re_lu_1(y)  # [N, out_channels, H, W]
        y = self.conv2d_2(y)  # [N, in_channels, H, W]
        y = self.residual(y)  # [N, in_channels, H, W]
        x = y + x  # [N, in_channels, H, W]
        return self.re_lu_2(x)  # [N, in_channels, H, W]


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        out_channels2: int,
        count: int,
    ) -> None:
        super().__init__()
        self.block = nn.Sequential(
            Bottleneck(
                in_channels=in_channels,
                out_channels=out_channels,
                stride=stride,
                out_channels2=out_channels2,
            ),
            *(
                Bottleneck2(in_channels=out_channels2, out_channels=out_channels)
                for _ in range(count)
            ),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)  # [N, out_channels2, H, W]


class Resnet50(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.batch_normalization = nn.BatchNorm2d(64)
        self.re_lu = nn.ReLU()
        self.max_pooling2d = nn.MaxPool2d(3, stride=2, padding=1)
        self.stage = nn.Sequential(
            Stage(
                in_channels=64, out_channels=64, stride=1, out_channels2=256, count=2
            ),
            Stage(
                in_channels=256, out_channels=128, stride=2, out_channels2=512, count=3
            ),
            Stage(
                in_channels=512, out_channels=256, stride=2, out_channels2=1024, count=5
            ),
            Stage(
                in_channels=1024,
                out_channels=512,
                stride=2,
                out_channels2=2048,
                count=2,
            ),
        )
        self.logits = nn.Linear(2048, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.conv2d(image)  # [N, 64, 112, 112]
        x = self.batch_normalization(x)  # [N, 64, 112, 112]
        x = self.re_lu(x)  # [N, 64, 112, 112]
        x = self.max_pooling2d(x)  # [N, 64, 56, 56]
        x = self.stage(x)  # [N, 2048, 7, 7]
        x = torch.mean(x, dim=(2, 3))  # [N, 2048]
        return self.logits(x)  # [N, 1000]

"""ShuffleNet (Ma et al., 2018, "ShuffleNet V2: Practical Guidelines for Efficient CNN
Architecture Design"), with the conventions of torchvision: half of the channels skip a
block, and then all are shuffled.

Compiled by specc from the spec `shufflenet_v2`. Images are [N, C, H, W].
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
    if isinstance(module, nn.Conv2d) and 1 < module.groups == module.in_channels:
        nn.init.normal_(module.weight, std=0.3333333333333333)
    elif isinstance(module, nn.Conv2d):
        he_normal_(module.weight)
    elif isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class Pointwise(nn.Module):
    """The block `pointwise`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, out_channels, H, W]
        x = self.batch_normalization(x)  # [N, out_channels, H, W]
        return F.relu(x)  # [N, out_channels, H, W]


class Pointwise2(nn.Module):
    """The block `pointwise`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        x = x.permute(0, 3, 1, 2)  # [N, in_channels, H, W]
        x = self.conv2d(x)  # [N, out_channels, H, W]
        x = self.batch_normalization(x)  # [N, out_channels, H, W]
        return F.relu(x)  # [N, out_channels, H, W]


class Shuffle(nn.Module):
    """The block `shuffle`."""

    def __init__(self, size: int, size2: int, channels: int) -> None:
        super().__init__()
        self.size = size
        self.size2 = size2
        self.channels = channels

    def forward(self, x: Tensor) -> Tensor:
        x = x.permute(0, 2, 3, 1)  # [N, size, size, channels]
        # [N, size, size, 2, size2]
        x = x.reshape(-1, self.size, self.size, 2, self.size2)
        x = x.permute(0, 1, 2, 4, 3)  # [N, size, size, size2, 2]
        # [N, size, size, channels]
        return x.reshape(-1, self.size, self.size, self.channels)


class Branch(nn.Module):
    """The block `branch`."""

    def __init__(self, channels: int, pointwise: nn.Module, stride: int = 1) -> None:
        super().__init__()
        self.pointwise = pointwise
        self.depthwise_conv2d = nn.Conv2d(
            channels, channels, 3, stride=stride, padding=1, groups=channels, bias=False
        )
        self.batch_normalization = nn.BatchNorm2d(channels)
        self.pointwise_1 = Pointwise(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pointwise(x)  # [N, channels, H, W]
        x = self.depthwise_conv2d(x)  # [N, channels, H, W]
        x = self.batch_normalization(x)  # [N, channels, H, W]
        return self.pointwise_1(x)  # [N, channels, H, W]


class Reduce(nn.Module):
    """The block `reduce`."""

    def __init__(self) -> None:
        super().__init__()
        self.depthwise_conv2d = nn.Conv2d(
            24, 24, 3, stride=2, padding=1, groups=24, bias=False
        )
        self.batch_normalization = nn.BatchNorm2d(24)
        self.beside = Pointwise(24, 58)
        self.branch = Branch(58, pointwise=Pointwise(24, 58), stride=2)
        self.shuffle = Shuffle(size=28, size2=58, channels=116)

    def forward(self, x: Tensor) -> Tensor:
        y = self.depthwise_conv2d(x)  # [N, 24, 28, 28]
        y = self.batch_normalization(y)  # [N, 24, 28, 28]
        beside = self.beside(y)  # [N, 58, 28, 28]
        x = self.branch(x)  # [N, 58, 28, 28]
        x = torch.cat([beside, x], dim=1)  # [N, 116, 28, 28]
        return self.shuffle(x)  # [N, 28, 28, 116]


class Reduce2(nn.Module):
    """The block `reduce`."""

    def __init__(self, in_channels: int, size: int, out_channels: int) -> None:
        super().__init__()
        self.depthwise_conv2d = nn.Conv2d(
            in_channels,
            in_channels,
            3,
            stride=2,
            padding=1,
            groups=in_channels,
            bias=False,
        )
        self.batch_normalization = nn.BatchNorm2d(in_channels)
        self.beside = Pointwise(in_channels, in_channels)
        self.branch = Branch(
            in_channels, pointwise=Pointwise(in_channels, in_channels), stride=2
        )
        self.shuffle = Shuffle(size=size, size2=in_channels, channels=out_channels)

    def forward(self, x: Tensor) -> Tensor:
        depthwise_conv2d_input = x.permute(0, 3, 1, 2)  # [N, in_channels, H, W]
        # [N, in_channels, size, size]
        x = self.depthwise_conv2d(depthwise_conv2d_input)
        x = self.batch_normalization(x)  # [N, in_channels, size, size]
        beside = self.beside(x)  # [N, in_channels, size, size]
        x = self.branch(depthwise_conv2d_input)  # [N, in_channels, size, size]
        x = torch.cat([beside, x], dim=1)  # [N, out_channels, size, size]
        return self.shuffle(x)  # [N, size, size, out_channels]


class Unit(nn.Module):
    """The block `unit`."""

    def __init__(self, branch_channels: int, size: int, channels: int) -> None:
        super().__init__()
        self.branch = Branch(
            branch_channels, pointwise=Pointwise2(branch_channels, branch_channels)
        )
        self.shuffle = Shuffle(size=size, size2=branch_channels, channels=channels)

    def forward(self, x: Tensor) -> Tensor:
        # [N, size, size, branch_channels], [N, size, size, branch_channels]
        kept, x = x.chunk(2, dim=3)
        branch = self.branch(x)  # [N, branch_channels, size, size]
        x = kept.permute(0, 3, 1, 2)  # [N, branch_channels, size, size]
        x = torch.cat([x, branch], dim=1)  # [N, channels, size, size]
        return self.shuffle(x)  # [N, size, size, channels]


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(
        self,
        branch_channels: int,
        reduce: nn.Module,
        size: int,
        channels: int,
        count: int,
    ) -> None:
        super().__init__()
        self.reduce = reduce
        self.loop = nn.Sequential(
            *(Unit(branch_channels, size=size, channels=channels) for _ in range(count))
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.reduce(x)  # [N, size, size, channels]
        return self.loop(x)  # [N, size, size, channels]


class ShufflenetV2(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 24, 3, stride=2, padding=1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(24)
        self.max_pooling2d = nn.MaxPool2d(3, stride=2, padding=1)
        self.stage = nn.Sequential(
            Stage(58, reduce=Reduce(), size=28, channels=116, count=3),
            Stage(
                116,
                reduce=Reduce2(116, size=14, out_channels=232),
                size=14,
                channels=232,
                count=7,
            ),
            Stage(
                232,
                reduce=Reduce2(232, size=7, out_channels=464),
                size=7,
                channels=464,
                count=3,
            ),
        )
        self.pointwise = Pointwise2(464, 1024)
        self.logits = nn.Linear(1024, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.conv2d(image)  # [N, 24, 112, 112]
        x = self.batch_normalization(x)  # [N, 24, 112, 112]
        x = F.relu(x)  # [N, 24, 112, 112]
        x = self.max_pooling2d(x)  # [N, 24, 56, 56]
        x = self.stage(x)  # [N, 7, 7, 464]
        x = self.pointwise(x)  # [N, 1024, 7, 7]
        x = torch.mean(x, dim=(2, 3))  # [N, 1024]
        return self.logits(x)  # [N, 1000]

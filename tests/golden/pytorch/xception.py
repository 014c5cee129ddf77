"""Inception taken to its end (Chollet, 2017, "Xception: Deep Learning with Depthwise
Separable Convolutions"): each channel is convolved by itself, then the channels are
mixed. As in keras.applications.

Compiled by specc from the spec `xception`. Images are [N, C, H, W].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class SeparableConv(nn.Module):
    """Convolve each channel by itself, then across channels; `conv` is of `nn`."""

    def __init__(
        self,
        conv: type[nn.Conv1d] | type[nn.Conv2d],
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] = 0,
        dilation: int | tuple[int, ...] = 1,
        depth_multiplier: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        channels = in_channels * depth_multiplier
        self.depthwise = conv(
            in_channels,
            channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups=in_channels,
            bias=False,
        )
        self.pointwise = conv(channels, out_channels, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise(self.depthwise(x))


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, nn.Conv2d):
        nn.init.xavier_uniform_(module.weight)
    elif isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


class Separable(nn.Module):
    """The block `separable`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.separable_conv2d = SeparableConv(
            nn.Conv2d, in_channels, out_channels, 3, padding=1, bias=False
        )
        self.batch_normalization = nn.BatchNorm2d(
            out_channels, eps=0.001, momentum=0.01
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.separable_conv2d(x)  # [N, out_channels, H, W]
        return self.batch_normalization(x)  # [N, out_channels, H, W]


class Separable2(nn.Module):
    """The block `separable`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.separable_conv2d = SeparableConv(
            nn.Conv2d, in_channels, out_channels, 3, padding=1, bias=False
        )
        self.batch_normalization = nn.BatchNorm2d(
            out_channels, eps=0.001, momentum=0.01
        )

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(x)  # [N, in_channels, H, W]
        x = self.separable_conv2d(x)  # [N, out_channels, H, W]
        return self.batch_normalization(x)  # [N, out_channels, H, W]


class Reduction(nn.Module):
    """The block `reduction`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        in_channels2: int,
        separable: nn.Module,
        padding: int = 0,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(in_channels, out_channels, 1, stride=2, bias=False)
        self.shortcut = nn.BatchNorm2d(out_channels, eps=0.001, momentum=0.01)
        self.separable = separable
        self.separable_1 = Separable2(in_channels2, out_channels)
        self.max_pooling2d = nn.MaxPool2d(
            3, stride=2, padding=padding, ceil_mode=ceil_mode
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2d(x)  # [N, out_channels, H, W]
        shortcut = self.shortcut(y)  # [N, out_channels, H, W]
        x = self.separable(x)  # [N, in_channels2, H, W]
        x = self.separable_1(x)  # [N, out_channels, H, W]
        x = self.max_pooling2d(x)  # [N, out_channels, H, W]
        return x + shortcut  # [N, out_channels, H, W]


class Residual(nn.Module):
    """The block `residual`."""

    def __init__(self) -> None:
        super().__init__()
        self.step = nn.Sequential(*(Separable2(728, 728) for _ in range(3)))

    def forward(self, x: Tensor) -> Tensor:
        y = self.step(x)  # [N, 728, 19, 19]
        return y + x  # [N, 728, 19, 19]


class Last(nn.Module):
    """One iteration of the loop `last`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.separable = Separable(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.separable(x)  # [N, out_channels, 10, 10]
        return F.relu(x)  # [N, out_channels, 10, 10]


class Xception(nn.Module):
    """From `image` float32[N, 3, 299, 299] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 32, 3, stride=2, bias=False)
        self.batch_normalization = nn.BatchNorm2d(32, eps=0.001, momentum=0.01)
        self.conv2d_1 = nn.Conv2d(32, 64, 3, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(64, eps=0.001, momentum=0.01)
        self.reduction = Reduction(
            64, 128, 128, separable=Separable(64, 128), padding=1
        )
        self.reduction_1 = Reduction(
            128, 256, 256, separable=Separable2(128, 256), ceil_mode=True
        )
        self.reduction_2 = Reduction(
            256, 728, 728, separable=Separable2(256, 728), padding=1
        )
        self.middle = nn.Sequential(*(Residual() for _ in range(8)))
        self.reduction_3 = Reduction(
            728, 1024, 728, separable=Separable2(728, 728), padding=1
        )
        self.last = nn.Sequential(Last(1024, 1536), Last(1536, 2048))
        self.logits = nn.Linear(2048, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.conv2d(image)  # [N, 32, 149, 149]
        x = self.batch_normalization(x)  # [N, 32, 149, 149]
        x = F.relu(x)  # [N, 32, 149, 149]
        x = self.conv2d_1(x)  # [N, 64, 147, 147]
        x = self.batch_normalization_1(x)  # [N, 64, 147, 147]
        x = F.relu(x)  # [N, 64, 147, 147]
        x = self.reduction(x)  # [N, 128, 74, 74]
        x = self.reduction_1(x)  # [N, 256, 37, 37]
        x = self.reduction_2(x)  # [N, 728, 19, 19]
        x = self.middle(x)  # [N, 728, 19, 19]
        x = self.reduction_3(x)  # [N, 1024, 10, 10]
        x = self.last(x)  # [N, 2048, 10, 10]
        x = torch.mean(x, dim=(2, 3))  # [N, 2048]
        return self.logits(x)  # [N, 1000]

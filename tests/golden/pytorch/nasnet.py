"""Networks of two cells found by search (Zoph et al., 2018, "Learning Transferable
Architectures for Scalable Image Recognition"), NASNet-A, with the conventions of
keras.applications. A cell takes what the two before it give.

Compiled by specc from the spec `nasnet`. Images are [N, C, H, W].
"""

import math

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
        nn.init.xavier_uniform_(module.weight)
    elif isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, Squeeze):
        he_normal_(module.conv2d.weight)
    elif isinstance(module, Halve):
        he_normal_(module.even.weight)
        he_normal_(module.conv2d.weight)


class Squeeze(nn.Module):
    """The block `squeeze`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(
            out_channels, eps=0.001, momentum=0.0003
        )

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(x)  # [N, in_channels, H, W]
        x = self.conv2d(x)  # [N, out_channels, H, W]
        return self.batch_normalization(x)  # [N, out_channels, H, W]


class Separable(nn.Module):
    """The block `separable`."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1
    ) -> None:
        super().__init__()
        self.separable_conv2d = SeparableConv(
            nn.Conv2d,
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=kernel_size // 2,
            bias=False,
        )
        self.batch_normalization = nn.BatchNorm2d(
            out_channels, eps=0.001, momentum=0.0003
        )
        self.separable_conv2d_1 = SeparableConv(
            nn.Conv2d,
            out_channels,
            out_channels,
            kernel_size,
            padding=kernel_size // 2,
            bias=False,
        )
        self.batch_normalization_1 = nn.BatchNorm2d(
            out_channels, eps=0.001, momentum=0.0003
        )

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(x)  # [N, in_channels, H, W]
        x = self.separable_conv2d(x)  # [N, out_channels, H, W]
        x = self.batch_normalization(x)  # [N, out_channels, H, W]
        x = F.relu(x)  # [N, out_channels, H, W]
        x = self.separable_conv2d_1(x)  # [N, out_channels, H, W]
        return self.batch_normalization_1(x)  # [N, out_channels, H, W]


class Separable2(nn.Module):
    """The block `separable`."""

    def __init__(
        self, channels: int, kernel_size: int, pad: tuple[int, int, int, int]
    ) -> None:
        super().__init__()
        self.pad = pad
        self.separable_conv2d = SeparableConv(
            nn.Conv2d, channels, channels, kernel_size, stride=2, bias=False
        )
        self.batch_normalization = nn.BatchNorm2d(channels, eps=0.001, momentum=0.0003)
        self.separable_conv2d_1 = SeparableConv(
            nn.Conv2d,
            channels,
            channels,
            kernel_size,
            padding=kernel_size // 2,
            bias=False,
        )
        self.batch_normalization_1 = nn.BatchNorm2d(
            channels, eps=0.001, momentum=0.0003
        )

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(x)  # [N, channels, H, W]
        x = self.separable_conv2d(F.pad(x, self.pad))  # [N, channels, H, W]
        x = self.batch_normalization(x)  # [N, channels, H, W]
        x = F.relu(x)  # [N, channels, H, W]
        x = self.separable_conv2d_1(x)  # [N, channels, H, W]
        return self.batch_normalization_1(x)  # [N, channels, H, W]


class Halve(nn.Module):
    """The block `halve`."""

    def __init__(self, in_channels: int, even_channels: int, out_channels: int) -> None:
        super().__init__()
        self.average_pooling2d = nn.AvgPool2d(1, stride=2)
        self.even = nn.Conv2d(in_channels, even_channels, 1, bias=False)
        self.zero_padding2d = nn.ZeroPad2d((0, 1, 0, 1))
        self.average_pooling2d_1 = nn.AvgPool2d(1, stride=2)
        self.conv2d = nn.Conv2d(in_channels, even_channels, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(
            out_channels, eps=0.001, momentum=0.0003
        )

    def forward(self, x: Tensor) -> Tensor:
        active = F.relu(x)  # [N, in_channels, H, W]
        x = self.average_pooling2d(active)  # [N, in_channels, H, W]
        even = self.even(x)  # [N, even_channels, H, W]
        x = self.zero_padding2d(active)  # [N, in_channels, H, W]
        x = x[:, :, 1:, 1:]  # [N, in_channels, H, W]
        x = self.average_pooling2d_1(x)  # [N, in_channels, H, W]
        x = self.conv2d(x)  # [N, even_channels, H, W]
        x = torch.cat([even, x], dim=1)  # [N, out_channels, H, W]
        return self.batch_normalization(x)  # [N, out_channels, H, W]


class Reduction(nn.Module):
    """The block `reduction`."""

    def __init__(self) -> None:
        super().__init__()
        self.padded = nn.ZeroPad2d(1)
        self.greatest = nn.MaxPool2d(3, stride=2)
        self.left_1 = Separable(11, 11, 5, stride=2)
        self.separable = Separable(32, 11, 7, stride=2)
        self.separable_1 = Separable(32, 11, 7, stride=2)
        self.mean = nn.AvgPool2d(3, stride=2)
        self.separable_2 = Separable(32, 11, 5, stride=2)
        self.average_pooling2d = nn.AvgPool2d(
            3, stride=1, padding=1, count_include_pad=False
        )
        self.separable_3 = Separable(11, 11, 3)

    def forward(self, x: Tensor, p: Tensor) -> Tensor:
        padded = self.padded(x)  # [N, 11, 113, 113]
        greatest = self.greatest(padded)  # [N, 11, 56, 56]
        left_1 = self.left_1(x)  # [N, 11, 56, 56]
        x = self.separable(p)  # [N, 11, 56, 56]
        sum_1 = left_1 + x  # [N, 11, 56, 56]
        x = self.separable_1(p)  # [N, 11, 56, 56]
        sum_2 = greatest + x  # [N, 11, 56, 56]
        mean = self.mean(padded)  # [N, 11, 56, 56]
        x = self.separable_2(p)  # [N, 11, 56, 56]
        sum_3 = mean + x  # [N, 11, 56, 56]
        x = self.average_pooling2d(sum_1)  # [N, 11, 56, 56]
        sum_4 = sum_2 + x  # [N, 11, 56, 56]
        x = self.separable_3(sum_1)  # [N, 11, 56, 56]
        x = x + greatest  # [N, 11, 56, 56]
        return torch.cat([sum_2, sum_3, sum_4, x], dim=1)  # [N, 44, 56, 56]


class Reduction2(nn.Module):
    """The block `reduction`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.padded = nn.ZeroPad2d((0, 1, 0, 1))
        self.greatest = nn.MaxPool2d(3, stride=2)
        self.left_1 = Separable2(channels, 5, pad=(1, 2, 1, 2))
        self.separable = Separable2(channels, 7, pad=(2, 3, 2, 3))
        self.separable_1 = Separable2(channels, 7, pad=(2, 3, 2, 3))
        self.mean = nn.AvgPool2d(3, stride=2)
        self.separable_2 = Separable2(channels, 5, pad=(1, 2, 1, 2))
        self.average_pooling2d = nn.AvgPool2d(
            3, stride=1, padding=1, count_include_pad=False
        )
        self.separable_3 = Separable(channels, channels, 3)

    def forward(self, x: Tensor, p: Tensor) -> Tensor:
        padded = self.padded(x)  # [N, channels, H, W]
        greatest = self.greatest(padded)  # [N, channels, H, W]
        left_1 = self.left_1(x)  # [N, channels, H, W]
        x = self.separable(p)  # [N, channels, H, W]
        sum_1 = left_1 + x  # [N, channels, H, W]
        x = self.separable_1(p)  # [N, channels, H, W]
        sum_2 = greatest + x  # [N, channels, H, W]
        mean = self.mean(padded)  # [N, channels, H, W]
        x = self.separable_2(p)  # [N, channels, H, W]
        sum_3 = mean + x  # [N, channels, H, W]
        x = self.average_pooling2d(sum_1)  # [N, channels, H, W]
        sum_4 = sum_2 + x  # [N, channels, H, W]
        x = self.separable_3(sum_1)  # [N, channels, H, W]
        x = x + greatest  # [N, channels, H, W]
        return torch.cat([sum_2, sum_3, sum_4, x], dim=1)  # [N, C, H, W]


class Normal(nn.Module):
    """The block `normal`."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.left_1 = Separable(in_channels, in_channels, 5)
        self.separable = Separable(in_channels, in_channels, 3)
        self.left_2 = Separable(in_channels, in_channels, 5)
        self.separable_1 = Separable(in_channels, in_channels, 3)
        self.average_pooling2d = nn.AvgPool2d(
            3, stride=1, padding=1, count_include_pad=False
        )
        self.mean = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
        self.separable_2 = Separable(in_channels, in_channels, 3)

    def forward(self, x: Tensor, p: Tensor) -> Tensor:
        left_1 = self.left_1(x)  # [N, in_channels, H, W]
        y = self.separable(p)  # [N, in_channels, H, W]
        sum_1 = left_1 + y  # [N, in_channels, H, W]
        left_2 = self.left_2(p)  # [N, in_channels, H, W]
        y = self.separable_1(p)  # [N, in_channels, H, W]
        sum_2 = left_2 + y  # [N, in_channels, H, W]
        y = self.average_pooling2d(x)  # [N, in_channels, H, W]
        sum_3 = y + p  # [N, in_channels, H, W]
        y = self.mean(p)  # [N, in_channels, H, W]
        sum_4 = y + y  # [N, in_channels, H, W]
        y = self.separable_2(x)  # [N, in_channels, H, W]
        x = y + x  # [N, in_channels, H, W]
        return torch.cat([p, sum_1, sum_2, sum_3, sum_4, x], dim=1)  # [N, C, H, W]


class Adjust(nn.Module):
    """The block `adjust`."""

    def __init__(self, in_channels: int, even_channels: int, out_channels: int) -> None:
        super().__init__()
        self.halve = Halve(in_channels, even_channels, out_channels)

    def forward(self, p: Tensor) -> Tensor:
        return self.halve(p)  # [N, out_channels, H, W]


class Adjust2(nn.Module):
    """The block `adjust`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.squeeze = Squeeze(in_channels, out_channels)

    def forward(self, p: Tensor) -> Tensor:
        return self.squeeze(p)  # [N, out_channels, H, W]


class Cell(nn.Module):
    """The block `cell`."""

    def __init__(
        self, in_channels: int, squeeze_channels: int, adjusted: nn.Module
    ) -> None:
        super().__init__()
        self.adjusted = adjusted
        self.squeeze = Squeeze(in_channels, squeeze_channels)
        self.reduction = Reduction2(squeeze_channels)

    def forward(self, x: Tensor, p: Tensor) -> Tensor:
        adjusted = self.adjusted(p)  # [N, squeeze_channels, H, W]
        x = self.squeeze(x)  # [N, squeeze_channels, H, W]
        return self.reduction(x, adjusted)  # [N, C, H, W]


class Cell2(nn.Module):
    """The block `cell`."""

    def __init__(
        self, in_channels: int, squeeze_channels: int, adjusted: nn.Module
    ) -> None:
        super().__init__()
        self.adjusted = adjusted
        self.squeeze = Squeeze(in_channels, squeeze_channels)
        self.normal = Normal(squeeze_channels)

    def forward(self, x: Tensor, p: Tensor) -> Tensor:
        adjusted = self.adjusted(p)  # [N, squeeze_channels, H, W]
        x = self.squeeze(x)  # [N, squeeze_channels, H, W]
        return self.normal(x, adjusted)  # [N, C, H, W]


class Pair(nn.Module):
    """The block `pair`."""

    def __init__(
        self, channels: int, squeeze_channels: int, in_channels: int, first: nn.Module
    ) -> None:
        super().__init__()
        self.first = first
        self.second = Cell2(
            channels, squeeze_channels, adjusted=Adjust2(in_channels, squeeze_channels)
        )

    def forward(self, x: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        first = self.first(x, p)  # [N, channels, H, W]
        x = self.second(first, x)  # [N, channels, H, W]
        return x, first


class Stage(nn.Module):
    """The block `stage`."""

    def __init__(
        self,
        out_channels: int,
        squeeze_channels: int,
        in_channels: int,
        begin_in_channels: int,
        even_channels: int,
    ) -> None:
        super().__init__()
        self.begin = Pair(
            out_channels,
            squeeze_channels,
            in_channels,
            first=Cell2(
                in_channels,
                squeeze_channels,
                adjusted=Adjust(begin_in_channels, even_channels, squeeze_channels),
            ),
        )
        self.end = Pair(
            out_channels,
            squeeze_channels,
            out_channels,
            first=Cell2(
                out_channels,
                squeeze_channels,
                adjusted=Adjust2(out_channels, squeeze_channels),
            ),
        )

    def forward(self, x: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        # [N, out_channels, H, W], [N, out_channels, H, W]
        begin_second, begin_first = self.begin(x, p)
        # [N, out_channels, H, W], [N, out_channels, H, W]
        end_second, end_first = self.end(begin_second, begin_first)
        return end_second, end_first


class Nasnet(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 32, 3, stride=2, bias=False)
        self.stem = nn.BatchNorm2d(32, eps=0.001, momentum=0.0003)
        self.squeeze = Squeeze(32, 11)
        self.reduction_0 = Reduction()
        self.reduction_1 = Cell(44, 22, adjusted=Adjust(32, 11, 22))
        self.stage_1 = Stage(264, 44, 88, 44, 22)
        self.reduction_2 = Cell(264, 88, adjusted=Adjust2(264, 88))
        self.stage_2 = Stage(528, 88, 352, 264, 44)
        self.reduction_3 = Cell(528, 176, adjusted=Adjust2(528, 176))
        self.stage = Stage(1056, 176, 704, 528, 88)
        self.logits = nn.Linear(1056, 1000)
        self.apply(initialize)
        he_normal_(self.conv2d.weight)

    def forward(self, image: Tensor) -> Tensor:
        x = self.conv2d(image)  # [N, 32, 111, 111]
        stem = self.stem(x)  # [N, 32, 111, 111]
        x = self.squeeze(stem)  # [N, 11, 111, 111]
        reduction_0 = self.reduction_0(x, stem)  # [N, 44, 56, 56]
        x = self.reduction_1(reduction_0, stem)  # [N, 88, 28, 28]
        # [N, 264, 28, 28], [N, 264, 28, 28]
        stage_1_last, x = self.stage_1(x, reduction_0)
        x = self.reduction_2(stage_1_last, x)  # [N, 352, 14, 14]
        # [N, 528, 14, 14], [N, 528, 14, 14]
        stage_2_last, x = self.stage_2(x, stage_1_last)
        x = self.reduction_3(stage_2_last, x)  # [N, 704, 7, 7]
        x, _ = self.stage(x, stage_2_last)  # [N, 1056, 7, 7], [N, 1056, 7, 7]
        x = F.relu(x)  # [N, 1056, 7, 7]
        x = torch.mean(x, dim=(2, 3))  # [N, 1056]
        return self.logits(x)  # [N, 1000]

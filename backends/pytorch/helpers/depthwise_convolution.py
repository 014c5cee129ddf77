"""Convolutions in two steps: each channel, then across channels."""

from __future__ import annotations

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

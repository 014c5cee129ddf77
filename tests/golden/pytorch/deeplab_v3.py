"""DeepLab (Chen et al., 2017, "Rethinking Atrous Convolution for Semantic Image
Segmentation") on a residual network whose last two stages look further instead of
halving, with the conventions of torchvision: a class for each pixel, and `auxiliary`
ones that help to train.

Compiled by specc from the spec `deeplab_v3`. Images are [N, C, H, W].
"""

import torch
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, nn.Conv2d):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
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
        dilation: int,
    ) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=padding,
            dilation=dilation,
            bias=False,
        )
        self.norm = nn.BatchNorm2d(out_channels)

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
        padding: int,
    ) -> None:
        super().__init__()
        self.shortcut = Convolution(
            in_channels=in_channels,
            out_channels=out_channels,
            kernel_size=1,
            stride=stride,
            padding=0,
            dilation=1,
        )
        self.convolution = Convolution(
            in_channels=in_channels,
            out_channels=convolution_out_channels,
            kernel_size=1,
            stride=1,
            padding=0,
            dilation=1,
        )
        self.re_lu = nn.ReLU()
        self.convolution_1 = Convolution(
            in_channels=convolution_out_channels,
            out_channels=convolution_out_channels,
            kernel_size=3,
            stride=stride,
            padding=padding,
            dilation=padding,
        )
        self.re_lu_1 = nn.ReLU()
        self.convolution_2 = Convolution(
            in_channels=convolution_out_channels,
            out_channels=out_channels,
            kernel_size=1,
            stride=1,
            padding=0,
            dilation=1,
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

    def __init__(self, in_channels: int, out_channels: int, padding: int) -> None:
        super().__init__()
        self.convolution = Convolution(
            in_channels=in_channels,
            out_channels=out_channels,
            kernel_size=1,
            stride=1,
            padding=0,
            dilation=1,
        )
        self.re_lu = nn.ReLU()
        self.convolution_1 = Convolution(
            in_channels=out_channels,
            out_channels=out_channels,
            kernel_size=3,
            stride=1,
            padding=padding,
            dilation=padding,
        )
        self.re_lu_1 = nn.ReLU()
        self.convolution_2 = Convolution(
            in_channels=out_channels,
            out_channels=in_channels,
            kernel_size=1,
            stride=1,
            padding=0,
            dilation=1,
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


class Near(nn.Module):
    """One iteration of the loop `near`."""

    def __init__(self, padding: int) -> None:
        super().__init__()
        self.convolution = Convolution(
            in_channels=2048,
            out_channels=256,
            kernel_size=3,
            stride=1,
            padding=padding,
            dilation=padding,
        )
        self.re_lu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.convolution(x)  # [N, 256, 32, 32]
        return self.re_lu(x)  # [N, 256, 32, 32]


class Classifier(nn.Module):
    """The block `classifier`."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = Convolution(
            in_channels=256,
            out_channels=256,
            kernel_size=3,
            stride=1,
            padding=1,
            dilation=1,
        )
        self.re_lu = nn.ReLU()
        self.conv2d = nn.Conv2d(256, 21, 1)
        self.up_sampling2d = nn.Upsample(scale_factor=8, mode="bilinear")

    def forward(self, x: Tensor) -> Tensor:
        x = self.convolution(x)  # [N, 256, 32, 32]
        x = self.re_lu(x)  # [N, 256, 32, 32]
        x = self.conv2d(x)  # [N, 21, 32, 32]
        return self.up_sampling2d(x)  # [N, 21, 256, 256]


class Classifier2(nn.Module):
    """The block `classifier`."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = Convolution(
            in_channels=1024,
            out_channels=256,
            kernel_size=3,
            stride=1,
            padding=1,
            dilation=1,
        )
        self.re_lu = nn.ReLU()
        self.dropout = nn.Dropout(0.1)
        self.conv2d = nn.Conv2d(256, 21, 1)
        self.up_sampling2d = nn.Upsample(scale_factor=8, mode="bilinear")

    def forward(self, x: Tensor) -> Tensor:
        x = self.convolution(x)  # [N, 256, 32, 32]
        x = self.re_lu(x)  # [N, 256, 32, 32]
        x = self.dropout(x)  # [N, 256, 32, 32]
        x = self.conv2d(x)  # [N, 21, 32, 32]
        return self.up_sampling2d(x)  # [N, 21, 256, 256]


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int,
        convolution_out_channels: int,
        padding: int,
        block_padding: int,
        count: int,
    ) -> None:
        super().__init__()
        self.block = nn.Sequential(
            Residual(
                in_channels=in_channels,
                out_channels=out_channels,
                stride=stride,
                convolution_out_channels=convolution_out_channels,
                padding=padding,
            ),
            *(
                Residual2(
                    in_channels=out_channels,
                    out_channels=convolution_out_channels,
                    padding=block_padding,
                )
                for _ in range(count)
            ),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)  # [N, out_channels, H, W]


class Surroundings(nn.Module):
    """The block `surroundings`."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = Convolution(
            in_channels=2048,
            out_channels=256,
            kernel_size=1,
            stride=1,
            padding=0,
            dilation=1,
        )
        self.here = nn.ReLU()
        self.near = nn.ModuleList([Near(12 + 12 * i) for i in range(3)])
        self.convolution_1 = Convolution(
            in_channels=2048,
            out_channels=256,
            kernel_size=1,
            stride=1,
            padding=0,
            dilation=1,
        )
        self.re_lu = nn.ReLU()
        self.up_sampling2d = nn.Upsample(scale_factor=32)
        self.convolution_2 = Convolution(
            in_channels=1280,
            out_channels=256,
            kernel_size=1,
            stride=1,
            padding=0,
            dilation=1,
        )
        self.re_lu_1 = nn.ReLU()
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        y = self.convolution(x)  # [N, 256, 32, 32]
        here = self.here(y)  # [N, 256, 32, 32]
        near_0 = self.near[0](x)  # [N, 256, 32, 32]
        near_1 = self.near[1](x)  # [N, 256, 32, 32]
        near_2 = self.near[2](x)  # [N, 256, 32, 32]
        x = torch.mean(x, dim=(2, 3), keepdim=True)  # [N, 2048, 1, 1]
        x = self.convolution_1(x)  # [N, 256, 1, 1]
        x = self.re_lu(x)  # [N, 256, 1, 1]
        x = self.up_sampling2d(x)  # [N, 256, 32, 32]
        x = torch.cat([here, near_0, near_1, near_2, x], dim=1)  # [N, 1280, 32, 32]
        x = self.convolution_2(x)  # [N, 256, 32, 32]
        x = self.re_lu_1(x)  # [N, 256, 32, 32]
        return self.dropout(x)  # [N, 256, 32, 32]


class DeeplabV3(nn.Module):
    """From `image` float32[N, 3, 256, 256] to `logits` float32[N, 21, 256, 256],
    `auxiliary` float32[N, 21, 256, 256].
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = Convolution(
            in_channels=3,
            out_channels=64,
            kernel_size=7,
            stride=2,
            padding=3,
            dilation=1,
        )
        self.re_lu = nn.ReLU()
        self.max_pooling2d = nn.MaxPool2d(3, stride=2, padding=1)
        self.stage = nn.ModuleList(
            [
                Stage(
                    in_channels=64,
                    out_channels=256,
                    stride=1,
                    convolution_out_channels=64,
                    padding=1,
                    block_padding=1,
                    count=2,
                ),
                Stage(
                    in_channels=256,
                    out_channels=512,
                    stride=2,
                    convolution_out_channels=128,
                    padding=1,
                    block_padding=1,
                    count=3,
                ),
                Stage(
                    in_channels=512,
                    out_channels=1024,
                    stride=1,
                    convolution_out_channels=256,
                    padding=1,
                    block_padding=2,
                    count=5,
                ),
                Stage(
                    in_channels=1024,
                    out_channels=2048,
                    stride=1,
                    convolution_out_channels=512,
                    padding=2,
                    block_padding=4,
                    count=2,
                ),
            ]
        )
        self.surroundings = Surroundings()
        self.logits = Classifier()
        self.auxiliary = Classifier2()
        self.apply(initialize)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        x = self.stem(image)  # [N, 64, 128, 128]
        x = self.re_lu(x)  # [N, 64, 128, 128]
        x = self.max_pooling2d(x)  # [N, 64, 64, 64]
        x = self.stage[0](x)  # [N, 256, 64, 64]
        x = self.stage[1](x)  # [N, 512, 32, 32]
        stage_2 = self.stage[2](x)  # [N, 1024, 32, 32]
        x = self.stage[3](stage_2)  # [N, 2048, 32, 32]
        x = self.surroundings(x)  # [N, 256, 32, 32]
        logits = self.logits(x)  # [N, 21, 256, 256]
        x = self.auxiliary(stage_2)  # [N, 21, 256, 256]
        return logits, x

"""DeepLab (Chen et al., 2017, "Rethinking Atrous Convolution for Semantic Image
Segmentation") on a residual network whose last two stages look further instead of
halving, with the conventions of torchvision: a class for each pixel, and `auxiliary`
ones that help to train.

Compiled by specc from the spec `deeplab_v3`. Images are [N, C, H, W].
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


class Convolution(nn.Module):
    """The block `convolution`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        padding: int = 0,
        dilation: int = 1,
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
        hidden: int,
        out_channels: int,
        shortcut: nn.Module,
        padding: int,
        stride: int = 1,
    ) -> None:
        super().__init__()
        self.shortcut = shortcut
        self.convolution = Convolution(in_channels, hidden, 1)
        self.convolution_1 = Convolution(
            hidden, hidden, 3, stride=stride, padding=padding, dilation=padding
        )
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


class Near(nn.Module):
    """One iteration of the loop `near`."""

    def __init__(self, padding: int) -> None:
        super().__init__()
        self.convolution = Convolution(2048, 256, 3, padding=padding, dilation=padding)

    def forward(self, x: Tensor) -> Tensor:
        x = self.convolution(x)  # [N, 256, 32, 32]
        return F.relu(x)  # [N, 256, 32, 32]


class Classifier(nn.Module):
    """The block `classifier`."""

    def __init__(self, in_channels: int, p: float) -> None:
        super().__init__()
        self.convolution = Convolution(in_channels, 256, 3, padding=1)
        self.dropout = nn.Dropout(p)
        self.conv2d = nn.Conv2d(256, 21, 1)
        self.up_sampling2d = nn.Upsample(scale_factor=8, mode="bilinear")

    def forward(self, x: Tensor) -> Tensor:
        x = self.convolution(x)  # [N, 256, 32, 32]
        x = F.relu(x)  # [N, 256, 32, 32]
        x = self.dropout(x)  # [N, 256, 32, 32]
        x = self.conv2d(x)  # [N, 21, 32, 32]
        return self.up_sampling2d(x)  # [N, 21, 256, 256]


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(
        self,
        in_channels: int,
        hidden: int,
        out_channels: int,
        padding: int,
        block_padding: int,
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
                padding=padding,
                stride=stride,
            ),
            *(
                Residual(
                    out_channels,
                    hidden,
                    out_channels,
                    shortcut=nn.Identity(),
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
        self.convolution = Convolution(2048, 256, 1)
        self.near = nn.ModuleList([Near(12 + 12 * i) for i in range(3)])
        self.convolution_1 = Convolution(2048, 256, 1)
        self.up_sampling2d = nn.Upsample(scale_factor=32)
        self.convolution_2 = Convolution(1280, 256, 1)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        y = self.convolution(x)  # [N, 256, 32, 32]
        here = F.relu(y)  # [N, 256, 32, 32]
        near_0 = self.near[0](x)  # [N, 256, 32, 32]
        near_1 = self.near[1](x)  # [N, 256, 32, 32]
        near_2 = self.near[2](x)  # [N, 256, 32, 32]
        x = torch.mean(x, dim=(2, 3), keepdim=True)  # [N, 2048, 1, 1]
        x = self.convolution_1(x)  # [N, 256, 1, 1]
        x = F.relu(x)  # [N, 256, 1, 1]
        x = self.up_sampling2d(x)  # [N, 256, 32, 32]
        x = torch.cat([here, near_0, near_1, near_2, x], dim=1)  # [N, 1280, 32, 32]
        x = self.convolution_2(x)  # [N, 256, 32, 32]
        x = F.relu(x)  # [N, 256, 32, 32]
        return self.dropout(x)  # [N, 256, 32, 32]


class DeeplabV3(nn.Module):
    """From `image` float32[N, 3, 256, 256] to `logits` float32[N, 21, 256, 256],
    `auxiliary` float32[N, 21, 256, 256].
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = Convolution(3, 64, 7, stride=2, padding=3)
        self.max_pooling2d = nn.MaxPool2d(3, stride=2, padding=1)
        self.stage = nn.ModuleList(
            [
                Stage(64, 64, 256, padding=1, block_padding=1, count=2),
                Stage(256, 128, 512, padding=1, block_padding=1, count=3, stride=2),
                Stage(512, 256, 1024, padding=1, block_padding=2, count=5),
                Stage(1024, 512, 2048, padding=2, block_padding=4, count=2),
            ]
        )
        self.surroundings = Surroundings()
        self.logits = Classifier(256, p=0.0)
        self.auxiliary = Classifier(1024, p=0.1)
        self.apply(initialize)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        x = self.stem(image)  # [N, 64, 128, 128]
        x = F.relu(x)  # [N, 64, 128, 128]
        x = self.max_pooling2d(x)  # [N, 64, 64, 64]
        x = self.stage[0](x)  # [N, 256, 64, 64]
        x = self.stage[1](x)  # [N, 512, 32, 32]
        stage_2 = self.stage[2](x)  # [N, 1024, 32, 32]
        x = self.stage[3](stage_2)  # [N, 2048, 32, 32]
        x = self.surroundings(x)  # [N, 256, 32, 32]
        logits = self.logits(x)  # [N, 21, 256, 256]
        x = self.auxiliary(stage_2)  # [N, 21, 256, 256]
        return logits, x

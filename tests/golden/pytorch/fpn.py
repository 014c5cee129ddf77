"""Feature pyramid network on a residual network (Lin et al., 2017, "Feature Pyramid
Networks for Object Detection"): maps of the same features at a quarter to a 64th of an
image's size.

Compiled by specc from the spec `fpn`. Images are [N, C, H, W].
"""

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
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1
    ) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=kernel_size // 2,
            bias=False,
        )
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, out_channels, H, W]
        return self.norm(x)  # [N, out_channels, H, W]


class Merge(nn.Module):
    """The block `merge`."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.larger = nn.Upsample(scale_factor=2)
        self.conv2d = nn.Conv2d(in_channels, 256, 1)

    def forward(self, above: Tensor, x: Tensor) -> Tensor:
        larger = self.larger(above)  # [N, 256, H, W]
        x = self.conv2d(x)  # [N, 256, H, W]
        return x + larger  # [N, 256, H, W]


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
        self.convolution = Convolution(in_channels, hidden, 1)
        self.convolution_1 = Convolution(hidden, hidden, 3, stride=stride)
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


class Fpn(nn.Module):
    """From `image` float32[N, 3, 64*h, 64*w] to `p2` float32[N, 256, 16*h, 16*w], `p3`
    float32[N, 256, 8*h, 8*w], `p4` float32[N, 256, 4*h, 4*w], `p5` float32[N, 256, 2*h,
    2*w], `p6` float32[N, 256, h, w].
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = Convolution(3, 64, 7, stride=2)
        self.max_pooling2d = nn.MaxPool2d(3, stride=2, padding=1)
        self.stage = nn.ModuleList(
            [
                Stage(64, 64, 256, count=2),
                Stage(256, 128, 512, count=3, stride=2),
                Stage(512, 256, 1024, count=5, stride=2),
                Stage(1024, 512, 2048, count=2, stride=2),
            ]
        )
        self.m5 = nn.Conv2d(2048, 256, 1)
        self.m4 = Merge(1024)
        self.m3 = Merge(512)
        self.m2 = Merge(256)
        self.smooth = nn.ModuleList(
            [nn.Conv2d(256, 256, 3, padding=1) for _ in range(4)]
        )
        self.p6 = nn.MaxPool2d(1, stride=2)
        self.apply(initialize)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        x = self.stem(image)  # [N, 64, 32*h, 32*w]
        x = F.relu(x)  # [N, 64, 32*h, 32*w]
        x = self.max_pooling2d(x)  # [N, 64, 16*h, 16*w]
        stage_0 = self.stage[0](x)  # [N, 256, 16*h, 16*w]
        stage_1 = self.stage[1](stage_0)  # [N, 512, 8*h, 8*w]
        stage_2 = self.stage[2](stage_1)  # [N, 1024, 4*h, 4*w]
        x = self.stage[3](stage_2)  # [N, 2048, 2*h, 2*w]
        m5 = self.m5(x)  # [N, 256, 2*h, 2*w]
        m4 = self.m4(m5, stage_2)  # [N, 256, 4*h, 4*w]
        m3 = self.m3(m4, stage_1)  # [N, 256, 8*h, 8*w]
        x = self.m2(m3, stage_0)  # [N, 256, 16*h, 16*w]
        smooth_0 = self.smooth[0](x)  # [N, 256, 16*h, 16*w]
        smooth_1 = self.smooth[1](m3)  # [N, 256, 8*h, 8*w]
        smooth_2 = self.smooth[2](m4)  # [N, 256, 4*h, 4*w]
        smooth_3 = self.smooth[3](m5)  # [N, 256, 2*h, 2*w]
        x = self.p6(smooth_3)  # [N, 256, h, w]
        return smooth_0, smooth_1, smooth_2, smooth_3, x

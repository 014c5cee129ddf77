"""The third Inception network (Szegedy et al., 2016, "Rethinking the Inception
Architecture for Computer Vision"): large convolutions are made of small ones, square
ones of 1×n and n×1. Paddings and normalization are those of keras.applications.

Compiled by specc from the spec `inception_v3`. Images are [N, C, H, W].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def without(module: nn.Module, parameter: str) -> nn.Module:
    """The module with one of its parameters left out."""
    module.register_parameter(parameter, None)
    return module


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, nn.Conv2d):
        nn.init.xavier_uniform_(module.weight)
    elif isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class Convolution(nn.Module):
    """The block `convolution`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int = 1,
        padding: int | tuple[int, int] = 0,
    ) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=padding,
            bias=False,
        )
        self.batch_normalization = without(
            nn.BatchNorm2d(out_channels, eps=0.001, momentum=0.01), "weight"
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, out_channels, H, W]
        x = self.batch_normalization(x)  # [N, out_channels, H, W]
        return F.relu(x)  # [N, out_channels, H, W]


class Tower(nn.Module):
    """The block `tower`."""

    def __init__(self, step: nn.Module) -> None:
        super().__init__()
        self.step = step

    def forward(self, x: Tensor) -> Tensor:
        return self.step(x)  # [N, C, H, W]


class PoolingTower(nn.Module):
    """The block `pooling_tower`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.average_pooling2d = nn.AvgPool2d(
            3, stride=1, padding=1, count_include_pad=False
        )
        self.convolution = Convolution(in_channels, out_channels, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.average_pooling2d(x)  # [N, in_channels, H, W]
        return self.convolution(x)  # [N, out_channels, H, W]


class Fork(nn.Module):
    """The block `fork`."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = Convolution(384, 384, kernel_size=(1, 3), padding=(0, 1))
        self.high = Convolution(384, 384, kernel_size=(3, 1), padding=(1, 0))

    def forward(self, x: Tensor) -> Tensor:
        wide = self.wide(x)  # [N, 384, 8, 8]
        x = self.high(x)  # [N, 384, 8, 8]
        return torch.cat([wide, x], dim=1)  # [N, 768, 8, 8]


class ReductionA(nn.Module):
    """The block `reduction_a`."""

    def __init__(self) -> None:
        super().__init__()
        self.three = Convolution(288, 384, kernel_size=3, stride=2)
        self.tower = Tower(
            nn.Sequential(
                Convolution(288, 64, kernel_size=1),
                Convolution(64, 96, kernel_size=3, padding=1),
            )
        )
        self.three_twice = Convolution(96, 96, kernel_size=3, stride=2)
        self.pooling = nn.MaxPool2d(3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        three = self.three(x)  # [N, 384, 17, 17]
        y = self.tower(x)  # [N, 96, 35, 35]
        three_twice = self.three_twice(y)  # [N, 96, 17, 17]
        x = self.pooling(x)  # [N, 288, 17, 17]
        return torch.cat([three, three_twice, x], dim=1)  # [N, 768, 17, 17]


class ReductionB(nn.Module):
    """The block `reduction_b`."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = Convolution(768, 192, kernel_size=1)
        self.three = Convolution(192, 320, kernel_size=3, stride=2)
        self.tower = Tower(
            nn.Sequential(
                Convolution(768, 192, kernel_size=1),
                Convolution(192, 192, kernel_size=(1, 7), padding=(0, 3)),
                Convolution(192, 192, kernel_size=(7, 1), padding=(3, 0)),
            )
        )
        self.seven = Convolution(192, 192, kernel_size=3, stride=2)
        self.pooling = nn.MaxPool2d(3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        y = self.convolution(x)  # [N, 192, 17, 17]
        three = self.three(y)  # [N, 320, 8, 8]
        y = self.tower(x)  # [N, 192, 17, 17]
        seven = self.seven(y)  # [N, 192, 8, 8]
        x = self.pooling(x)  # [N, 768, 8, 8]
        return torch.cat([three, seven, x], dim=1)  # [N, 1280, 8, 8]


class InceptionA(nn.Module):
    """The block `inception_a`."""

    def __init__(self, in_channels: int, pooling_channels: int) -> None:
        super().__init__()
        self.one = Convolution(in_channels, 64, kernel_size=1)
        self.five = Tower(
            nn.Sequential(
                Convolution(in_channels, 48, kernel_size=1),
                Convolution(48, 64, kernel_size=5, padding=2),
            )
        )
        self.three_twice = Tower(
            nn.Sequential(
                Convolution(in_channels, 64, kernel_size=1),
                Convolution(64, 96, kernel_size=3, padding=1),
                Convolution(96, 96, kernel_size=3, padding=1),
            )
        )
        self.pooling = PoolingTower(in_channels, pooling_channels)

    def forward(self, x: Tensor) -> Tensor:
        one = self.one(x)  # [N, 64, 35, 35]
        five = self.five(x)  # [N, 64, 35, 35]
        three_twice = self.three_twice(x)  # [N, 96, 35, 35]
        x = self.pooling(x)  # [N, pooling_channels, 35, 35]
        # [N, pooling_channels + 224, 35, 35]
        return torch.cat([one, five, three_twice, x], dim=1)


class InceptionB(nn.Module):
    """The block `inception_b`."""

    def __init__(self, seven_channels: int) -> None:
        super().__init__()
        self.one = Convolution(768, 192, kernel_size=1)
        self.seven = Tower(
            nn.Sequential(
                Convolution(768, seven_channels, kernel_size=1),
                Convolution(
                    seven_channels, seven_channels, kernel_size=(1, 7), padding=(0, 3)
                ),
                Convolution(seven_channels, 192, kernel_size=(7, 1), padding=(3, 0)),
            )
        )
        self.seven_twice = Tower(
            nn.Sequential(
                Convolution(768, seven_channels, kernel_size=1),
                Convolution(
                    seven_channels, seven_channels, kernel_size=(7, 1), padding=(3, 0)
                ),
                Convolution(
                    seven_channels, seven_channels, kernel_size=(1, 7), padding=(0, 3)
                ),
                Convolution(
                    seven_channels, seven_channels, kernel_size=(7, 1), padding=(3, 0)
                ),
                Convolution(seven_channels, 192, kernel_size=(1, 7), padding=(0, 3)),
            )
        )
        self.pooling = PoolingTower(768, 192)

    def forward(self, x: Tensor) -> Tensor:
        one = self.one(x)  # [N, 192, 17, 17]
        seven = self.seven(x)  # [N, 192, 17, 17]
        seven_twice = self.seven_twice(x)  # [N, 192, 17, 17]
        x = self.pooling(x)  # [N, 192, 17, 17]
        return torch.cat([one, seven, seven_twice, x], dim=1)  # [N, 768, 17, 17]


class InceptionC(nn.Module):
    """The block `inception_c`."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.one = Convolution(in_channels, 320, kernel_size=1)
        self.convolution = Convolution(in_channels, 384, kernel_size=1)
        self.three = Fork()
        self.tower = Tower(
            nn.Sequential(
                Convolution(in_channels, 448, kernel_size=1),
                Convolution(448, 384, kernel_size=3, padding=1),
            )
        )
        self.three_twice = Fork()
        self.pooling = PoolingTower(in_channels, 192)

    def forward(self, x: Tensor) -> Tensor:
        one = self.one(x)  # [N, 320, 8, 8]
        y = self.convolution(x)  # [N, 384, 8, 8]
        three = self.three(y)  # [N, 768, 8, 8]
        y = self.tower(x)  # [N, 384, 8, 8]
        three_twice = self.three_twice(y)  # [N, 768, 8, 8]
        x = self.pooling(x)  # [N, 192, 8, 8]
        return torch.cat([one, three, three_twice, x], dim=1)  # [N, 2048, 8, 8]


class InceptionV3(nn.Module):
    """From `image` float32[N, 3, 299, 299] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = Convolution(3, 32, kernel_size=3, stride=2)
        self.convolution_1 = Convolution(32, 32, kernel_size=3)
        self.convolution_2 = Convolution(32, 64, kernel_size=3, padding=1)
        self.max_pooling2d = nn.MaxPool2d(3, stride=2)
        self.convolution_3 = Convolution(64, 80, kernel_size=1)
        self.convolution_4 = Convolution(80, 192, kernel_size=3)
        self.max_pooling2d_1 = nn.MaxPool2d(3, stride=2)
        self.a = nn.Sequential(
            InceptionA(192, 32), InceptionA(256, 64), InceptionA(288, 64)
        )
        self.reduction_a = ReductionA()
        self.b = nn.Sequential(
            InceptionB(128), *(InceptionB(160) for _ in range(2)), InceptionB(192)
        )
        self.reduction_b = ReductionB()
        self.c = nn.Sequential(InceptionC(1280), InceptionC(2048))
        self.logits = nn.Linear(2048, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.convolution(image)  # [N, 32, 149, 149]
        x = self.convolution_1(x)  # [N, 32, 147, 147]
        x = self.convolution_2(x)  # [N, 64, 147, 147]
        x = self.max_pooling2d(x)  # [N, 64, 73, 73]
        x = self.convolution_3(x)  # [N, 80, 73, 73]
        x = self.convolution_4(x)  # [N, 192, 71, 71]
        x = self.max_pooling2d_1(x)  # [N, 192, 35, 35]
        x = self.a(x)  # [N, 288, 35, 35]
        x = self.reduction_a(x)  # [N, 768, 17, 17]
        x = self.b(x)  # [N, 768, 17, 17]
        x = self.reduction_b(x)  # [N, 1280, 8, 8]
        x = self.c(x)  # [N, 2048, 8, 8]
        x = torch.mean(x, dim=(2, 3))  # [N, 2048]
        return self.logits(x)  # [N, 1000]

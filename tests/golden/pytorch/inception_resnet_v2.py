"""Inception modules as corrections of what comes in (Szegedy et al., 2017,
"Inception-v4, Inception-ResNet and the Impact of Residual Connections on Learning").
Widths, paddings and scales are those of keras.applications.

Compiled by specc from the spec `inception_resnet_v2`. Images are [N, C, H, W].
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
        if module.bias is not None:
            nn.init.zeros_(module.bias)
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


class Correction(nn.Module):
    """The block `correction`."""

    def __init__(self, in_channels: int, out_channels: int, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.conv2d = nn.Conv2d(in_channels, out_channels, 1)

    def forward(self, x: Tensor, found: Tensor) -> Tensor:
        y = self.conv2d(found)  # [N, out_channels, H, W]
        y = y * self.scale  # [N, out_channels, H, W]
        x = x + y  # [N, out_channels, H, W]
        return F.relu(x)  # [N, out_channels, H, W]


class Correction2(nn.Module):
    """The block `correction`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(448, 2080, 1)

    def forward(self, x: Tensor, found: Tensor) -> Tensor:
        y = self.conv2d(found)  # [N, 2080, 8, 8]
        return x + y  # [N, 2080, 8, 8]


class Tower(nn.Module):
    """The block `tower`."""

    def __init__(self, step: nn.Module) -> None:
        super().__init__()
        self.step = step

    def forward(self, x: Tensor) -> Tensor:
        return self.step(x)  # [N, C, H, W]


class Halving(nn.Module):
    """The block `halving`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.convolution = Convolution(
            in_channels, out_channels, kernel_size=3, stride=2
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.convolution(x)  # [N, out_channels, H, W]


class InceptionA(nn.Module):
    """The block `inception_a`."""

    def __init__(self) -> None:
        super().__init__()
        self.one = Convolution(192, 96, kernel_size=1)
        self.five = Tower(
            nn.Sequential(
                Convolution(192, 48, kernel_size=1),
                Convolution(48, 64, kernel_size=5, padding=2),
            )
        )
        self.three_twice = Tower(
            nn.Sequential(
                Convolution(192, 64, kernel_size=1),
                Convolution(64, 96, kernel_size=3, padding=1),
                Convolution(96, 96, kernel_size=3, padding=1),
            )
        )
        self.average_pooling2d = nn.AvgPool2d(
            3, stride=1, padding=1, count_include_pad=False
        )
        self.pooling = Convolution(192, 64, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        one = self.one(x)  # [N, 96, 35, 35]
        five = self.five(x)  # [N, 64, 35, 35]
        three_twice = self.three_twice(x)  # [N, 96, 35, 35]
        x = self.average_pooling2d(x)  # [N, 192, 35, 35]
        x = self.pooling(x)  # [N, 64, 35, 35]
        return torch.cat([one, five, three_twice, x], dim=1)  # [N, 320, 35, 35]


class ResidualA(nn.Module):
    """The block `residual_a`."""

    def __init__(self) -> None:
        super().__init__()
        self.one = Convolution(320, 32, kernel_size=1)
        self.three = Tower(
            nn.Sequential(
                Convolution(320, 32, kernel_size=1),
                Convolution(32, 32, kernel_size=3, padding=1),
            )
        )
        self.three_twice = Tower(
            nn.Sequential(
                Convolution(320, 32, kernel_size=1),
                Convolution(32, 48, kernel_size=3, padding=1),
                Convolution(48, 64, kernel_size=3, padding=1),
            )
        )
        self.correction = Correction(128, 320, scale=0.17)

    def forward(self, x: Tensor) -> Tensor:
        one = self.one(x)  # [N, 32, 35, 35]
        three = self.three(x)  # [N, 32, 35, 35]
        y = self.three_twice(x)  # [N, 64, 35, 35]
        y = torch.cat([one, three, y], dim=1)  # [N, 128, 35, 35]
        return self.correction(x, y)  # [N, 320, 35, 35]


class ResidualB(nn.Module):
    """The block `residual_b`."""

    def __init__(self) -> None:
        super().__init__()
        self.one = Convolution(1088, 192, kernel_size=1)
        self.seven = Tower(
            nn.Sequential(
                Convolution(1088, 128, kernel_size=1),
                Convolution(128, 160, kernel_size=(1, 7), padding=(0, 3)),
                Convolution(160, 192, kernel_size=(7, 1), padding=(3, 0)),
            )
        )
        self.correction = Correction(384, 1088, scale=0.1)

    def forward(self, x: Tensor) -> Tensor:
        one = self.one(x)  # [N, 192, 17, 17]
        y = self.seven(x)  # [N, 192, 17, 17]
        y = torch.cat([one, y], dim=1)  # [N, 384, 17, 17]
        return self.correction(x, y)  # [N, 1088, 17, 17]


class ResidualC(nn.Module):
    """The block `residual_c`."""

    def __init__(self, correction: nn.Module) -> None:
        super().__init__()
        self.one = Convolution(2080, 192, kernel_size=1)
        self.three = Tower(
            nn.Sequential(
                Convolution(2080, 192, kernel_size=1),
                Convolution(192, 224, kernel_size=(1, 3), padding=(0, 1)),
                Convolution(224, 256, kernel_size=(3, 1), padding=(1, 0)),
            )
        )
        self.correction = correction

    def forward(self, x: Tensor) -> Tensor:
        one = self.one(x)  # [N, 192, 8, 8]
        y = self.three(x)  # [N, 256, 8, 8]
        y = torch.cat([one, y], dim=1)  # [N, 448, 8, 8]
        return self.correction(x, y)  # [N, 2080, 8, 8]


class ReductionA(nn.Module):
    """The block `reduction_a`."""

    def __init__(self) -> None:
        super().__init__()
        self.three = Halving(320, 384)
        self.tower = Tower(
            nn.Sequential(
                Convolution(320, 256, kernel_size=1),
                Convolution(256, 256, kernel_size=3, padding=1),
            )
        )
        self.three_twice = Halving(256, 384)
        self.pooling = nn.MaxPool2d(3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        three = self.three(x)  # [N, 384, 17, 17]
        y = self.tower(x)  # [N, 256, 35, 35]
        three_twice = self.three_twice(y)  # [N, 384, 17, 17]
        x = self.pooling(x)  # [N, 320, 17, 17]
        return torch.cat([three, three_twice, x], dim=1)  # [N, 1088, 17, 17]


class ReductionB(nn.Module):
    """The block `reduction_b`."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = Convolution(1088, 256, kernel_size=1)
        self.three = Halving(256, 384)
        self.convolution_1 = Convolution(1088, 256, kernel_size=1)
        self.narrow = Halving(256, 288)
        self.tower = Tower(
            nn.Sequential(
                Convolution(1088, 256, kernel_size=1),
                Convolution(256, 288, kernel_size=3, padding=1),
            )
        )
        self.three_twice = Halving(288, 320)
        self.pooling = nn.MaxPool2d(3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        y = self.convolution(x)  # [N, 256, 17, 17]
        three = self.three(y)  # [N, 384, 8, 8]
        y = self.convolution_1(x)  # [N, 256, 17, 17]
        narrow = self.narrow(y)  # [N, 288, 8, 8]
        y = self.tower(x)  # [N, 288, 17, 17]
        three_twice = self.three_twice(y)  # [N, 320, 8, 8]
        x = self.pooling(x)  # [N, 1088, 8, 8]
        return torch.cat([three, narrow, three_twice, x], dim=1)  # [N, 2080, 8, 8]


class InceptionResnetV2(nn.Module):
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
        self.inception_a = InceptionA()
        self.a = nn.Sequential(*(ResidualA() for _ in range(10)))
        self.reduction_a = ReductionA()
        self.b = nn.Sequential(*(ResidualB() for _ in range(20)))
        self.reduction_b = ReductionB()
        self.c = nn.Sequential(
            *(ResidualC(Correction(448, 2080, scale=0.2)) for _ in range(9))
        )
        self.residual_c = ResidualC(Correction2())
        self.convolution_5 = Convolution(2080, 1536, kernel_size=1)
        self.logits = nn.Linear(1536, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.convolution(image)  # [N, 32, 149, 149]
        x = self.convolution_1(x)  # [N, 32, 147, 147]
        x = self.convolution_2(x)  # [N, 64, 147, 147]
        x = self.max_pooling2d(x)  # [N, 64, 73, 73]
        x = self.convolution_3(x)  # [N, 80, 73, 73]
        x = self.convolution_4(x)  # [N, 192, 71, 71]
        x = self.max_pooling2d_1(x)  # [N, 192, 35, 35]
        x = self.inception_a(x)  # [N, 320, 35, 35]
        x = self.a(x)  # [N, 320, 35, 35]
        x = self.reduction_a(x)  # [N, 1088, 17, 17]
        x = self.b(x)  # [N, 1088, 17, 17]
        x = self.reduction_b(x)  # [N, 2080, 8, 8]
        x = self.c(x)  # [N, 2080, 8, 8]
        x = self.residual_c(x)  # [N, 2080, 8, 8]
        x = self.convolution_5(x)  # [N, 1536, 8, 8]
        x = torch.mean(x, dim=(2, 3))  # [N, 1536]
        return self.logits(x)  # [N, 1000]

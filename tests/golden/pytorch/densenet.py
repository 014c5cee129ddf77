"""Densely connected network with bottlenecks and compression, DenseNet-BC (Huang et
al., 2017, "Densely Connected Convolutional Networks"), with the conventions of its
PyTorch form.

Compiled by specc from the spec `densenet`. Images are [N, C, H, W].
"""

import math

import torch
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
    if isinstance(module, nn.Conv2d):
        he_normal_(module.weight)
    elif isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class DenseLayer(nn.Module):
    """The block `dense_layer`."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.batch_normalization = nn.BatchNorm2d(in_channels)
        self.re_lu = nn.ReLU()
        self.conv2d = nn.Conv2d(in_channels, 128, 1, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(128)
        self.re_lu_1 = nn.ReLU()
        self.conv2d_1 = nn.Conv2d(128, 32, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.batch_normalization(x)  # [N, in_channels, H, W]
        y = self.re_lu(y)  # [N, in_channels, H, W]
        y = self.conv2d(y)  # [N, 128, H, W]
        y = self.batch_normalization_1(y)  # [N, 128, H, W]
        y = self.re_lu_1(y)  # [N, 128, H, W]
        y = self.conv2d_1(y)  # [N, 32, H, W]
        return torch.cat([x, y], dim=1)  # [N, in_channels + 32, H, W]


class Transition(nn.Module):
    """The block `transition`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.batch_normalization = nn.BatchNorm2d(in_channels)
        self.re_lu = nn.ReLU()
        self.conv2d = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.average_pooling2d = nn.AvgPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.batch_normalization(x)  # [N, in_channels, H, W]
        x = self.re_lu(x)  # [N, in_channels, H, W]
        x = self.conv2d(x)  # [N, out_channels, H, W]
        return self.average_pooling2d(x)  # [N, out_channels, H, W]


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(
        self,
        in_channels: int,
        count: int,
        transition_in_channels: int,
        out_channels: int,
    ) -> None:
        super().__init__()
        self.layer = nn.Sequential(
            *(DenseLayer(in_channels + 32 * i) for i in range(count))
        )
        self.transition = Transition(
            in_channels=transition_in_channels, out_channels=out_channels
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer(x)  # [N, transition_in_channels, H, W]
        return self.transition(x)  # [N, out_channels, H, W]


class Stage2(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Sequential(*(DenseLayer(512 + 32 * i) for i in range(16)))

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)  # [N, 1024, 7, 7]


class Densenet(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.batch_normalization = nn.BatchNorm2d(64)
        self.re_lu = nn.ReLU()
        self.max_pooling2d = nn.MaxPool2d(3, stride=2, padding=1)
        self.stage = nn.Sequential(
            Stage(
                in_channels=64, count=6, transition_in_channels=256, out_channels=128
            ),
            Stage(
                in_channels=128, count=12, transition_in_channels=512, out_channels=256
            ),
            Stage(
                in_channels=256, count=24, transition_in_channels=1024, out_channels=512
            ),
            Stage2(),
        )
        self.batch_normalization_1 = nn.BatchNorm2d(1024)
        self.re_lu_1 = nn.ReLU()
        self.logits = nn.Linear(1024, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.conv2d(image)  # [N, 64, 112, 112]
        x = self.batch_normalization(x)  # [N, 64, 112, 112]
        x = self.re_lu(x)  # [N, 64, 112, 112]
        x = self.max_pooling2d(x)  # [N, 64, 56, 56]
        x = self.stage(x)  # [N, 1024, 7, 7]
        x = self.batch_normalization_1(x)  # [N, 1024, 7, 7]
        x = self.re_lu_1(x)  # [N, 1024, 7, 7]
        x = torch.mean(x, dim=(2, 3))  # [N, 1024]
        return self.logits(x)  # [N, 1000]

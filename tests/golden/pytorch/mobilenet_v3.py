"""Networks found by search for phones (Howard et al., 2019, "Searching for
MobileNetV3"). They take pixels from 0 to 255, as Keras's do.

Compiled by specc from the spec `mobilenet_v3`. Images are [N, C, H, W].
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, nn.Conv2d):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class SqueezeExcitation(nn.Module):
    """The block `squeeze_excitation`."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(channels, hidden, 1)
        self.conv2d_1 = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.mean(x, dim=(2, 3), keepdim=True)  # [N, channels, 1, 1]
        y = F.relu(self.conv2d(y))  # [N, hidden, 1, 1]
        y = F.hardsigmoid(self.conv2d_1(y))  # [N, channels, 1, 1]
        return x * y  # [N, channels, H, W]


class InvertedResidual(nn.Module):
    """The block `inverted_residual`."""

    def __init__(self) -> None:
        super().__init__()
        self.depthwise_conv2d = nn.Conv2d(16, 16, 3, padding=1, groups=16, bias=False)
        self.batch_normalization = nn.BatchNorm2d(16, eps=0.001, momentum=0.001)
        self.conv2d = nn.Conv2d(16, 16, 1, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(16, eps=0.001, momentum=0.001)

    def forward(self, x: Tensor) -> Tensor:
        y = self.depthwise_conv2d(x)  # [N, 16, 112, 112]
        y = self.batch_normalization(y)  # [N, 16, 112, 112]
        y = F.relu(y)  # [N, 16, 112, 112]
        y = self.conv2d(y)  # [N, 16, 112, 112]
        y = self.batch_normalization_1(y)  # [N, 16, 112, 112]
        return x + y  # [N, 16, 112, 112]


class InvertedResidual2(nn.Module):
    """The block `inverted_residual`."""

    def __init__(
        self,
        in_channels: int,
        hidden: int,
        kernel_size: int,
        out_channels: int,
        squeeze_excitation: nn.Module,
        activation: Callable[[Tensor], Tensor],
        pad: tuple[int, int, int, int],
    ) -> None:
        super().__init__()
        self.activation = activation
        self.pad = pad
        self.conv2d = nn.Conv2d(in_channels, hidden, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(hidden, eps=0.001, momentum=0.001)
        self.depthwise_conv2d = nn.Conv2d(
            hidden, hidden, kernel_size, stride=2, groups=hidden, bias=False
        )
        self.batch_normalization_1 = nn.BatchNorm2d(hidden, eps=0.001, momentum=0.001)
        self.squeeze_excitation = squeeze_excitation
        self.conv2d_1 = nn.Conv2d(hidden, out_channels, 1, bias=False)
        self.batch_normalization_2 = nn.BatchNorm2d(
            out_channels, eps=0.001, momentum=0.001
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, hidden, H, W]
        x = self.batch_normalization(x)  # [N, hidden, H, W]
        x = self.activation(x)  # [N, hidden, H, W]
        x = self.depthwise_conv2d(F.pad(x, self.pad))  # [N, hidden, H, W]
        x = self.batch_normalization_1(x)  # [N, hidden, H, W]
        x = self.activation(x)  # [N, hidden, H, W]
        x = self.squeeze_excitation(x)  # [N, hidden, H, W]
        x = self.conv2d_1(x)  # [N, out_channels, H, W]
        return self.batch_normalization_2(x)  # [N, out_channels, H, W]


class InvertedResidual3(nn.Module):
    """The block `inverted_residual`."""

    def __init__(
        self,
        in_channels: int,
        hidden: int,
        kernel_size: int,
        out_channels: int,
        squeeze_excitation: nn.Module,
        activation: Callable[[Tensor], Tensor],
        residual: bool = True,
    ) -> None:
        super().__init__()
        self.activation = activation
        self.residual = residual
        self.conv2d = nn.Conv2d(in_channels, hidden, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(hidden, eps=0.001, momentum=0.001)
        self.depthwise_conv2d = nn.Conv2d(
            hidden,
            hidden,
            kernel_size,
            padding=kernel_size // 2,
            groups=hidden,
            bias=False,
        )
        self.batch_normalization_1 = nn.BatchNorm2d(hidden, eps=0.001, momentum=0.001)
        self.squeeze_excitation = squeeze_excitation
        self.conv2d_1 = nn.Conv2d(hidden, out_channels, 1, bias=False)
        self.batch_normalization_2 = nn.BatchNorm2d(
            out_channels, eps=0.001, momentum=0.001
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2d(x)  # [N, hidden, H, W]
        y = self.batch_normalization(y)  # [N, hidden, H, W]
        y = self.activation(y)  # [N, hidden, H, W]
        y = self.depthwise_conv2d(y)  # [N, hidden, H, W]
        y = self.batch_normalization_1(y)  # [N, hidden, H, W]
        y = self.activation(y)  # [N, hidden, H, W]
        y = self.squeeze_excitation(y)  # [N, hidden, H, W]
        y = self.conv2d_1(y)  # [N, out_channels, H, W]
        y = self.batch_normalization_2(y)  # [N, out_channels, H, W]
        return x + y if self.residual else y  # [N, out_channels, H, W]


class MobilenetV3(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 16, 3, stride=2, bias=False)
        self.batch_normalization = nn.BatchNorm2d(16, eps=0.001, momentum=0.001)
        self.block = nn.Sequential(
            InvertedResidual(),
            InvertedResidual2(
                16,
                64,
                3,
                24,
                squeeze_excitation=nn.Identity(),
                activation=F.relu,
                pad=(0, 1, 0, 1),
            ),
            InvertedResidual3(
                24, 72, 3, 24, squeeze_excitation=nn.Identity(), activation=F.relu
            ),
            InvertedResidual2(
                24,
                72,
                5,
                40,
                squeeze_excitation=SqueezeExcitation(72, 24),
                activation=F.relu,
                pad=(1, 2, 1, 2),
            ),
            *(
                InvertedResidual3(
                    40,
                    120,
                    5,
                    40,
                    squeeze_excitation=SqueezeExcitation(120, 32),
                    activation=F.relu,
                )
                for _ in range(2)
            ),
            InvertedResidual2(
                40,
                240,
                3,
                80,
                squeeze_excitation=nn.Identity(),
                activation=F.hardswish,
                pad=(0, 1, 0, 1),
            ),
            InvertedResidual3(
                80, 200, 3, 80, squeeze_excitation=nn.Identity(), activation=F.hardswish
            ),
            *(
                InvertedResidual3(
                    80,
                    184,
                    3,
                    80,
                    squeeze_excitation=nn.Identity(),
                    activation=F.hardswish,
                )
                for _ in range(2)
            ),
            InvertedResidual3(
                80,
                480,
                3,
                112,
                squeeze_excitation=SqueezeExcitation(480, 120),
                activation=F.hardswish,
                residual=False,
            ),
            InvertedResidual3(
                112,
                672,
                3,
                112,
                squeeze_excitation=SqueezeExcitation(672, 168),
                activation=F.hardswish,
            ),
            InvertedResidual2(
                112,
                672,
                5,
                160,
                squeeze_excitation=SqueezeExcitation(672, 168),
                activation=F.hardswish,
                pad=(1, 2, 1, 2),
            ),
            *(
                InvertedResidual3(
                    160,
                    960,
                    5,
                    160,
                    squeeze_excitation=SqueezeExcitation(960, 240),
                    activation=F.hardswish,
                )
                for _ in range(2)
            ),
        )
        self.conv2d_1 = nn.Conv2d(160, 960, 1, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(960, eps=0.001, momentum=0.001)
        self.dense = nn.Linear(960, 1280)
        self.dropout = nn.Dropout(0.2)
        self.logits = nn.Linear(1280, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = image * 0.00784313725490196 + -1.0  # [N, 3, 224, 224]
        x = self.conv2d(F.pad(x, (0, 1, 0, 1)))  # [N, 16, 112, 112]
        x = self.batch_normalization(x)  # [N, 16, 112, 112]
        x = F.hardswish(x)  # [N, 16, 112, 112]
        x = self.block(x)  # [N, 160, 7, 7]
        x = self.conv2d_1(x)  # [N, 960, 7, 7]
        x = self.batch_normalization_1(x)  # [N, 960, 7, 7]
        x = F.hardswish(x)  # [N, 960, 7, 7]
        x = torch.mean(x, dim=(2, 3))  # [N, 960]
        x = F.hardswish(self.dense(x))  # [N, 1280]
        x = self.dropout(x)  # [N, 1280]
        return self.logits(x)  # [N, 1000]

"""Networks found by search for phones (Howard et al., 2019, "Searching for
MobileNetV3"). They take pixels from 0 to 255, as Keras's do.

Compiled by specc from the spec `mobilenet_v3`. Images are [N, C, H, W].
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
    elif isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


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

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(16, 64, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(64, eps=0.001, momentum=0.001)
        self.depthwise_conv2d = nn.Conv2d(64, 64, 3, stride=2, groups=64, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(64, eps=0.001, momentum=0.001)
        self.conv2d_1 = nn.Conv2d(64, 24, 1, bias=False)
        self.batch_normalization_2 = nn.BatchNorm2d(24, eps=0.001, momentum=0.001)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, 64, 112, 112]
        x = self.batch_normalization(x)  # [N, 64, 112, 112]
        x = F.relu(x)  # [N, 64, 112, 112]
        x = self.depthwise_conv2d(F.pad(x, (0, 1, 0, 1)))  # [N, 64, 56, 56]
        x = self.batch_normalization_1(x)  # [N, 64, 56, 56]
        x = F.relu(x)  # [N, 64, 56, 56]
        x = self.conv2d_1(x)  # [N, 24, 56, 56]
        return self.batch_normalization_2(x)  # [N, 24, 56, 56]


class InvertedResidual3(nn.Module):
    """The block `inverted_residual`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(24, 72, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(72, eps=0.001, momentum=0.001)
        self.depthwise_conv2d = nn.Conv2d(72, 72, 3, padding=1, groups=72, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(72, eps=0.001, momentum=0.001)
        self.conv2d_1 = nn.Conv2d(72, 24, 1, bias=False)
        self.batch_normalization_2 = nn.BatchNorm2d(24, eps=0.001, momentum=0.001)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2d(x)  # [N, 72, 56, 56]
        y = self.batch_normalization(y)  # [N, 72, 56, 56]
        y = F.relu(y)  # [N, 72, 56, 56]
        y = self.depthwise_conv2d(y)  # [N, 72, 56, 56]
        y = self.batch_normalization_1(y)  # [N, 72, 56, 56]
        y = F.relu(y)  # [N, 72, 56, 56]
        y = self.conv2d_1(y)  # [N, 24, 56, 56]
        y = self.batch_normalization_2(y)  # [N, 24, 56, 56]
        return x + y  # [N, 24, 56, 56]


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


class InvertedResidual4(nn.Module):
    """The block `inverted_residual`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(40, 240, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(240, eps=0.001, momentum=0.001)
        self.depthwise_conv2d = nn.Conv2d(240, 240, 3, stride=2, groups=240, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(240, eps=0.001, momentum=0.001)
        self.conv2d_1 = nn.Conv2d(240, 80, 1, bias=False)
        self.batch_normalization_2 = nn.BatchNorm2d(80, eps=0.001, momentum=0.001)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, 240, 28, 28]
        x = self.batch_normalization(x)  # [N, 240, 28, 28]
        x = F.hardswish(x)  # [N, 240, 28, 28]
        x = self.depthwise_conv2d(F.pad(x, (0, 1, 0, 1)))  # [N, 240, 14, 14]
        x = self.batch_normalization_1(x)  # [N, 240, 14, 14]
        x = F.hardswish(x)  # [N, 240, 14, 14]
        x = self.conv2d_1(x)  # [N, 80, 14, 14]
        return self.batch_normalization_2(x)  # [N, 80, 14, 14]


class InvertedResidual5(nn.Module):
    """The block `inverted_residual`."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(80, hidden, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(hidden, eps=0.001, momentum=0.001)
        self.depthwise_conv2d = nn.Conv2d(
            hidden, hidden, 3, padding=1, groups=hidden, bias=False
        )
        self.batch_normalization_1 = nn.BatchNorm2d(hidden, eps=0.001, momentum=0.001)
        self.conv2d_1 = nn.Conv2d(hidden, 80, 1, bias=False)
        self.batch_normalization_2 = nn.BatchNorm2d(80, eps=0.001, momentum=0.001)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2d(x)  # [N, hidden, 14, 14]
        y = self.batch_normalization(y)  # [N, hidden, 14, 14]
        y = F.hardswish(y)  # [N, hidden, 14, 14]
        y = self.depthwise_conv2d(y)  # [N, hidden, 14, 14]
        y = self.batch_normalization_1(y)  # [N, hidden, 14, 14]
        y = F.hardswish(y)  # [N, hidden, 14, 14]
        y = self.conv2d_1(y)  # [N, 80, 14, 14]
        y = self.batch_normalization_2(y)  # [N, 80, 14, 14]
        return x + y  # [N, 80, 14, 14]


class InvertedResidual6(nn.Module):
    """The block `inverted_residual`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(24, 72, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(72, eps=0.001, momentum=0.001)
        self.depthwise_conv2d = nn.Conv2d(72, 72, 5, stride=2, groups=72, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(72, eps=0.001, momentum=0.001)
        self.squeeze_excitation = SqueezeExcitation(72, 24)
        self.conv2d_1 = nn.Conv2d(72, 40, 1, bias=False)
        self.batch_normalization_2 = nn.BatchNorm2d(40, eps=0.001, momentum=0.001)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, 72, 56, 56]
        x = self.batch_normalization(x)  # [N, 72, 56, 56]
        x = F.relu(x)  # [N, 72, 56, 56]
        x = self.depthwise_conv2d(F.pad(x, (1, 2, 1, 2)))  # [N, 72, 28, 28]
        x = self.batch_normalization_1(x)  # [N, 72, 28, 28]
        x = F.relu(x)  # [N, 72, 28, 28]
        x = self.squeeze_excitation(x)  # [N, 72, 28, 28]
        x = self.conv2d_1(x)  # [N, 40, 28, 28]
        return self.batch_normalization_2(x)  # [N, 40, 28, 28]


class InvertedResidual7(nn.Module):
    """The block `inverted_residual`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(40, 120, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(120, eps=0.001, momentum=0.001)
        self.depthwise_conv2d = nn.Conv2d(
            120, 120, 5, padding=2, groups=120, bias=False
        )
        self.batch_normalization_1 = nn.BatchNorm2d(120, eps=0.001, momentum=0.001)
        self.squeeze_excitation = SqueezeExcitation(120, 32)
        self.conv2d_1 = nn.Conv2d(120, 40, 1, bias=False)
        self.batch_normalization_2 = nn.BatchNorm2d(40, eps=0.001, momentum=0.001)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2d(x)  # [N, 120, 28, 28]
        y = self.batch_normalization(y)  # [N, 120, 28, 28]
        y = F.relu(y)  # [N, 120, 28, 28]
        y = self.depthwise_conv2d(y)  # [N, 120, 28, 28]
        y = self.batch_normalization_1(y)  # [N, 120, 28, 28]
        y = F.relu(y)  # [N, 120, 28, 28]
        y = self.squeeze_excitation(y)  # [N, 120, 28, 28]
        y = self.conv2d_1(y)  # [N, 40, 28, 28]
        y = self.batch_normalization_2(y)  # [N, 40, 28, 28]
        return x + y  # [N, 40, 28, 28]


class InvertedResidual8(nn.Module):
    """The block `inverted_residual`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(80, 480, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(480, eps=0.001, momentum=0.001)
        self.depthwise_conv2d = nn.Conv2d(
            480, 480, 3, padding=1, groups=480, bias=False
        )
        self.batch_normalization_1 = nn.BatchNorm2d(480, eps=0.001, momentum=0.001)
        self.squeeze_excitation = SqueezeExcitation(480, 120)
        self.conv2d_1 = nn.Conv2d(480, 112, 1, bias=False)
        self.batch_normalization_2 = nn.BatchNorm2d(112, eps=0.001, momentum=0.001)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, 480, 14, 14]
        x = self.batch_normalization(x)  # [N, 480, 14, 14]
        x = F.hardswish(x)  # [N, 480, 14, 14]
        x = self.depthwise_conv2d(x)  # [N, 480, 14, 14]
        x = self.batch_normalization_1(x)  # [N, 480, 14, 14]
        x = F.hardswish(x)  # [N, 480, 14, 14]
        x = self.squeeze_excitation(x)  # [N, 480, 14, 14]
        x = self.conv2d_1(x)  # [N, 112, 14, 14]
        return self.batch_normalization_2(x)  # [N, 112, 14, 14]


class InvertedResidual9(nn.Module):
    """The block `inverted_residual`."""

    def __init__(
        self,
        channels: int,
        hidden: int,
        kernel_size: int,
        squeeze_excitation_hidden: int,
        padding: int = 0,
    ) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(channels, hidden, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(hidden, eps=0.001, momentum=0.001)
        self.depthwise_conv2d = nn.Conv2d(
            hidden, hidden, kernel_size, padding=padding, groups=hidden, bias=False
        )
        self.batch_normalization_1 = nn.BatchNorm2d(hidden, eps=0.001, momentum=0.001)
        self.squeeze_excitation = SqueezeExcitation(hidden, squeeze_excitation_hidden)
        self.conv2d_1 = nn.Conv2d(hidden, channels, 1, bias=False)
        self.batch_normalization_2 = nn.BatchNorm2d(channels, eps=0.001, momentum=0.001)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2d(x)  # [N, hidden, H, W]
        y = self.batch_normalization(y)  # [N, hidden, H, W]
        y = F.hardswish(y)  # [N, hidden, H, W]
        y = self.depthwise_conv2d(y)  # [N, hidden, H, W]
        y = self.batch_normalization_1(y)  # [N, hidden, H, W]
        y = F.hardswish(y)  # [N, hidden, H, W]
        y = self.squeeze_excitation(y)  # [N, hidden, H, W]
        y = self.conv2d_1(y)  # [N, channels, H, W]
        y = self.batch_normalization_2(y)  # [N, channels, H, W]
        return x + y  # [N, channels, H, W]


class InvertedResidual10(nn.Module):
    """The block `inverted_residual`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(112, 672, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(672, eps=0.001, momentum=0.001)
        self.depthwise_conv2d = nn.Conv2d(672, 672, 5, stride=2, groups=672, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(672, eps=0.001, momentum=0.001)
        self.squeeze_excitation = SqueezeExcitation(672, 168)
        self.conv2d_1 = nn.Conv2d(672, 160, 1, bias=False)
        self.batch_normalization_2 = nn.BatchNorm2d(160, eps=0.001, momentum=0.001)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, 672, 14, 14]
        x = self.batch_normalization(x)  # [N, 672, 14, 14]
        x = F.hardswish(x)  # [N, 672, 14, 14]
        x = self.depthwise_conv2d(F.pad(x, (1, 2, 1, 2)))  # [N, 672, 7, 7]
        x = self.batch_normalization_1(x)  # [N, 672, 7, 7]
        x = F.hardswish(x)  # [N, 672, 7, 7]
        x = self.squeeze_excitation(x)  # [N, 672, 7, 7]
        x = self.conv2d_1(x)  # [N, 160, 7, 7]
        return self.batch_normalization_2(x)  # [N, 160, 7, 7]


class MobilenetV3(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 16, 3, stride=2, bias=False)
        self.batch_normalization = nn.BatchNorm2d(16, eps=0.001, momentum=0.001)
        self.block = nn.Sequential(
            InvertedResidual(),
            InvertedResidual2(),
            InvertedResidual3(),
            InvertedResidual6(),
            *(InvertedResidual7() for _ in range(2)),
            InvertedResidual4(),
            InvertedResidual5(200),
            *(InvertedResidual5(184) for _ in range(2)),
            InvertedResidual8(),
            InvertedResidual9(112, 672, 3, 168, padding=1),
            InvertedResidual10(),
            *(InvertedResidual9(160, 960, 5, 240, padding=2) for _ in range(2)),
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

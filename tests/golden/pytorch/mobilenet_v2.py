"""A network of inverted residuals, wide inside and narrow between (Sandler et al.,
2018, "MobileNetV2: Inverted Residuals and Linear Bottlenecks"), as Keras has it.

Compiled by specc from the spec `mobilenet_v2`. Images are [N, C, H, W].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, nn.Conv2d):
        nn.init.xavier_uniform_(module.weight)
    elif isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class InvertedResidual(nn.Module):
    """The block `inverted_residual`."""

    def __init__(self) -> None:
        super().__init__()
        self.depthwise_conv2d = nn.Conv2d(32, 32, 3, padding=1, groups=32, bias=False)
        self.batch_normalization = nn.BatchNorm2d(32, eps=0.001, momentum=0.001)
        self.conv2d = nn.Conv2d(32, 16, 1, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(16, eps=0.001, momentum=0.001)

    def forward(self, x: Tensor) -> Tensor:
        x = self.depthwise_conv2d(x)  # [N, 32, 112, 112]
        x = self.batch_normalization(x)  # [N, 32, 112, 112]
        x = F.relu6(x)  # [N, 32, 112, 112]
        x = self.conv2d(x)  # [N, 16, 112, 112]
        return self.batch_normalization_1(x)  # [N, 16, 112, 112]


class InvertedResidual2(nn.Module):
    """The block `inverted_residual`."""

    def __init__(self, in_channels: int, hidden: int, out_channels: int) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(in_channels, hidden, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(hidden, eps=0.001, momentum=0.001)
        self.depthwise_conv2d = nn.Conv2d(
            hidden, hidden, 3, stride=2, groups=hidden, bias=False
        )
        self.batch_normalization_1 = nn.BatchNorm2d(hidden, eps=0.001, momentum=0.001)
        self.conv2d_1 = nn.Conv2d(hidden, out_channels, 1, bias=False)
        self.batch_normalization_2 = nn.BatchNorm2d(
            out_channels, eps=0.001, momentum=0.001
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, hidden, H, W]
        x = self.batch_normalization(x)  # [N, hidden, H, W]
        x = F.relu6(x)  # [N, hidden, H, W]
        x = self.depthwise_conv2d(F.pad(x, (0, 1, 0, 1)))  # [N, hidden, H, W]
        x = self.batch_normalization_1(x)  # [N, hidden, H, W]
        x = F.relu6(x)  # [N, hidden, H, W]
        x = self.conv2d_1(x)  # [N, out_channels, H, W]
        return self.batch_normalization_2(x)  # [N, out_channels, H, W]


class InvertedResidual3(nn.Module):
    """The block `inverted_residual`."""

    def __init__(
        self, in_channels: int, hidden: int, out_channels: int, residual: bool = True
    ) -> None:
        super().__init__()
        self.residual = residual
        self.conv2d = nn.Conv2d(in_channels, hidden, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(hidden, eps=0.001, momentum=0.001)
        self.depthwise_conv2d = nn.Conv2d(
            hidden, hidden, 3, padding=1, groups=hidden, bias=False
        )
        self.batch_normalization_1 = nn.BatchNorm2d(hidden, eps=0.001, momentum=0.001)
        self.conv2d_1 = nn.Conv2d(hidden, out_channels, 1, bias=False)
        self.batch_normalization_2 = nn.BatchNorm2d(
            out_channels, eps=0.001, momentum=0.001
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2d(x)  # [N, hidden, H, W]
        y = self.batch_normalization(y)  # [N, hidden, H, W]
        y = F.relu6(y)  # [N, hidden, H, W]
        y = self.depthwise_conv2d(y)  # [N, hidden, H, W]
        y = self.batch_normalization_1(y)  # [N, hidden, H, W]
        y = F.relu6(y)  # [N, hidden, H, W]
        y = self.conv2d_1(y)  # [N, out_channels, H, W]
        y = self.batch_normalization_2(y)  # [N, out_channels, H, W]
        return x + y if self.residual else y  # [N, out_channels, H, W]


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)  # [N, C, H, W]


class MobilenetV2(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 32, 3, stride=2, bias=False)
        self.batch_normalization = nn.BatchNorm2d(32, eps=0.001, momentum=0.001)
        self.stage = nn.Sequential(
            Stage(nn.Sequential(InvertedResidual())),
            Stage(
                nn.Sequential(
                    InvertedResidual2(16, 96, 24), InvertedResidual3(24, 144, 24)
                )
            ),
            Stage(
                nn.Sequential(
                    InvertedResidual2(24, 144, 32),
                    *(InvertedResidual3(32, 192, 32) for _ in range(2)),
                )
            ),
            Stage(
                nn.Sequential(
                    InvertedResidual2(32, 192, 64),
                    *(InvertedResidual3(64, 384, 64) for _ in range(3)),
                )
            ),
            Stage(
                nn.Sequential(
                    InvertedResidual3(64, 384, 96, residual=False),
                    *(InvertedResidual3(96, 576, 96) for _ in range(2)),
                )
            ),
            Stage(
                nn.Sequential(
                    InvertedResidual2(96, 576, 160),
                    *(InvertedResidual3(160, 960, 160) for _ in range(2)),
                )
            ),
            Stage(nn.Sequential(InvertedResidual3(160, 960, 320, residual=False))),
        )
        self.conv2d_1 = nn.Conv2d(320, 1280, 1, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(1280, eps=0.001, momentum=0.001)
        self.logits = nn.Linear(1280, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.conv2d(F.pad(image, (0, 1, 0, 1)))  # [N, 32, 112, 112]
        x = self.batch_normalization(x)  # [N, 32, 112, 112]
        x = F.relu6(x)  # [N, 32, 112, 112]
        x = self.stage(x)  # [N, 320, 7, 7]
        x = self.conv2d_1(x)  # [N, 1280, 7, 7]
        x = self.batch_normalization_1(x)  # [N, 1280, 7, 7]
        x = F.relu6(x)  # [N, 1280, 7, 7]
        x = torch.mean(x, dim=(2, 3))  # [N, 1280]
        return self.logits(x)  # [N, 1000]

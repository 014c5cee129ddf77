"""Residual networks whose blocks normalize and activate first (He et al., 2016,
"Identity Mappings in Deep Residual Networks"), so that nothing is in the way from block
to block; as Keras has them.

Compiled by specc from the spec `resnet_v2`. Images are [N, C, H, W].
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


class Bottleneck(nn.Module):
    """The block `bottleneck`."""

    def __init__(self, in_channels: int, out_channels: int, hidden: int) -> None:
        super().__init__()
        self.batch_normalization = nn.BatchNorm2d(
            in_channels, eps=1.001e-05, momentum=0.01
        )
        self.projected = nn.Conv2d(in_channels, out_channels, 1)
        self.conv2d = nn.Conv2d(in_channels, hidden, 1, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(
            hidden, eps=1.001e-05, momentum=0.01
        )
        self.conv2d_1 = nn.Conv2d(hidden, hidden, 3, padding=1, bias=False)
        self.batch_normalization_2 = nn.BatchNorm2d(
            hidden, eps=1.001e-05, momentum=0.01
        )
        self.conv2d_2 = nn.Conv2d(hidden, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.batch_normalization(x)  # [N, in_channels, H, W]
        active = F.relu(x)  # [N, in_channels, H, W]
        projected = self.projected(active)  # [N, out_channels, H, W]
        x = self.conv2d(active)  # [N, hidden, H, W]
        x = self.batch_normalization_1(x)  # [N, hidden, H, W]
        x = F.relu(x)  # [N, hidden, H, W]
        x = self.conv2d_1(x)  # [N, hidden, H, W]
        x = self.batch_normalization_2(x)  # [N, hidden, H, W]
        x = F.relu(x)  # [N, hidden, H, W]
        x = self.conv2d_2(x)  # [N, out_channels, H, W]
        return projected + x  # [N, out_channels, H, W]


class Bottleneck2(nn.Module):
    """The block `bottleneck`."""

    def __init__(
        self, channels: int, hidden: int, thinned: nn.Module, stride: int = 1
    ) -> None:
        super().__init__()
        self.batch_normalization = nn.BatchNorm2d(
            channels, eps=1.001e-05, momentum=0.01
        )
        self.thinned = thinned
        self.conv2d = nn.Conv2d(channels, hidden, 1, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(
            hidden, eps=1.001e-05, momentum=0.01
        )
        self.conv2d_1 = nn.Conv2d(
            hidden, hidden, 3, stride=stride, padding=1, bias=False
        )
        self.batch_normalization_2 = nn.BatchNorm2d(
            hidden, eps=1.001e-05, momentum=0.01
        )
        self.conv2d_2 = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.batch_normalization(x)  # [N, channels, H, W]
        active = F.relu(y)  # [N, channels, H, W]
        thinned = self.thinned(x)  # [N, channels, H, W]
        x = self.conv2d(active)  # [N, hidden, H, W]
        x = self.batch_normalization_1(x)  # [N, hidden, H, W]
        x = F.relu(x)  # [N, hidden, H, W]
        x = self.conv2d_1(x)  # [N, hidden, H, W]
        x = self.batch_normalization_2(x)  # [N, hidden, H, W]
        x = F.relu(x)  # [N, hidden, H, W]
        x = self.conv2d_2(x)  # [N, channels, H, W]
        return thinned + x  # [N, channels, H, W]


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)  # [N, C, H, W]


class ResnetV2(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 64, 7, stride=2, padding=3)
        self.zero_padding2d = nn.ZeroPad2d(1)
        self.max_pooling2d = nn.MaxPool2d(3, stride=2)
        self.stage = nn.Sequential(
            Stage(
                nn.Sequential(
                    Bottleneck(64, 256, 64),
                    Bottleneck2(256, 64, thinned=nn.Identity()),
                    Bottleneck2(256, 64, thinned=nn.MaxPool2d(1, stride=2), stride=2),
                )
            ),
            Stage(
                nn.Sequential(
                    Bottleneck(256, 512, 128),
                    *(Bottleneck2(512, 128, thinned=nn.Identity()) for _ in range(2)),
                    Bottleneck2(512, 128, thinned=nn.MaxPool2d(1, stride=2), stride=2),
                )
            ),
            Stage(
                nn.Sequential(
                    Bottleneck(512, 1024, 256),
                    *(Bottleneck2(1024, 256, thinned=nn.Identity()) for _ in range(4)),
                    Bottleneck2(1024, 256, thinned=nn.MaxPool2d(1, stride=2), stride=2),
                )
            ),
            Stage(
                nn.Sequential(
                    Bottleneck(1024, 2048, 512),
                    *(Bottleneck2(2048, 512, thinned=nn.Identity()) for _ in range(2)),
                )
            ),
        )
        self.batch_normalization = nn.BatchNorm2d(2048, eps=1.001e-05, momentum=0.01)
        self.logits = nn.Linear(2048, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.conv2d(image)  # [N, 64, 112, 112]
        x = self.zero_padding2d(x)  # [N, 64, 114, 114]
        x = self.max_pooling2d(x)  # [N, 64, 56, 56]
        x = self.stage(x)  # [N, 2048, 7, 7]
        x = self.batch_normalization(x)  # [N, 2048, 7, 7]
        x = F.relu(x)  # [N, 2048, 7, 7]
        x = torch.mean(x, dim=(2, 3))  # [N, 2048]
        return self.logits(x)  # [N, 1000]

"""AlexNet's accuracy with fifty times fewer parameters (Iandola et al., 2016,
"SqueezeNet"): 1×1 convolutions squeeze the channels before others expand them. Version
1.0 is the paper's; 1.1, by its authors, computes 2.4 times less.

Compiled by specc from the spec `squeezenet`. Images are [N, C, H, W].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_uniform_(module.weight, nonlinearity="relu")
        nn.init.zeros_(module.bias)


class Fire(nn.Module):
    """The block `fire`."""

    def __init__(
        self, in_channels: int, squeeze_channels: int, expand_1x1_channels: int
    ) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(in_channels, squeeze_channels, 1)
        self.expand_1x1 = nn.Conv2d(squeeze_channels, expand_1x1_channels, 1)
        self.expand_3x3 = nn.Conv2d(squeeze_channels, expand_1x1_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        squeeze = F.relu(self.squeeze(x))  # [N, squeeze_channels, H, W]
        expand_1x1 = F.relu(self.expand_1x1(squeeze))  # [N, expand_1x1_channels, H, W]
        x = F.relu(self.expand_3x3(squeeze))  # [N, expand_1x1_channels, H, W]
        return torch.cat([expand_1x1, x], dim=1)  # [N, C, H, W]


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self, layer: nn.Module, ceil_mode: bool = False) -> None:
        super().__init__()
        self.max_pooling2d = nn.MaxPool2d(3, stride=2, ceil_mode=ceil_mode)
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        x = self.max_pooling2d(x)  # [N, C, H, W]
        return self.layer(x)  # [N, C, H, W]


class Squeezenet(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 96, 7, stride=2)
        self.stage = nn.Sequential(
            Stage(
                layer=nn.Sequential(
                    Fire(96, 16, 64), Fire(128, 16, 64), Fire(128, 32, 128)
                )
            ),
            Stage(
                layer=nn.Sequential(
                    Fire(256, 32, 128),
                    Fire(256, 48, 192),
                    Fire(384, 48, 192),
                    Fire(384, 64, 256),
                ),
                ceil_mode=True,
            ),
            Stage(layer=nn.Sequential(Fire(512, 64, 256))),
        )
        self.dropout = nn.Dropout(0.5)
        self.conv2d_1 = nn.Conv2d(512, 1000, 1)
        self.apply(initialize)
        nn.init.normal_(self.conv2d_1.weight, std=0.01)

    def forward(self, image: Tensor) -> Tensor:
        x = F.relu(self.conv2d(image))  # [N, 96, 109, 109]
        x = self.stage(x)  # [N, 512, 13, 13]
        x = self.dropout(x)  # [N, 512, 13, 13]
        x = F.relu(self.conv2d_1(x))  # [N, 1000, 13, 13]
        return torch.mean(x, dim=(2, 3))  # [N, 1000]

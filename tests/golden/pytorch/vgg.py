"""3×3 convolutions only, as deep as they could be trained (Simonyan and Zisserman,
2015, "Very Deep Convolutional Networks for Large-Scale Image Recognition"),
configurations A, B, D and E; with batch normalization as in torchvision.

Compiled by specc from the spec `vgg`. Images are [N, C, H, W].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class Convolution(nn.Module):
    """One iteration of the loop `convolution`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(in_channels, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, out_channels, H, W]
        return F.relu(x)  # [N, out_channels, H, W]


class Hidden(nn.Module):
    """One iteration of the loop `hidden`."""

    def __init__(self, in_features: int) -> None:
        super().__init__()
        self.dense = nn.Linear(in_features, 4096)
        self.dropout = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.dense(x))  # [N, 4096]
        return self.dropout(x)  # [N, 4096]


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self, convolution: nn.Module) -> None:
        super().__init__()
        self.convolution = convolution
        self.max_pooling2d = nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.convolution(x)  # [N, C, H, W]
        return self.max_pooling2d(x)  # [N, C, H, W]


class Vgg(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = nn.Sequential(
            Stage(nn.Sequential(Convolution(3, 64), Convolution(64, 64))),
            Stage(nn.Sequential(Convolution(64, 128), Convolution(128, 128))),
            Stage(
                nn.Sequential(
                    Convolution(128, 256), *(Convolution(256, 256) for _ in range(2))
                )
            ),
            Stage(
                nn.Sequential(
                    Convolution(256, 512), *(Convolution(512, 512) for _ in range(2))
                )
            ),
            Stage(nn.Sequential(*(Convolution(512, 512) for _ in range(3)))),
        )
        self.hidden = nn.Sequential(Hidden(25088), Hidden(4096))
        self.logits = nn.Linear(4096, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.stage(image)  # [N, 512, 7, 7]
        x = x.permute(0, 2, 3, 1)  # [N, 7, 7, 512]
        x = torch.flatten(x, 1)  # [N, 25088]
        x = self.hidden(x)  # [N, 4096]
        return self.logits(x)  # [N, 1000]

"""DenseNet-121 (Huang et al., 2017) for 4 classes, with the conventions of a Keras
tutorial. It has the layers of densenet.yaml; how images are padded and how weights
start and are penalized differ.

Compiled by specc from the spec `densenet_keras`. Images are [N, C, H, W].
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def truncated_normal_(weight: Tensor, std: float) -> None:
    """A normal cut off at two deviations, whose deviation after that is `std`."""
    std /= 0.87962566103423978
    nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)


def glorot_normal_(weight: Tensor) -> None:
    """A truncated normal of variance 2 / (fan_in + fan_out), as in Keras."""
    fans = weight[0].numel() + weight[:, 0].numel()
    truncated_normal_(weight, math.sqrt(2 / fans))


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, nn.Conv2d):
        glorot_normal_(module.weight)
    elif isinstance(module, nn.Linear):
        glorot_normal_(module.weight)
        nn.init.zeros_(module.bias)


class DenseLayer(nn.Module):
    """The block `dense_layer`."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.batch_normalization = nn.BatchNorm2d(in_channels, eps=0.001, momentum=0.01)
        self.conv2d = nn.Conv2d(in_channels, 128, 1, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(128, eps=0.001, momentum=0.01)
        self.conv2d_1 = nn.Conv2d(128, 32, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.batch_normalization(x)  # [N, in_channels, H, W]
        y = F.relu(y)  # [N, in_channels, H, W]
        y = self.conv2d(y)  # [N, 128, H, W]
        y = self.batch_normalization_1(y)  # [N, 128, H, W]
        y = F.relu(y)  # [N, 128, H, W]
        y = self.conv2d_1(y)  # [N, 32, H, W]
        return torch.cat([x, y], dim=1)  # [N, in_channels + 32, H, W]


class Transition(nn.Module):
    """The block `transition`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.batch_normalization = nn.BatchNorm2d(in_channels, eps=0.001, momentum=0.01)
        self.conv2d = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.average_pooling2d = nn.AvgPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.batch_normalization(x)  # [N, in_channels, H, W]
        x = F.relu(x)  # [N, in_channels, H, W]
        x = self.conv2d(x)  # [N, out_channels, H, W]
        return self.average_pooling2d(x)  # [N, out_channels, H, W]


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self, in_channels: int, count: int, transition: nn.Module) -> None:
        super().__init__()
        self.layer = nn.Sequential(
            *(DenseLayer(in_channels + 32 * i) for i in range(count))
        )
        self.transition = transition

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer(x)  # [N, C, H, W]
        return self.transition(x)  # [N, C, H, W]


class DensenetKeras(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `probabilities` float32[N, 4]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 64, 7, stride=2, bias=False)
        self.batch_normalization = nn.BatchNorm2d(64, eps=0.001, momentum=0.01)
        self.max_pooling2d = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.stage = nn.Sequential(
            Stage(64, count=6, transition=Transition(256, 128)),
            Stage(128, count=12, transition=Transition(512, 256)),
            Stage(256, count=24, transition=Transition(1024, 512)),
            Stage(512, count=16, transition=nn.Identity()),
        )
        self.batch_normalization_1 = nn.BatchNorm2d(1024, eps=0.001, momentum=0.01)
        self.probabilities = nn.Linear(1024, 4)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.conv2d(F.pad(image, (2, 3, 2, 3)))  # [N, 64, 112, 112]
        x = self.batch_normalization(x)  # [N, 64, 112, 112]
        x = F.relu(x)  # [N, 64, 112, 112]
        x = self.max_pooling2d(x)  # [N, 64, 56, 56]
        x = self.stage(x)  # [N, 1024, 7, 7]
        x = self.batch_normalization_1(x)  # [N, 1024, 7, 7]
        x = F.relu(x)  # [N, 1024, 7, 7]
        x = torch.mean(x, dim=(2, 3))  # [N, 1024]
        return F.softmax(self.probabilities(x), dim=-1)  # [N, 4]

    def regularization_loss(self) -> Tensor:
        """The penalties on the weights, to be added to the loss in training."""
        layers = (nn.Conv2d, nn.Linear)
        kernels = [item.weight for item in self.modules() if isinstance(item, layers)]
        return sum(5e-05 * kernel.square().sum() for kernel in kernels)

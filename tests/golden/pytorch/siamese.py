"""Siamese network (Koch et al., 2015, "Siamese Neural Networks for One-shot Image
Recognition"): whether two drawn characters are the same one, by the distance of what
one network makes of each.

Compiled by specc from the spec `siamese`. Images are [N, C, H, W].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, nn.Conv2d):
        nn.init.normal_(module.weight, std=0.01)
        nn.init.normal_(module.bias, mean=0.5, std=0.01)
    elif isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.normal_(module.bias, mean=0.5, std=0.01)


class Tower(nn.Module):
    """The block `tower`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(1, 64, 10)
        self.max_pooling2d = nn.MaxPool2d(2)
        self.conv2d_1 = nn.Conv2d(64, 128, 7)
        self.max_pooling2d_1 = nn.MaxPool2d(2)
        self.conv2d_2 = nn.Conv2d(128, 128, 4)
        self.max_pooling2d_2 = nn.MaxPool2d(2)
        self.conv2d_3 = nn.Conv2d(128, 256, 4)
        self.dense = nn.Linear(9216, 4096)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv2d(x))  # [N, 64, 96, 96]
        x = self.max_pooling2d(x)  # [N, 64, 48, 48]
        x = F.relu(self.conv2d_1(x))  # [N, 128, 42, 42]
        x = self.max_pooling2d_1(x)  # [N, 128, 21, 21]
        x = F.relu(self.conv2d_2(x))  # [N, 128, 18, 18]
        x = self.max_pooling2d_2(x)  # [N, 128, 9, 9]
        x = F.relu(self.conv2d_3(x))  # [N, 256, 6, 6]
        x = x.permute(0, 2, 3, 1)  # [N, 6, 6, 256]
        x = torch.flatten(x, 1)  # [N, 9216]
        return torch.sigmoid(self.dense(x))  # [N, 4096]


class Siamese(nn.Module):
    """From `left` float32[N, 1, 105, 105], `right` float32[N, 1, 105, 105] to `same`
    float32[N, 1].
    """

    def __init__(self) -> None:
        super().__init__()
        self.embedded = Tower()
        self.same = nn.Linear(4096, 1)
        self.apply(initialize)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        embedded = self.embedded(left)  # [N, 4096]
        embedded_right = self.embedded(right)  # [N, 4096]
        greater = torch.maximum(embedded, embedded_right)  # [N, 4096]
        x = torch.minimum(embedded, embedded_right)  # [N, 4096]
        x = greater - x  # [N, 4096]
        return torch.sigmoid(self.same(x))  # [N, 1]

    def regularization_loss(self) -> Tensor:
        """The penalties on the weights, to be added to the loss in training."""
        layers = nn.Conv2d
        kernels = [item.weight for item in self.modules() if isinstance(item, layers)]
        return sum(0.0002 * kernel.square().sum() for kernel in kernels)

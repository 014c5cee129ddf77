"""A plain convolutional network for the 100 classes of CIFAR-100, from a Keras
tutorial.

Compiled by specc from the spec `cifar100_cnn`. Images are [N, C, H, W].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class Cifar100Cnn(nn.Module):
    """From `image` float32[N, 3, 32, 32] to `probabilities` float32[N, 100]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 32, 3)
        self.conv2d_1 = nn.Conv2d(32, 64, 3)
        self.max_pooling2d = nn.MaxPool2d(2)
        self.conv2d_2 = nn.Conv2d(64, 128, 3)
        self.conv2d_3 = nn.Conv2d(128, 256, 3)
        self.conv2d_4 = nn.Conv2d(256, 512, 3)
        self.max_pooling2d_1 = nn.MaxPool2d(2)
        self.conv2d_5 = nn.Conv2d(512, 1024, 3)
        self.max_pooling2d_2 = nn.MaxPool2d(2)
        self.dense = nn.Linear(1024, 500)
        self.dropout = nn.Dropout(0.5)
        self.probabilities = nn.Linear(500, 100)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = F.relu(self.conv2d(image))  # [N, 32, 30, 30]
        x = F.relu(self.conv2d_1(x))  # [N, 64, 28, 28]
        x = self.max_pooling2d(x)  # [N, 64, 14, 14]
        x = F.relu(self.conv2d_2(x))  # [N, 128, 12, 12]
        x = F.relu(self.conv2d_3(x))  # [N, 256, 10, 10]
        x = F.relu(self.conv2d_4(x))  # [N, 512, 8, 8]
        x = self.max_pooling2d_1(x)  # [N, 512, 4, 4]
        x = F.relu(self.conv2d_5(x))  # [N, 1024, 2, 2]
        x = self.max_pooling2d_2(x)  # [N, 1024, 1, 1]
        x = torch.flatten(x, 1)  # [N, 1024]
        x = F.relu(self.dense(x))  # [N, 500]
        x = self.dropout(x)  # [N, 500]
        return F.softmax(self.probabilities(x), dim=-1)  # [N, 100]

"""The network that won ImageNet in 2012, in its form for one GPU (Krizhevsky, 2014,
"One weird trick for parallelizing convolutional neural networks") as torchvision has
it. The variant `two_gpus` is the first one (Krizhevsky, Sutskever and Hinton, 2012,
"ImageNet Classification with Deep Convolutional Neural Networks").

Compiled by specc from the spec `alexnet`. Images are [N, C, H, W].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class Hidden(nn.Module):
    """One iteration of the loop `hidden`."""

    def __init__(self, in_features: int) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.5)
        self.dense = nn.Linear(in_features, 4096)

    def forward(self, x: Tensor) -> Tensor:
        x = self.dropout(x)  # [N, in_features]
        return F.relu(self.dense(x))  # [N, 4096]


class Alexnet(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 64, 11, stride=4, padding=2)
        self.max_pooling2d = nn.MaxPool2d(3, stride=2)
        self.conv2d_1 = nn.Conv2d(64, 192, 5, padding=2)
        self.max_pooling2d_1 = nn.MaxPool2d(3, stride=2)
        self.conv2d_2 = nn.Conv2d(192, 384, 3, padding=1)
        self.conv2d_3 = nn.Conv2d(384, 256, 3, padding=1)
        self.conv2d_4 = nn.Conv2d(256, 256, 3, padding=1)
        self.max_pooling2d_2 = nn.MaxPool2d(3, stride=2)
        self.hidden = nn.Sequential(Hidden(9216), Hidden(4096))
        self.logits = nn.Linear(4096, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = F.relu(self.conv2d(image))  # [N, 64, 55, 55]
        x = self.max_pooling2d(x)  # [N, 64, 27, 27]
        x = F.relu(self.conv2d_1(x))  # [N, 192, 27, 27]
        x = self.max_pooling2d_1(x)  # [N, 192, 13, 13]
        x = F.relu(self.conv2d_2(x))  # [N, 384, 13, 13]
        x = F.relu(self.conv2d_3(x))  # [N, 256, 13, 13]
        x = F.relu(self.conv2d_4(x))  # [N, 256, 13, 13]
        x = self.max_pooling2d_2(x)  # [N, 256, 6, 6]
        x = x.permute(0, 2, 3, 1)  # [N, 6, 6, 256]
        x = torch.flatten(x, 1)  # [N, 9216]
        x = self.hidden(x)  # [N, 4096]
        return self.logits(x)  # [N, 1000]

"""Convolutional autoencoder of digits (Chollet, 2016, "Building Autoencoders in
Keras"): an image of 784 pixels as 128 numbers, and from these the image again.

Compiled by specc from the spec `autoencoder`. Images are [N, C, H, W].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, nn.Conv2d):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class Encoder(nn.Module):
    """One iteration of the loop `encoder`."""

    def __init__(
        self, in_channels: int, out_channels: int, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.max_pooling2d = nn.MaxPool2d(2, ceil_mode=ceil_mode)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv2d(x))  # [N, out_channels, H, W]
        return self.max_pooling2d(x)  # [N, out_channels, H, W]


class Decoder(nn.Module):
    """One iteration of the loop `decoder`."""

    def __init__(self, out_channels: int, padding: int = 0) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(8, out_channels, 3, padding=padding)
        self.up_sampling2d = nn.Upsample(scale_factor=2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv2d(x))  # [N, out_channels, H, W]
        return self.up_sampling2d(x)  # [N, out_channels, H, W]


class Autoencoder(nn.Module):
    """From `image` float32[N, 1, 28, 28] to `decoded` float32[N, 1, 28, 28]."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            Encoder(1, 16), Encoder(16, 8), Encoder(8, 8, ceil_mode=True)
        )
        self.decoder = nn.Sequential(
            *(Decoder(8, padding=1) for _ in range(2)), Decoder(16)
        )
        self.decoded = nn.Conv2d(16, 1, 3, padding=1)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.encoder(image)  # [N, 8, 4, 4]
        x = self.decoder(x)  # [N, 16, 28, 28]
        return torch.sigmoid(self.decoded(x))  # [N, 1, 28, 28]

"""The generator of a deep convolutional adversarial network (Radford et al., 2016,
"Unsupervised Representation Learning with Deep Convolutional GANs") in the form of
PyTorch's tutorial: images of 64 × 64 pixels, from -1 to 1, out of noise. See
dcgan_discriminator.yaml.

Compiled by specc from the spec `dcgan_generator`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, nn.ConvTranspose2d):
        nn.init.normal_(module.weight, std=0.02)


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv2d_transpose = nn.ConvTranspose2d(
            in_channels, out_channels, 4, stride=2, padding=1, bias=False
        )
        self.batch_normalization = nn.BatchNorm2d(out_channels)
        nn.init.normal_(self.batch_normalization.weight, mean=1.0, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d_transpose(x)  # [N, out_channels, H, W]
        x = self.batch_normalization(x)  # [N, out_channels, H, W]
        return F.relu(x)  # [N, out_channels, H, W]


class DcganGenerator(nn.Module):
    """From `noise` float32[N, 100] to `image` float32[N, 3, 64, 64]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d_transpose = nn.ConvTranspose2d(100, 512, 4, bias=False)
        self.batch_normalization = nn.BatchNorm2d(512)
        nn.init.normal_(self.batch_normalization.weight, mean=1.0, std=0.02)
        self.stage = nn.Sequential(Stage(512, 256), Stage(256, 128), Stage(128, 64))
        self.image = nn.ConvTranspose2d(64, 3, 4, stride=2, padding=1, bias=False)
        self.apply(initialize)

    def forward(self, noise: Tensor) -> Tensor:
        x = noise.reshape(-1, 1, 1, 100)  # [N, 1, 1, 100]
        x = x.permute(0, 3, 1, 2)  # [N, 100, 1, 1]
        x = self.conv2d_transpose(x)  # [N, 512, 4, 4]
        x = self.batch_normalization(x)  # [N, 512, 4, 4]
        x = F.relu(x)  # [N, 512, 4, 4]
        x = self.stage(x)  # [N, 64, 32, 32]
        return torch.tanh(self.image(x))  # [N, 3, 64, 64]

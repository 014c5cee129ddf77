"""The discriminator of a deep convolutional adversarial network (Radford et al., 2016,
"Unsupervised Representation Learning with Deep Convolutional GANs") in the form of
PyTorch's tutorial: how likely an image is a real one. See dcgan_generator.yaml.

Compiled by specc from the spec `dcgan_discriminator`. Images are [N, C, H, W].
"""

import torch
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, nn.Conv2d):
        nn.init.normal_(module.weight, std=0.02)


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(
            in_channels, out_channels, 4, stride=2, padding=1, bias=False
        )
        self.batch_normalization = nn.BatchNorm2d(out_channels)
        nn.init.normal_(self.batch_normalization.weight, mean=1.0, std=0.02)
        self.leaky_re_lu = nn.LeakyReLU(0.2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, out_channels, H, W]
        x = self.batch_normalization(x)  # [N, out_channels, H, W]
        return self.leaky_re_lu(x)  # [N, out_channels, H, W]


class DcganDiscriminator(nn.Module):
    """From `image` float32[N, 3, 64, 64] to `real` float32[N, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 64, 4, stride=2, padding=1, bias=False)
        self.leaky_re_lu = nn.LeakyReLU(0.2)
        self.stage = nn.Sequential(Stage(64, 128), Stage(128, 256), Stage(256, 512))
        self.conv2d_1 = nn.Conv2d(512, 1, 4, bias=False)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.conv2d(image)  # [N, 64, 32, 32]
        x = self.leaky_re_lu(x)  # [N, 64, 32, 32]
        x = self.stage(x)  # [N, 512, 4, 4]
        x = torch.sigmoid(self.conv2d_1(x))  # [N, 1, 1, 1]
        return torch.flatten(x, 1)  # [N, 1]

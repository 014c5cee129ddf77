"""MLP-Mixer (Tolstikhin et al., 2021, "MLP-Mixer: An all-MLP Architecture for Vision"):
patches are mixed by dense layers across them, then each patch by dense layers across
its channels.

Compiled by specc from the spec `mlp_mixer`. Images are [N, C, H, W].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class Mlp(nn.Module):
    """The block `mlp`."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.dense = nn.Linear(channels, hidden)
        self.dense_1 = nn.Linear(hidden, channels)

    def forward(self, x: Tensor) -> Tensor:
        x = F.gelu(self.dense(x))  # [N, T, hidden]
        return self.dense_1(x)  # [N, T, channels]


class Mixer(nn.Module):
    """The block `mixer`."""

    def __init__(self) -> None:
        super().__init__()
        self.layer_normalization = nn.LayerNorm(768, eps=1e-06)
        self.token_mixing = Mlp(196, 384)
        self.layer_normalization_1 = nn.LayerNorm(768, eps=1e-06)
        self.channel_mixing = Mlp(768, 3072)

    def forward(self, x: Tensor) -> Tensor:
        y = self.layer_normalization(x)  # [N, 196, 768]
        y = y.permute(0, 2, 1)  # [N, 768, 196]
        y = self.token_mixing(y)  # [N, 768, 196]
        y = y.permute(0, 2, 1)  # [N, 196, 768]
        mixed = x + y  # [N, 196, 768]
        x = self.layer_normalization_1(mixed)  # [N, 196, 768]
        x = self.channel_mixing(x)  # [N, 196, 768]
        return mixed + x  # [N, 196, 768]


class MlpMixer(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 768, 16, stride=16)
        self.block = nn.Sequential(*(Mixer() for _ in range(12)))
        self.layer_normalization = nn.LayerNorm(768, eps=1e-06)
        self.logits = nn.Linear(768, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.patches(image)  # [N, 768, 14, 14]
        x = x.permute(0, 2, 3, 1)  # [N, 14, 14, 768]
        x = x.reshape(-1, 196, 768)  # [N, 196, 768]
        x = self.block(x)  # [N, 196, 768]
        x = self.layer_normalization(x)  # [N, 196, 768]
        x = torch.mean(x, dim=1)  # [N, 768]
        return self.logits(x)  # [N, 1000]

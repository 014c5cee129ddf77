"""WaveNet (van den Oord et al., 2016, "WaveNet: A Generative Model for Raw Audio"): at
each step, scores for the next sample. With the sizes of
github.com/ibab/tensorflow-wavenet, which the paper does not tell.

Compiled by specc from the spec `wavenet`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, nn.Conv1d):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


class GatedLayer(nn.Module):
    """The block `gated_layer`."""

    def __init__(self, pad: tuple[int, int], dilation: int = 1) -> None:
        super().__init__()
        self.pad = pad
        self.conv1d = nn.Conv1d(32, 32, 2, dilation=dilation)
        self.conv1d_1 = nn.Conv1d(32, 32, 2, dilation=dilation)
        self.conv1d_2 = nn.Conv1d(32, 544, 1)

    def forward(self, x: Tensor) -> Tensor:
        current = x[:, :32]  # [N, 32, T]
        y = self.conv1d(F.pad(current, self.pad))  # [N, 32, T]
        value = torch.tanh(y)  # [N, 32, T]
        y = self.conv1d_1(F.pad(current, self.pad))  # [N, 32, T]
        y = torch.sigmoid(y)  # [N, 32, T]
        y = value * y  # [N, 32, T]
        y = self.conv1d_2(y)  # [N, 544, T]
        return x + y  # [N, 544, T]


class Cycle(nn.Module):
    """One iteration of the loop `cycle`."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Sequential(
            GatedLayer(pad=(1, 0)),
            GatedLayer(pad=(2, 0), dilation=2),
            GatedLayer(pad=(4, 0), dilation=4),
            GatedLayer(pad=(8, 0), dilation=8),
            GatedLayer(pad=(16, 0), dilation=16),
            GatedLayer(pad=(32, 0), dilation=32),
            GatedLayer(pad=(64, 0), dilation=64),
            GatedLayer(pad=(128, 0), dilation=128),
            GatedLayer(pad=(256, 0), dilation=256),
            GatedLayer(pad=(512, 0), dilation=512),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)  # [N, 544, T]


class Wavenet(nn.Module):
    """From `samples` int32[N, T] to `logits` float32[N, T, 256]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1d = nn.Conv1d(256, 32, 2, bias=False)
        self.cycle = nn.Sequential(*(Cycle() for _ in range(5)))
        self.conv1d_1 = nn.Conv1d(512, 512, 1)
        self.logits = nn.Conv1d(512, 256, 1)
        self.apply(initialize)

    def forward(self, samples: Tensor) -> Tensor:
        x = F.one_hot(samples.long(), 256).float()  # [N, T, 256]
        x = x.permute(0, 2, 1)  # [N, 256, T]
        x = self.conv1d(F.pad(x, (1, 0)))  # [N, 32, T]
        x = F.pad(x, (0, 0, 0, 512))  # [N, 544, T]
        x = self.cycle(x)  # [N, 544, T]
        x = x[:, 32:]  # [N, 512, T]
        x = F.relu(x)  # [N, 512, T]
        x = F.relu(self.conv1d_1(x))  # [N, 512, T]
        x = self.logits(x)  # [N, 256, T]
        return x.permute(0, 2, 1)  # [N, T, 256]

"""Which of five flowers? The network of a TensorFlow tutorial on image classification,
first as it overfits, then (variant `augmented`) with random changes to the images and
dropout.

Compiled by specc from the spec `flowers`. Images are [N, C, H, W].
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class RandomFlip(nn.Module):
    """In training, mirror each image along `dims` or not, with equal chances."""

    def __init__(self, dims: tuple[int, ...], seed: int | None = None) -> None:
        super().__init__()
        self.dims = dims
        self.generator = None if seed is None else torch.Generator().manual_seed(seed)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        flips = torch.rand(len(x), 1, 1, 1, generator=self.generator) <= 0.5
        return torch.where(flips.to(x.device), x.flip(self.dims), x)


def warp(
    x: Tensor, matrices: Tensor, fill_mode: str, interpolation: str, fill_value: float
) -> Tensor:
    """Each image mapped about its centre: `matrices` give the place a pixel comes from.

    x: [N, C, H, W]. matrices: [N, 2, 2], of places (x, y) in pixels.
    fill_mode: what lies beyond the edge: "constant" (`fill_value`), "nearest",
    "reflect" or "wrap".
    """
    size = x.new_tensor([x.shape[3], x.shape[2]])
    centre = (size - 1) / 2
    columns = torch.arange(x.shape[3], device=x.device) - centre[0]
    rows = torch.arange(x.shape[2], device=x.device) - centre[1]
    places = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), dim=-1)
    places = torch.einsum("nij,hwj->nhwi", matrices.to(x), places)
    if fill_mode == "wrap":  # as TensorFlow counts turns: from the last pixel on
        places, last = places + centre, size - 1
        turns = torch.ceil(places / last) - 1
        beyond = (places < 0) | (places > last)
        places = torch.where(beyond, places - turns * size, places)
        places = places.clamp(torch.zeros_like(last), last) - centre
    modes = {"constant": "zeros", "nearest": "border", "reflect": "reflection"}
    mode = modes.get(fill_mode, "border")
    base = fill_value if fill_mode == "constant" else 0.0
    grid = 2 * places / size
    return base + F.grid_sample(
        x - base, grid, mode=interpolation, padding_mode=mode, align_corners=False
    )


class RandomRotation(nn.Module):
    """In training, turn each image by an angle between two numbers of full turns."""

    def __init__(
        self,
        factor: tuple[float, float],
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
    ) -> None:
        super().__init__()
        self.factor = factor
        self.fill = (fill_mode, interpolation, fill_value)
        self.generator = None if seed is None else torch.Generator().manual_seed(seed)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        turns = torch.empty(len(x)).uniform_(*self.factor, generator=self.generator)
        cos, sin = torch.cos(2 * math.pi * turns), torch.sin(2 * math.pi * turns)
        matrices = torch.stack([cos, -sin, sin, cos], dim=-1).reshape(-1, 2, 2)
        return warp(x, matrices, *self.fill)


class RandomZoom(nn.Module):
    """In training, sample each image in steps of 1 + a factor: positive is smaller.

    width_factor: if absent, the width is scaled as the height is.
    """

    def __init__(
        self,
        height_factor: tuple[float, float],
        width_factor: tuple[float, float] | None = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
    ) -> None:
        super().__init__()
        self.height_factor = height_factor
        self.width_factor = width_factor
        self.fill = (fill_mode, interpolation, fill_value)
        self.generator = None if seed is None else torch.Generator().manual_seed(seed)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        height = self.steps(len(x), self.height_factor)
        width = self.steps(len(x), self.width_factor) if self.width_factor else height
        matrices = torch.diag_embed(torch.stack([width, height], dim=-1))
        return warp(x, matrices, *self.fill)

    def steps(self, count: int, factor: tuple[float, float]) -> Tensor:
        """`count` distances between the pixels to sample, in pixels."""
        return 1 + torch.empty(count).uniform_(*factor, generator=self.generator)


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.max_pooling2d = nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.conv2d(x))  # [N, out_channels, H, W]
        return self.max_pooling2d(x)  # [N, out_channels, H, W]


class Flowers(nn.Module):
    """From `image` float32[N, 3, 180, 180] to `logits` float32[N, 5]."""

    def __init__(self) -> None:
        super().__init__()
        self.random_flip = RandomFlip((3,))
        self.random_rotation = RandomRotation((-0.1, 0.1))
        self.random_zoom = RandomZoom((-0.1, 0.1))
        self.stage = nn.Sequential(
            Stage(in_channels=3, out_channels=16),
            Stage(in_channels=16, out_channels=32),
            Stage(in_channels=32, out_channels=64),
        )
        self.dropout = nn.Dropout(0.2)
        self.dense = nn.Linear(30976, 128)
        self.logits = nn.Linear(128, 5)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.random_flip(image)  # [N, 3, 180, 180]
        x = self.random_rotation(x)  # [N, 3, 180, 180]
        x = self.random_zoom(x)  # [N, 3, 180, 180]
        x = x * 0.00392156862745098  # [N, 3, 180, 180]
        x = self.stage(x)  # [N, 64, 22, 22]
        x = self.dropout(x)  # [N, 64, 22, 22]
        x = x.permute(0, 2, 3, 1)  # [N, 22, 22, 64]
        x = torch.flatten(x, 1)  # [N, 30976]
        x = F.relu(self.dense(x))  # [N, 128]
        return self.logits(x)  # [N, 5]

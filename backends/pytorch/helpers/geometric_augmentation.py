"""Augmentations of the places of pixels."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from .augmentation import Augmentation
from .resizing import crop_to_aspect_ratio


class RandomFlip(Augmentation):
    """In training, mirror each image along `dims` or not, with equal chances."""

    def __init__(self, dims: tuple[int, ...], seed: int | None = None) -> None:
        super().__init__(seed)
        self.dims = dims

    def draw(self, x: Tensor) -> tuple[Tensor]:
        return (self.uniform(x, 0.0, 1.0) <= 0.5,)

    def transform(self, x: Tensor, flips: Tensor) -> Tensor:
        return torch.where(flips, x.flip(self.dims), x)


def warp(
    x: Tensor, matrices: Tensor, fill_mode: str, interpolation: str, fill_value: float
) -> Tensor:
    """Each image, read at other places: `matrices` give the place a pixel comes from.

    x: [N, C, H, W]. matrices: [N, 3, 3], of homogeneous places (x, y, 1) in pixels.
    fill_mode: what lies beyond the edge: "constant" (`fill_value`), "nearest",
    "reflect" or "wrap".
    """
    columns, rows = (
        torch.arange(size, device=x.device) for size in (x.shape[3], x.shape[2])
    )
    across, down = torch.meshgrid(columns, rows, indexing="xy")
    pixels = torch.stack([across, down, torch.ones_like(down)], dim=-1)
    places = torch.einsum("nij,hwj->nhwi", matrices.to(x), pixels.to(x))
    places = places[..., :2] / places[..., 2:]
    size = x.new_tensor([x.shape[3], x.shape[2]])
    if fill_mode == "wrap":  # as TensorFlow counts turns: from the last pixel on
        last = size - 1
        beyond = (places < 0) | (places > last)
        turns = torch.ceil(places / last) - 1
        places = torch.where(beyond, places - turns * size, places)
        places = places.clamp(torch.zeros_like(last), last)
    modes = {"constant": "zeros", "nearest": "border", "reflect": "reflection"}
    mode = modes.get(fill_mode, "border")
    base = fill_value if fill_mode == "constant" else 0.0
    grid = (2 * places + 1) / size - 1
    return base + F.grid_sample(
        x - base, grid, mode=interpolation, padding_mode=mode, align_corners=False
    )


def affine(linear: Tensor, offset: Tensor) -> Tensor:
    """Matrices [N, 3, 3] of homogeneous places: times `linear` [N, 2, 2], plus [N, 2]."""
    rows = torch.cat([linear, offset[:, :, None]], dim=2)
    last = rows.new_tensor([0.0, 0.0, 1.0]).expand(len(rows), 1, 3)
    return torch.cat([rows, last], dim=1)


def about_centre(x: Tensor, linear: Tensor) -> Tensor:
    """The same, of `linear` maps [N, 2, 2] that keep the centre of the images."""
    centre = linear.new_tensor([(x.shape[3] - 1) / 2, (x.shape[2] - 1) / 2])
    return affine(linear, centre - linear @ centre)


def square(*entries: Tensor) -> Tensor:
    """Matrices [N, 2, 2] of four entries for each image."""
    return torch.stack([entry.flatten() for entry in entries], dim=1).reshape(-1, 2, 2)


class RandomRotation(Augmentation):
    """In training, turn each image by an angle between two numbers of full turns."""

    def __init__(
        self,
        factor: tuple[float, float],
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
    ) -> None:
        super().__init__(seed)
        self.factor = factor
        self.fill = (fill_mode, interpolation, fill_value)

    def draw(self, x: Tensor) -> tuple[Tensor]:
        return (self.uniform(x, *self.factor),)

    def transform(self, x: Tensor, turns: Tensor) -> Tensor:
        cos, sin = torch.cos(2 * math.pi * turns), torch.sin(2 * math.pi * turns)
        return warp(x, about_centre(x, square(cos, -sin, sin, cos)), *self.fill)


class RandomZoom(Augmentation):
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
        super().__init__(seed)
        self.height_factor = height_factor
        self.width_factor = width_factor
        self.fill = (fill_mode, interpolation, fill_value)

    def draw(self, x: Tensor) -> tuple[Tensor, Tensor]:
        height = 1 + self.uniform(x, *self.height_factor)
        if self.width_factor is None:
            return height, height
        return height, 1 + self.uniform(x, *self.width_factor)

    def transform(self, x: Tensor, height: Tensor, width: Tensor) -> Tensor:
        none = torch.zeros_like(height)
        return warp(x, about_centre(x, square(width, none, none, height)), *self.fill)


class RandomTranslation(Augmentation):
    """In training, move each image down and to the right, by parts of its size."""

    def __init__(
        self,
        height_factor: tuple[float, float],
        width_factor: tuple[float, float],
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
    ) -> None:
        super().__init__(seed)
        self.height_factor = height_factor
        self.width_factor = width_factor
        self.fill = (fill_mode, interpolation, fill_value)

    def draw(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.uniform(x, *self.height_factor), self.uniform(x, *self.width_factor)

    def transform(self, x: Tensor, down: Tensor, right: Tensor) -> Tensor:
        moved = torch.cat([right * x.shape[3], down * x.shape[2]], dim=1).flatten(1)
        same = torch.eye(2).to(x).expand(len(x), 2, 2)
        return warp(x, affine(same, -moved), *self.fill)


class RandomShear(Augmentation):
    """In training, slant each image along its rows and columns, both one way or the other."""

    def __init__(
        self,
        x_factor: tuple[float, float] = (0.0, 0.0),
        y_factor: tuple[float, float] = (0.0, 0.0),
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        self.x_factor = x_factor
        self.y_factor = y_factor
        self.fill = (fill_mode, interpolation, fill_value)

    def draw(self, x: Tensor) -> tuple[Tensor, Tensor]:
        sign = torch.where(self.uniform(x, 0.0, 1.0) > 0.5, -1, 1)
        return sign * self.uniform(x, *self.x_factor), sign * self.uniform(
            x, *self.y_factor
        )

    def transform(self, x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        slant = square(torch.ones_like(rows), rows, columns, torch.ones_like(rows))
        return warp(x, affine(slant, slant.new_zeros(len(x), 2)), *self.fill)


def homography(source: Tensor, target: Tensor) -> Tensor:
    """Matrices [N, 3, 3] of homogeneous places that map four points [N, 4, 2] to others."""
    (x, y), (u, v) = source.unbind(-1), target.unbind(-1)
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    across = torch.stack([x, y, one, zero, zero, zero, -u * x, -u * y], dim=-1)
    down = torch.stack([zero, zero, zero, x, y, one, -v * x, -v * y], dim=-1)
    entries = torch.linalg.solve(torch.cat([across, down], 1), torch.cat([u, v], 1))
    return F.pad(entries, (0, 1), value=1.0).reshape(-1, 3, 3)


class RandomPerspective(Augmentation):
    """In training, move the corners of some images by parts of their x and y."""

    def __init__(
        self,
        factor: tuple[float, float] = (0.0, 1.0),
        scale: float = 1.0,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        self.factor = factor
        self.scale = scale
        self.fill = ("constant", interpolation, fill_value)

    def draw(self, x: Tensor) -> tuple[Tensor, Tensor]:
        parts = torch.empty(len(x), 4, 2)
        parts.uniform_(-self.scale / 2, self.scale / 2, generator=self.generator)
        return self.chosen(x, self.factor), parts.to(x.device)

    def transform(self, x: Tensor, chosen: Tensor, parts: Tensor) -> Tensor:
        right, bottom = x.shape[3] - 1, x.shape[2] - 1
        corners = parts.new_tensor([[0, 0], [right, 0], [0, bottom], [right, bottom]])
        matrices = homography(corners * (1 + parts), corners.expand_as(parts))
        return torch.where(chosen, warp(x, matrices, *self.fill), x)


class RandomCrop(Augmentation):
    """A part of `size`, at random in training; else the largest middle part, resized."""

    def __init__(self, size: tuple[int, int], seed: int | None = None) -> None:
        super().__init__(seed)
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) if self.training else self.middle(x)

    def draw(self, x: Tensor) -> tuple[int, int]:
        spare = [have - want for have, want in zip(x.shape[2:], self.size)]
        if min(spare) == 0:
            return spare[0] // 2, spare[1] // 2
        top, left = (
            torch.randint(most + 1, (), generator=self.generator) for most in spare
        )
        return int(top), int(left)

    def transform(self, x: Tensor, top: int, left: int) -> Tensor:
        return x[:, :, top : top + self.size[0], left : left + self.size[1]]

    def middle(self, x: Tensor) -> Tensor:
        part = crop_to_aspect_ratio(x, self.size)
        return F.interpolate(part, self.size, mode="bilinear", align_corners=False)

"""What PyTorch lacks of Keras's work on images: read as text by the backend, as `helpers.py` is.

Each needs only torch, `math` and others from the two files. An augmentation has two halves: what it
draws, and what it makes of images with that, which is compared with Keras's for the same draw.
"""

# Emitted source is what an ordinary PyTorch user writes; and torch is not imported, see above.
# ruff: noqa: B905, N812, TID253
# fmt: off

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .helpers import crop_to_aspect_ratio


class Augmentation(nn.Module):
    """In training, what `transform` makes of images with what `draw` gives; else nothing."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__()
        self.generator = None if seed is None else torch.Generator().manual_seed(seed)

    def forward(self, x: Tensor) -> Tensor:
        return self.transform(x, *self.draw(x)) if self.training else x

    def draw(self, x: Tensor) -> tuple:
        """The random arguments of `transform`."""
        return ()

    def transform(self, x: Tensor, *drawn: Tensor) -> Tensor:
        """The images [N, C, H, W], changed as the arguments say."""
        raise NotImplementedError

    def uniform(self, x: Tensor, least: float, greatest: float) -> Tensor:
        """A number for each image between two others: [N, 1, 1, 1]."""
        numbers = torch.empty(len(x), 1, 1, 1)
        return numbers.uniform_(least, greatest, generator=self.generator).to(x)

    def chosen(self, x: Tensor, factor: tuple[float, float]) -> Tensor:
        """Whether to change each image; the chance of each is drawn, too."""
        return self.uniform(x, 0.0, 1.0) < self.uniform(x, *factor)


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


def rescaled(
    x: Tensor, source: tuple[float, float], target: tuple[float, float]
) -> Tensor:
    """Values of the range `source`, as values of the range `target`."""
    if source == target:
        return x
    parts = (x - source[0]) / (source[1] - source[0])
    return parts * (target[1] - target[0]) + target[0]


def grayscale(x: Tensor) -> Tensor:
    """Images [N, 1, H, W] of how light others are, which are grey or RGB."""
    if x.shape[1] == 1:
        return x
    weights = x.new_tensor([0.2989, 0.587, 0.114]).reshape(3, 1, 1)
    return (x * weights).sum(dim=1, keepdim=True)


def rgb_to_hsv(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Hue (in turns), saturation and value of RGB images, each [N, 1, H, W]."""
    red, green, blue = x.split(1, dim=1)
    value = x.amax(dim=1, keepdim=True)
    spread = value - x.amin(dim=1, keepdim=True)
    grey = spread == 0
    step = torch.where(grey, 1, spread)
    hue = torch.where(green == value, (blue - red) / step + 2, (red - green) / step + 4)
    hue = torch.where(red == value, (green - blue) / step, hue)
    saturation = torch.where(value > 0, spread / torch.where(value > 0, value, 1), 0)
    return torch.where(grey, 0, hue / 6 % 1), saturation, value


def hsv_to_rgb(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """RGB images of hue (in turns), saturation and value, each [N, 1, H, W]."""
    sixths = hue * 6
    full = [(sixths - 3).abs() - 1, 2 - (sixths - 2).abs(), 2 - (sixths - 4).abs()]
    return value * (1 - saturation * (1 - torch.cat(full, dim=1).clamp(0, 1)))


class ColorAugmentation(Augmentation):
    """An augmentation of colours by a number for each image, drawn between two."""

    def __init__(
        self,
        factor: tuple[float, float],
        value_range: tuple[float, float] = (0.0, 255.0),
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        self.factor = factor
        self.value_range = value_range

    def draw(self, x: Tensor) -> tuple[Tensor]:
        return (self.uniform(x, *self.factor),)

    def clip(self, x: Tensor) -> Tensor:
        return x.clamp(*self.value_range)


class RandomBrightness(ColorAugmentation):
    """In training, add a part of the value range to each image."""

    def transform(self, x: Tensor, part: Tensor) -> Tensor:
        least, greatest = self.value_range
        return self.clip(x + part * (greatest - least))


class RandomContrast(ColorAugmentation):
    """In training, scale how far each channel departs from its mean."""

    def draw(self, x: Tensor) -> tuple[Tensor]:
        return (self.uniform(x, 1 - self.factor[0], 1 + self.factor[1]),)

    def transform(self, x: Tensor, factor: Tensor) -> Tensor:
        mean = x.mean(dim=(2, 3), keepdim=True)
        return self.clip((x - mean) * factor + mean)


class RandomSharpness(ColorAugmentation):
    """In training, go from the blurred image (0) over the image (0.5) beyond it (1)."""

    def transform(self, x: Tensor, factor: Tensor) -> Tensor:
        kernel = x.new_full((x.shape[1], 1, 3, 3), 1 / 13)
        kernel[:, :, 1, 1] = 5 / 13
        smooth = F.conv2d(x, kernel, padding=1, groups=x.shape[1])
        return self.clip(x + (1 - 2 * factor) * (smooth - x))


class RandomColorDegeneration(ColorAugmentation):
    """In training, go from each image (0) to its grey one (1), or away from it (below 0)."""

    def transform(self, x: Tensor, factor: Tensor) -> Tensor:
        return self.clip(x + factor * (grayscale(x) - x))


class RandomGrayscale(Augmentation):
    """In training, take the colours of some images."""

    def __init__(self, factor: float = 0.5, seed: int | None = None) -> None:
        super().__init__(seed)
        self.factor = factor

    def draw(self, x: Tensor) -> tuple[Tensor]:
        return (self.uniform(x, 0.0, 1.0) < self.factor,)

    def transform(self, x: Tensor, chosen: Tensor) -> Tensor:
        return torch.where(chosen, grayscale(x), x)


class RandomHue(ColorAugmentation):
    """In training, turn the hues of each image forward or back, by parts of half a turn."""

    def draw(self, x: Tensor) -> tuple[Tensor]:
        sign = torch.where(self.uniform(x, 0.0, 1.0) > 0.5, -1, 1)
        return (sign * self.uniform(x, *self.factor) / 2,)

    def transform(self, x: Tensor, turn: Tensor) -> Tensor:
        hue, saturation, value = rgb_to_hsv(rescaled(x, self.value_range, (0.0, 1.0)))
        turned = hsv_to_rgb((hue + turn) % 1, saturation, value)
        return rescaled(turned.clamp(0, 1), (0.0, 1.0), self.value_range)


class RandomSaturation(ColorAugmentation):
    """In training, scale the saturation of each image by f / (1 - f): 0.5 keeps it."""

    def draw(self, x: Tensor) -> tuple[Tensor]:
        (f,) = super().draw(x)
        return (f / (1 - f + 1e-7),)

    def transform(self, x: Tensor, factor: Tensor) -> Tensor:
        hue, saturation, value = rgb_to_hsv(x)
        return hsv_to_rgb(hue, self.clip(saturation * factor), value)


class RandomInvert(ColorAugmentation):
    """In training, make negatives of some images."""

    def draw(self, x: Tensor) -> tuple[Tensor]:
        return (self.chosen(x, self.factor),)

    def transform(self, x: Tensor, chosen: Tensor) -> Tensor:
        return torch.where(chosen, self.value_range[1] - x, x)


class RandomPosterization(ColorAugmentation):
    """In training, keep some of the 8 bits of colours: from one number to below another."""

    def draw(self, x: Tensor) -> tuple[Tensor]:
        least, end = self.factor
        end = max(end, least + 1)
        return (
            torch.randint(least, end, (len(x), 1, 1, 1), generator=self.generator).to(
                x
            ),
        )

    def transform(self, x: Tensor, bits: Tensor) -> Tensor:
        step = 2 ** (8 - bits)
        levels = rescaled(x, self.value_range, (0.0, 255.0)).clamp(0, 255)
        return rescaled((levels / step).floor() * step, (0.0, 255.0), self.value_range)


class Solarization(Augmentation):
    """In training, add a number to each image, and invert it from a threshold on."""

    def __init__(
        self,
        addition_factor: tuple[float, float] = (0.0, 0.0),
        threshold_factor: tuple[float, float] = (0.0, 0.0),
        value_range: tuple[float, float] = (0.0, 255.0),
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        self.factors = (addition_factor, threshold_factor)
        self.value_range = value_range

    def draw(self, x: Tensor) -> tuple[Tensor, ...]:
        return tuple(
            self.uniform(x, least, 255 * greatest) for least, greatest in self.factors
        )

    def transform(self, x: Tensor, addition: Tensor, threshold: Tensor) -> Tensor:
        levels = rescaled(x, self.value_range, (0.0, 255.0))
        levels = (levels + addition).clamp(0, 255)
        levels = torch.where(levels < threshold, levels, 255 - levels)
        return rescaled(levels, (0.0, 255.0), self.value_range)


class AutoContrast(Augmentation):
    """Stretch each channel of each image over the value range; at inference too."""

    def __init__(self, value_range: tuple[float, float] = (0.0, 255.0)) -> None:
        super().__init__()
        self.value_range = value_range

    def forward(self, x: Tensor) -> Tensor:
        return self.transform(x)

    def transform(self, x: Tensor) -> Tensor:
        low, high = x.amin(dim=(2, 3), keepdim=True), x.amax(dim=(2, 3), keepdim=True)
        spread = torch.where(high > low, high - low, 1)
        stretched = rescaled((x - low) / spread, (0.0, 1.0), self.value_range)
        return torch.where(high > low, stretched, x)


class Equalization(Augmentation):
    """In training, make the histogram of each channel even, over the batch as in Keras."""

    def __init__(
        self, value_range: tuple[float, float] = (0.0, 255.0), bins: int = 256
    ) -> None:
        super().__init__()
        self.value_range = value_range
        self.bins = bins

    def transform(self, x: Tensor) -> Tensor:
        channels = x.movedim(1, 0)
        levels = rescaled(channels.flatten(1), self.value_range, (0.0, 255.0))
        counts = levels.new_zeros(len(levels), self.bins, dtype=torch.long)
        # Two orders, as in Keras: the rounding of one may lead to the bin below.
        bins = self.bins_of(levels * (self.bins - 1) / 255)
        looked_up = self.bins_of(levels / 255 * (self.bins - 1))
        sums = counts.scatter_add(1, bins, torch.ones_like(bins)).cumsum(dim=1)
        total = sums[:, -1:]
        first = torch.where(sums > 0, sums, total).amin(dim=1, keepdim=True)
        table = ((sums - first) * 255 / (total - first).clamp(min=1)).round()
        even = table.gather(1, looked_up).to(x)
        levels = torch.where(total > first, even, levels)
        made = rescaled(levels, (0.0, 255.0), self.value_range)
        return made.reshape(channels.shape).movedim(0, 1)

    def bins_of(self, places: Tensor) -> Tensor:
        return places.long().clamp(0, self.bins - 1)


class CLAHE(nn.Module):
    """Contrast limited adaptive histogram equalization (Zuiderveld, 1994)."""

    def __init__(
        self,
        value_range: tuple[float, float] = (0.0, 255.0),
        clip_limit: float = 4.0,
        tile_grid_size: tuple[int, int] = (8, 8),
    ) -> None:
        super().__init__()
        self.value_range = value_range
        self.clip_limit = clip_limit
        self.tile_grid_size = tile_grid_size

    def forward(self, x: Tensor) -> Tensor:
        levels = rescaled(x, self.value_range, (0.0, 255.0)).clamp(0, 255).long()
        tables = self.tables(self.tiles(levels)).to(x).flatten(2)
        places, weights = self.nearest_tiles(levels)
        places = 256 * places + levels[:, :, None]
        found = tables.gather(2, places.flatten(2)).reshape(places.shape)
        even = (found * weights.to(x)).sum(dim=2)
        return rescaled(even, (0.0, 255.0), self.value_range)

    def tiles(self, levels: Tensor) -> Tensor:
        """The pixels of each tile [N, C, rows, columns, pixels], mirrored at the end."""
        for dim, count in zip((2, 3), self.tile_grid_size):
            size = levels.shape[dim]
            places = torch.arange(-(-size // count) * count, device=levels.device)
            levels = levels.index_select(
                dim, torch.minimum(places, 2 * size - 1 - places)
            )
        rows, columns = self.tile_grid_size
        tiles = levels.unflatten(3, (columns, -1)).unflatten(2, (rows, -1))
        return tiles.transpose(3, 4).flatten(4)

    def tables(self, tiles: Tensor) -> Tensor:
        """What each of 256 levels becomes in each tile [N, C, rows, columns, 256]."""
        pixels = tiles.shape[-1]
        counts = torch.zeros(*tiles.shape[:-1], 256, device=tiles.device)
        counts = counts.scatter_add(
            -1, tiles, torch.ones_like(tiles, dtype=counts.dtype)
        )
        if self.clip_limit > 0:
            clipped = counts.clamp(max=self.clip_limit * pixels / 256)
            counts = clipped + (counts - clipped).sum(dim=-1, keepdim=True) / 256
        sums = counts.cumsum(dim=-1)
        rest = pixels - sums[..., :1]
        table = (sums - sums[..., :1]) * 255 / torch.where(rest == 0, 1, rest)
        return table.clamp(0, 255)

    def nearest_tiles(self, levels: Tensor) -> tuple[Tensor, Tensor]:
        """The four tiles around each pixel, and their weights: both [4, H, W]."""
        found = []
        for size, count in zip(levels.shape[2:], self.tile_grid_size):
            tile = -(-size // count)
            places = (torch.arange(size, device=levels.device) - tile / 2) / tile
            before = places.floor()
            near = torch.stack([before, before + 1]).clamp(0, count - 1).long()
            found.append((near, torch.stack([before + 1 - places, places - before])))
        (rows, row_weights), (columns, column_weights) = found
        tiles = rows[:, None, :, None] * self.tile_grid_size[1] + columns[:, None]
        weights = row_weights[:, None, :, None] * column_weights[:, None]
        return tiles.flatten(0, 1), weights.flatten(0, 1)


class RandomGaussianBlur(ColorAugmentation):
    """In training, blur some images, with deviations that are drawn for the batch."""

    def __init__(
        self,
        factor: tuple[float, float] = (0.0, 1.0),
        kernel_size: int = 3,
        sigma: tuple[float, float] = (0.0, 1.0),
        value_range: tuple[float, float] = (0.0, 255.0),
        seed: int | None = None,
    ) -> None:
        super().__init__(factor, value_range, seed)
        self.kernel_size = kernel_size
        self.sigma = sigma

    def draw(self, x: Tensor) -> tuple[Tensor, Tensor]:
        sigma = torch.empty(2).uniform_(*self.sigma, generator=self.generator) + 1e-6
        return self.chosen(x, self.factor), sigma.to(x.device)

    def transform(self, x: Tensor, chosen: Tensor, sigma: Tensor) -> Tensor:
        radius = self.kernel_size // 2
        steps = torch.arange(-radius, radius + 1, device=x.device)
        across, down = torch.exp(-((steps / sigma[:, None]) ** 2) / 2)
        kernel = torch.outer(down / down.sum(), across / across.sum()).to(x)
        kernel = kernel.expand(x.shape[1], 1, *kernel.shape)
        blurred = F.conv2d(x, kernel, padding=radius, groups=x.shape[1])
        return self.clip(torch.where(chosen, blurred, x))


class RandomErasing(ColorAugmentation):
    """In training, replace a rectangle of some images (Zhong et al., 2020).

    scale: the squares of the parts of the height and of the width that it covers.
    fill_value: what stands there then: a number, one for each channel, or noise.
    """

    def __init__(
        self,
        factor: tuple[float, float] = (0.0, 1.0),
        scale: tuple[float, float] = (0.02, 0.33),
        fill_value: float | tuple[float, float, float] | None = None,
        value_range: tuple[float, float] = (0.0, 255.0),
        seed: int | None = None,
    ) -> None:
        super().__init__(factor, value_range, seed)
        self.scale = scale
        self.fill_value = fill_value

    def draw(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        inside = self.stretch(x, x.shape[3]) & self.stretch(x, x.shape[2]).transpose(
            2, 3
        )
        return self.chosen(x, self.factor), inside, self.fill(x)

    def transform(
        self, x: Tensor, chosen: Tensor, inside: Tensor, fill: Tensor
    ) -> Tensor:
        return torch.where(chosen & inside, self.clip(fill), x)

    def stretch(self, x: Tensor, size: int) -> Tensor:
        """Which pixels of a line of `size` are erased: [N, 1, 1, size]."""
        length = size * self.uniform(x, *self.scale).sqrt()
        start = (size - length) * self.uniform(x, 0.0, 1.0)
        pixels = torch.arange(size, device=x.device)
        return (pixels >= start) & (pixels < start + length)

    def fill(self, x: Tensor) -> Tensor:
        if self.fill_value is None:
            noise = torch.randn(x.shape, generator=self.generator)
            return noise.to(x) * self.value_range[1]
        return x.new_tensor(self.fill_value).reshape(-1, 1, 1)


class RandAugment(Augmentation):
    """In training, some of eleven augmentations, drawn for the batch (Cubuk et al., 2020)."""

    def __init__(
        self,
        value_range: tuple[float, float] = (0.0, 255.0),
        num_ops: int = 2,
        factor: tuple[float, float] = (0.0, 0.5),
        interpolation: str = "bilinear",
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        self.num_ops = num_ops
        bits = max(1, int(8 * factor[1]))
        self.operations = nn.ModuleList(
            [
                RandomShear(factor, factor, interpolation),
                RandomTranslation(factor, factor, interpolation=interpolation),
                RandomRotation(factor, interpolation=interpolation),
                RandomBrightness(factor, value_range),
                RandomColorDegeneration(factor, value_range),
                RandomContrast(factor, value_range),
                RandomSharpness(factor, value_range),
                RandomPosterization((1, bits), value_range),
                Solarization(factor, factor, value_range),
                AutoContrast(value_range),
                Equalization(value_range),
            ]
        )
        for operation in self.operations:
            operation.generator = self.generator

    def draw(self, x: Tensor) -> tuple[list[int], list[tuple]]:
        count = len(self.operations)
        indices = torch.randint(count, (self.num_ops,), generator=self.generator)
        return indices.tolist(), [operation.draw(x) for operation in self.operations]

    def transform(self, x: Tensor, indices: list[int], drawn: list[tuple]) -> Tensor:
        for index in indices:
            x = self.operations[index].transform(x, *drawn[index])
        return x

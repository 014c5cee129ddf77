"""Images made ready for a network."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .augmentation import Augmentation
from .color_augmentation import rescaled


class ChannelRescaling(nn.Module):
    """`x * scale + offset`, with numbers that broadcast to `shape`."""

    def __init__(
        self,
        scale: float | tuple[float, ...],
        offset: float | tuple[float, ...],
        shape: tuple[int, ...],
    ) -> None:
        super().__init__()
        for name, values in (("scale", scale), ("offset", offset)):
            values = torch.tensor(values)
            values = values.reshape(shape) if values.ndim else values
            self.register_buffer(name, values, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.offset


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

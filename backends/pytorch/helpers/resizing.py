"""Images made larger, smaller, or cropped."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def depth_to_space(x: Tensor, block_size: int) -> Tensor:
    """Channels spread over blocks of cells, which vary slowest among the channels."""
    cells_last = x.unflatten(1, (block_size**2, -1)).transpose(1, 2).flatten(1, 2)
    return F.pixel_shuffle(cells_last, block_size)


def space_to_depth(x: Tensor, block_size: int) -> Tensor:
    """Blocks of cells gathered in channels, in which the cells vary slowest."""
    cells_last = F.pixel_unshuffle(x, block_size).unflatten(1, (-1, block_size**2))
    return cells_last.transpose(1, 2).flatten(1, 2)


def center_crop(x: Tensor, size: tuple[int, int]) -> Tensor:
    """The middle of each image; an odd cell is cut off at the end."""
    top, left = (x.shape[2] - size[0]) // 2, (x.shape[3] - size[1]) // 2
    return x[:, :, top : top + size[0], left : left + size[1]]


def crop_to_aspect_ratio(x: Tensor, size: tuple[int, int]) -> Tensor:
    """The largest part in the middle of each image that is as wide for its height as `size`."""
    height = max(min(x.shape[2], x.shape[3] * size[0] // size[1]), 1)
    width = max(min(x.shape[3], x.shape[2] * size[1] // size[0]), 1)
    return center_crop(x, (height, width))


def pad_to_aspect_ratio(x: Tensor, size: tuple[int, int], value: float = 0.0) -> Tensor:
    """Images filled up with `value` on both sides, to be as wide for their height as `size`."""
    vertical = max(x.shape[3] * size[0] // size[1] - x.shape[2], 0) // 2
    horizontal = max(x.shape[2] * size[1] // size[0] - x.shape[3], 0) // 2
    return F.pad(x, (horizontal, horizontal, vertical, vertical), value=value)


def resize(
    x: Tensor, size: tuple[int, int], interpolation: str, antialias: bool = False
) -> Tensor:
    """Images resized by a matrix for each axis.

    interpolation: "bicubic" of Keys, with a = -0.5; "lanczos3" or "lanczos5".
    antialias: widen the filter where an image becomes smaller.
    """
    rows = resize_matrix(x.shape[2], size[0], interpolation, antialias).to(x)
    columns = resize_matrix(x.shape[3], size[1], interpolation, antialias).to(x)
    return rows @ x @ columns.T


def resize_matrix(
    before: int, after: int, interpolation: str, antialias: bool
) -> Tensor:
    """How much each of the pixels counts in each of the result: [after, before]."""
    scale = before / after
    stretch = max(scale, 1.0) if antialias else 1.0
    centres = (torch.arange(after) + 0.5) * scale - 0.5
    x = (centres[:, None] - torch.arange(before)).abs() / stretch
    if interpolation == "bicubic":
        near, far = (1.5 * x - 2.5) * x * x + 1, ((2.5 - 0.5 * x) * x - 4) * x + 2
        weights = torch.where(x < 1, near, torch.where(x < 2, far, 0))
    else:
        radius = int(interpolation.removeprefix("lanczos"))
        weights = torch.sinc(x) * torch.sinc(x / radius) * (x < radius)
    return weights / weights.sum(dim=1, keepdim=True)

"""What augmentations share.

An augmentation has two halves: what it draws, and what it makes of images with
that, which is compared with Keras's for the same draw.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


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

"""Augmentations drawn among many others."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .augmentation import Augmentation
from .color_augmentation import (
    Equalization,
    RandomBrightness,
    RandomColorDegeneration,
    RandomContrast,
    RandomPosterization,
    RandomSharpness,
    Solarization,
)
from .geometric_augmentation import RandomRotation, RandomShear, RandomTranslation
from .preprocessing import AutoContrast


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

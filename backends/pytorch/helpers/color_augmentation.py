"""Augmentations of the values of pixels."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .augmentation import Augmentation


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

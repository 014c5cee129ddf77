"""A convolutional network with the habits of vision transformers (Liu et al., 2022, "A
ConvNet for the 2020s"). It takes pixels from 0 to 255 and normalizes them itself, as
Keras's does.

Compiled by specc from the spec `convnext`. Images are [N, C, H, W].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LayerScale(nn.Module):
    """A learnt factor for each channel (Touvron et al., 2021); `shape` broadcasts them."""

    def __init__(self, channels: int, shape: tuple[int, ...] = (-1,)) -> None:
        super().__init__()
        self.shape = shape
        self.weight = nn.Parameter(torch.empty(channels))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight.reshape(self.shape)


class Normalize(nn.Module):
    """`(x - mean) / std`, or its inverse, with numbers that broadcast to `shape`."""

    def __init__(
        self,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        shape: tuple[int, ...],
        invert: bool = False,
    ) -> None:
        super().__init__()
        self.invert = invert
        for name, values in (("mean", mean), ("std", std)):
            values = torch.tensor(values).reshape(shape)
            self.register_buffer(name, values, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        y = x * self.std + self.mean if self.invert else (x - self.mean) / self.std
        return y.to(x.dtype)


class MaskDropout(nn.Module):
    """Dropout that decides along `dims` together, from a seed if there is one."""

    def __init__(
        self, p: float, dims: tuple[int, ...] = (), seed: int | None = None
    ) -> None:
        super().__init__()
        self.p = p
        self.dims = dims
        self.generator = None if seed is None else torch.Generator().manual_seed(seed)

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        return torch.where(self.dropped(x), 0, x / max(1 - self.p, 1e-7))

    def dropped(self, x: Tensor) -> Tensor:
        """A mask that broadcasts to `x`: true with probability `p`."""
        shape = [1 if dim in self.dims else size for dim, size in enumerate(x.shape)]
        device = "cpu" if self.generator else x.device
        drawn = torch.rand(shape, generator=self.generator, device=device)
        return drawn.to(x.device) < self.p


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, LayerScale):
        nn.init.constant_(module.weight, 1e-06)
    elif isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class Residual(nn.Module):
    """The block `residual`."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.depthwise_conv2d = nn.Conv2d(96, 96, 7, padding=3, groups=96)
        self.layer_normalization = nn.LayerNorm(96, eps=1e-06)
        self.dense = nn.Linear(96, 384)
        self.dense_1 = nn.Linear(384, 96)
        self.layer_scale = LayerScale(96)
        self.stochastic_depth = MaskDropout(p, dims=(1, 2, 3))

    def forward(self, x: Tensor) -> Tensor:
        y = x.permute(0, 3, 1, 2)  # [N, 96, 56, 56]
        y = self.depthwise_conv2d(y)  # [N, 96, 56, 56]
        y = y.permute(0, 2, 3, 1)  # [N, 56, 56, 96]
        y = self.layer_normalization(y)  # [N, 56, 56, 96]
        y = F.gelu(self.dense(y))  # [N, 56, 56, 384]
        y = self.dense_1(y)  # [N, 56, 56, 96]
        y = self.layer_scale(y)  # [N, 56, 56, 96]
        y = self.stochastic_depth(y)  # [N, 56, 56, 96]
        return x + y  # [N, 56, 56, 96]


class Residual2(nn.Module):
    """The block `residual`."""

    def __init__(self, channels: int, hidden: int, p: float) -> None:
        super().__init__()
        self.depthwise_conv2d = nn.Conv2d(
            channels, channels, 7, padding=3, groups=channels
        )
        self.layer_normalization = nn.LayerNorm(channels, eps=1e-06)
        self.dense = nn.Linear(channels, hidden)
        self.dense_1 = nn.Linear(hidden, channels)
        self.layer_scale = LayerScale(channels)
        self.stochastic_depth = MaskDropout(p, dims=(1, 2, 3))

    def forward(self, x: Tensor) -> Tensor:
        y = self.depthwise_conv2d(x)  # [N, channels, H, W]
        y = y.permute(0, 2, 3, 1)  # [N, H, W, channels]
        y = self.layer_normalization(y)  # [N, H, W, channels]
        y = F.gelu(self.dense(y))  # [N, H, W, hidden]
        y = self.dense_1(y)  # [N, H, W, channels]
        y = self.layer_scale(y)  # [N, H, W, channels]
        y = self.stochastic_depth(y)  # [N, H, W, channels]
        y = y.permute(0, 3, 1, 2)  # [N, channels, H, W]
        return x + y  # [N, channels, H, W]


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self) -> None:
        super().__init__()
        self.block = nn.Sequential(
            Residual(0.0),
            Residual(0.0058823529411764705),
            Residual(0.011764705882352941),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)  # [N, 56, 56, 96]


class Stage2(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self) -> None:
        super().__init__()
        self.layer_normalization = nn.LayerNorm(96, eps=1e-06)
        self.conv2d = nn.Conv2d(96, 192, 2, stride=2)
        self.block = nn.Sequential(
            Residual2(192, 768, p=0.017647058823529415),
            Residual2(192, 768, p=0.023529411764705882),
            Residual2(192, 768, p=0.029411764705882353),
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer_normalization(x)  # [N, 56, 56, 96]
        x = x.permute(0, 3, 1, 2)  # [N, 96, 56, 56]
        x = self.conv2d(x)  # [N, 192, 28, 28]
        return self.block(x)  # [N, 192, 28, 28]


class Stage3(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(
        self, normalized_shape: int, out_channels: int, block: nn.Module
    ) -> None:
        super().__init__()
        self.layer_normalization = nn.LayerNorm(normalized_shape, eps=1e-06)
        self.conv2d = nn.Conv2d(normalized_shape, out_channels, 2, stride=2)
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        x = x.permute(0, 2, 3, 1)  # [N, H, W, normalized_shape]
        x = self.layer_normalization(x)  # [N, H, W, normalized_shape]
        x = x.permute(0, 3, 1, 2)  # [N, normalized_shape, H, W]
        x = self.conv2d(x)  # [N, out_channels, H, W]
        return self.block(x)  # [N, out_channels, H, W]


class Convnext(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.normalization = Normalize(
            mean=(123.675, 116.28, 103.53),
            std=(58.394999999999996, 57.12, 57.375),
            shape=(-1, 1, 1),
        )
        self.conv2d = nn.Conv2d(3, 96, 4, stride=4)
        self.layer_normalization = nn.LayerNorm(96, eps=1e-06)
        self.stage = nn.Sequential(
            Stage(),
            Stage2(),
            Stage3(
                192,
                384,
                block=nn.Sequential(
                    Residual2(384, 1536, p=0.03529411764705883),
                    Residual2(384, 1536, p=0.0411764705882353),
                    Residual2(384, 1536, p=0.047058823529411764),
                    Residual2(384, 1536, p=0.052941176470588235),
                    Residual2(384, 1536, p=0.058823529411764705),
                    Residual2(384, 1536, p=0.06470588235294118),
                    Residual2(384, 1536, p=0.07058823529411766),
                    Residual2(384, 1536, p=0.07647058823529412),
                    Residual2(384, 1536, p=0.0823529411764706),
                ),
            ),
            Stage3(
                384,
                768,
                block=nn.Sequential(
                    Residual2(768, 3072, p=0.08823529411764706),
                    Residual2(768, 3072, p=0.09411764705882353),
                    Residual2(768, 3072, p=0.1),
                ),
            ),
        )
        self.layer_normalization_1 = nn.LayerNorm(768, eps=1e-06)
        self.logits = nn.Linear(768, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.normalization(image)  # [N, 3, 224, 224]
        x = self.conv2d(x)  # [N, 96, 56, 56]
        x = x.permute(0, 2, 3, 1)  # [N, 56, 56, 96]
        x = self.layer_normalization(x)  # [N, 56, 56, 96]
        x = self.stage(x)  # [N, 768, 7, 7]
        x = torch.mean(x, dim=(2, 3))  # [N, 768]
        x = self.layer_normalization_1(x)  # [N, 768]
        return self.logits(x)  # [N, 1000]

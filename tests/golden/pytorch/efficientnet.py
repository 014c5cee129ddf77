"""Networks scaled in width, depth and size at once (Tan and Le, 2019, "EfficientNet:
Rethinking Model Scaling for Convolutional Neural Networks"). They take pixels from 0 to
255, as Keras's do.

Compiled by specc from the spec `efficientnet`. Images are [N, C, H, W].
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def truncated_normal_(weight: Tensor, std: float) -> None:
    """A normal cut off at two deviations, whose deviation after that is `std`."""
    std /= 0.87962566103423978
    nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)


def variance_scaling_(
    weight: Tensor, scale: float, mode: str, distribution: str
) -> None:
    """Mean 0 and variance `scale` / fan, as in Keras."""
    fan_in, fan_out = weight[0].numel(), weight[:, 0].numel()
    average = (fan_in + fan_out) / 2
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": average}[mode]
    std = math.sqrt(scale / fan)
    if distribution == "truncated_normal":
        truncated_normal_(weight, std)
    elif distribution == "untruncated_normal":
        nn.init.normal_(weight, std=std)
    else:
        nn.init.uniform_(weight, -math.sqrt(3) * std, math.sqrt(3) * std)


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
    if isinstance(module, nn.Conv2d) and 1 < module.groups == module.in_channels:
        variance_scaling_(
            module.weight.transpose(0, 1), 2.0, "fan_out", "truncated_normal"
        )
    elif isinstance(module, nn.Conv2d):
        variance_scaling_(module.weight, 2.0, "fan_out", "truncated_normal")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Linear):
        variance_scaling_(module.weight, 0.3333333333333333, "fan_out", "uniform")
        nn.init.zeros_(module.bias)


class SqueezeExcitation(nn.Module):
    """The block `squeeze_excitation`."""

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(channels, hidden, 1)
        self.conv2d_1 = nn.Conv2d(hidden, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.mean(x, dim=(2, 3), keepdim=True)  # [N, channels, 1, 1]
        y = F.silu(self.conv2d(y))  # [N, hidden, 1, 1]
        y = torch.sigmoid(self.conv2d_1(y))  # [N, channels, 1, 1]
        return x * y  # [N, channels, H, W]


class InvertedResidual(nn.Module):
    """The block `inverted_residual`."""

    def __init__(self) -> None:
        super().__init__()
        self.depthwise_conv2d = nn.Conv2d(32, 32, 3, padding=1, groups=32, bias=False)
        self.batch_normalization = nn.BatchNorm2d(32, eps=0.001, momentum=0.01)
        self.squeeze_excitation = SqueezeExcitation(32, 8)
        self.conv2d = nn.Conv2d(32, 16, 1, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(16, eps=0.001, momentum=0.01)

    def forward(self, x: Tensor) -> Tensor:
        x = self.depthwise_conv2d(x)  # [N, 32, 112, 112]
        x = self.batch_normalization(x)  # [N, 32, 112, 112]
        x = F.silu(x)  # [N, 32, 112, 112]
        x = self.squeeze_excitation(x)  # [N, 32, 112, 112]
        x = self.conv2d(x)  # [N, 16, 112, 112]
        return self.batch_normalization_1(x)  # [N, 16, 112, 112]


class InvertedResidual2(nn.Module):
    """The block `inverted_residual`."""

    def __init__(
        self,
        in_channels: int,
        hidden: int,
        kernel_size: int,
        squeeze_excitation_hidden: int,
        out_channels: int,
        pad: tuple[int, int, int, int],
    ) -> None:
        super().__init__()
        self.pad = pad
        self.conv2d = nn.Conv2d(in_channels, hidden, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(hidden, eps=0.001, momentum=0.01)
        self.depthwise_conv2d = nn.Conv2d(
            hidden, hidden, kernel_size, stride=2, groups=hidden, bias=False
        )
        self.batch_normalization_1 = nn.BatchNorm2d(hidden, eps=0.001, momentum=0.01)
        self.squeeze_excitation = SqueezeExcitation(hidden, squeeze_excitation_hidden)
        self.conv2d_1 = nn.Conv2d(hidden, out_channels, 1, bias=False)
        self.batch_normalization_2 = nn.BatchNorm2d(
            out_channels, eps=0.001, momentum=0.01
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, hidden, H, W]
        x = self.batch_normalization(x)  # [N, hidden, H, W]
        x = F.silu(x)  # [N, hidden, H, W]
        x = self.depthwise_conv2d(F.pad(x, self.pad))  # [N, hidden, H, W]
        x = self.batch_normalization_1(x)  # [N, hidden, H, W]
        x = F.silu(x)  # [N, hidden, H, W]
        x = self.squeeze_excitation(x)  # [N, hidden, H, W]
        x = self.conv2d_1(x)  # [N, out_channels, H, W]
        return self.batch_normalization_2(x)  # [N, out_channels, H, W]


class InvertedResidual3(nn.Module):
    """The block `inverted_residual`."""

    def __init__(
        self,
        in_channels: int,
        hidden: int,
        kernel_size: int,
        squeeze_excitation_hidden: int,
        out_channels: int,
        p: float,
        residual: bool = True,
    ) -> None:
        super().__init__()
        self.residual = residual
        self.conv2d = nn.Conv2d(in_channels, hidden, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(hidden, eps=0.001, momentum=0.01)
        self.depthwise_conv2d = nn.Conv2d(
            hidden,
            hidden,
            kernel_size,
            padding=kernel_size // 2,
            groups=hidden,
            bias=False,
        )
        self.batch_normalization_1 = nn.BatchNorm2d(hidden, eps=0.001, momentum=0.01)
        self.squeeze_excitation = SqueezeExcitation(hidden, squeeze_excitation_hidden)
        self.conv2d_1 = nn.Conv2d(hidden, out_channels, 1, bias=False)
        self.batch_normalization_2 = nn.BatchNorm2d(
            out_channels, eps=0.001, momentum=0.01
        )
        self.stochastic_depth = MaskDropout(p, dims=(1, 2, 3))

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv2d(x)  # [N, hidden, H, W]
        y = self.batch_normalization(y)  # [N, hidden, H, W]
        y = F.silu(y)  # [N, hidden, H, W]
        y = self.depthwise_conv2d(y)  # [N, hidden, H, W]
        y = self.batch_normalization_1(y)  # [N, hidden, H, W]
        y = F.silu(y)  # [N, hidden, H, W]
        y = self.squeeze_excitation(y)  # [N, hidden, H, W]
        y = self.conv2d_1(y)  # [N, out_channels, H, W]
        y = self.batch_normalization_2(y)  # [N, out_channels, H, W]
        y = self.stochastic_depth(y)  # [N, out_channels, H, W]
        return y + x if self.residual else y  # [N, out_channels, H, W]


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)  # [N, C, H, W]


class Efficientnet(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.normalization = Normalize(
            mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), shape=(-1, 1, 1)
        )
        self.conv2d = nn.Conv2d(3, 32, 3, stride=2, bias=False)
        self.batch_normalization = nn.BatchNorm2d(32, eps=0.001, momentum=0.01)
        self.stage = nn.Sequential(
            Stage(nn.Sequential(InvertedResidual())),
            Stage(
                nn.Sequential(
                    InvertedResidual2(16, 96, 3, 4, 24, pad=(0, 1, 0, 1)),
                    InvertedResidual3(24, 144, 3, 6, 24, p=0.025),
                )
            ),
            Stage(
                nn.Sequential(
                    InvertedResidual2(24, 144, 5, 6, 40, pad=(1, 2, 1, 2)),
                    InvertedResidual3(40, 240, 5, 10, 40, p=0.05),
                )
            ),
            Stage(
                nn.Sequential(
                    InvertedResidual2(40, 240, 3, 10, 80, pad=(0, 1, 0, 1)),
                    InvertedResidual3(80, 480, 3, 20, 80, p=0.07500000000000001),
                    InvertedResidual3(80, 480, 3, 20, 80, p=0.08750000000000001),
                )
            ),
            Stage(
                nn.Sequential(
                    InvertedResidual3(80, 480, 5, 20, 112, p=0.0, residual=False),
                    InvertedResidual3(112, 672, 5, 28, 112, p=0.1125),
                    InvertedResidual3(112, 672, 5, 28, 112, p=0.125),
                )
            ),
            Stage(
                nn.Sequential(
                    InvertedResidual2(112, 672, 5, 28, 192, pad=(1, 2, 1, 2)),
                    InvertedResidual3(192, 1152, 5, 48, 192, p=0.15000000000000002),
                    InvertedResidual3(192, 1152, 5, 48, 192, p=0.1625),
                    InvertedResidual3(192, 1152, 5, 48, 192, p=0.17500000000000002),
                )
            ),
            Stage(
                nn.Sequential(
                    InvertedResidual3(192, 1152, 3, 48, 320, p=0.0, residual=False)
                )
            ),
        )
        self.conv2d_1 = nn.Conv2d(320, 1280, 1, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(1280, eps=0.001, momentum=0.01)
        self.dropout = nn.Dropout(0.2)
        self.logits = nn.Linear(1280, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = image * 0.00392156862745098  # [N, 3, 224, 224]
        x = self.normalization(x)  # [N, 3, 224, 224]
        x = self.conv2d(F.pad(x, (0, 1, 0, 1)))  # [N, 32, 112, 112]
        x = self.batch_normalization(x)  # [N, 32, 112, 112]
        x = F.silu(x)  # [N, 32, 112, 112]
        x = self.stage(x)  # [N, 320, 7, 7]
        x = self.conv2d_1(x)  # [N, 1280, 7, 7]
        x = self.batch_normalization_1(x)  # [N, 1280, 7, 7]
        x = F.silu(x)  # [N, 1280, 7, 7]
        x = torch.mean(x, dim=(2, 3))  # [N, 1280]
        x = self.dropout(x)  # [N, 1280]
        return self.logits(x)  # [N, 1000]

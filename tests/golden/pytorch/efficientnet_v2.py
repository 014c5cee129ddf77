"""Networks found for fast training (Tan and Le, 2021, "EfficientNetV2: Smaller Models
and Faster Training"). They take pixels from 0 to 255, as Keras's do.

Compiled by specc from the spec `efficientnet_v2`. Images are [N, C, H, W].
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


class Convolution(nn.Module):
    """The block `convolution`."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(in_channels, out_channels, 3, stride=2, bias=False)
        self.batch_normalization = nn.BatchNorm2d(out_channels, eps=0.001)
        nn.init.constant_(self.batch_normalization.running_var, 2.0)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(F.pad(x, (0, 1, 0, 1)))  # [N, out_channels, H, W]
        x = self.batch_normalization(x)  # [N, out_channels, H, W]
        return F.silu(x)  # [N, out_channels, H, W]


class Convolution2(nn.Module):
    """The block `convolution`."""

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(
            in_channels, out_channels, kernel_size, padding=kernel_size // 2, bias=False
        )
        self.batch_normalization = nn.BatchNorm2d(out_channels, eps=0.001)
        nn.init.constant_(self.batch_normalization.running_var, 2.0)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, out_channels, H, W]
        x = self.batch_normalization(x)  # [N, out_channels, H, W]
        return F.silu(x)  # [N, out_channels, H, W]


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

    def __init__(self, p: float) -> None:
        super().__init__()
        self.convolution = Convolution2(24, 24, 3)
        self.stochastic_depth = MaskDropout(p, dims=(1, 2, 3))

    def forward(self, x: Tensor) -> Tensor:
        y = self.convolution(x)  # [N, 24, 192, 192]
        y = self.stochastic_depth(y)  # [N, 24, 192, 192]
        return y + x  # [N, 24, 192, 192]


class InvertedResidual2(nn.Module):
    """The block `inverted_residual`."""

    def __init__(
        self, in_channels: int, convolution_channels: int, out_channels: int
    ) -> None:
        super().__init__()
        self.convolution = Convolution(in_channels, convolution_channels)
        self.conv2d = nn.Conv2d(convolution_channels, out_channels, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(out_channels, eps=0.001)
        nn.init.constant_(self.batch_normalization.running_var, 2.0)

    def forward(self, x: Tensor) -> Tensor:
        x = self.convolution(x)  # [N, convolution_channels, H, W]
        x = self.conv2d(x)  # [N, out_channels, H, W]
        return self.batch_normalization(x)  # [N, out_channels, H, W]


class InvertedResidual3(nn.Module):
    """The block `inverted_residual`."""

    def __init__(self, channels: int, convolution_channels: int, p: float) -> None:
        super().__init__()
        self.convolution = Convolution2(channels, convolution_channels, 3)
        self.conv2d = nn.Conv2d(convolution_channels, channels, 1, bias=False)
        self.batch_normalization = nn.BatchNorm2d(channels, eps=0.001)
        nn.init.constant_(self.batch_normalization.running_var, 2.0)
        self.stochastic_depth = MaskDropout(p, dims=(1, 2, 3))

    def forward(self, x: Tensor) -> Tensor:
        y = self.convolution(x)  # [N, convolution_channels, H, W]
        y = self.conv2d(y)  # [N, channels, H, W]
        y = self.batch_normalization(y)  # [N, channels, H, W]
        y = self.stochastic_depth(y)  # [N, channels, H, W]
        return y + x  # [N, channels, H, W]


class InvertedResidual4(nn.Module):
    """The block `inverted_residual`."""

    def __init__(
        self,
        in_channels: int,
        convolution_channels: int,
        hidden: int,
        out_channels: int,
    ) -> None:
        super().__init__()
        self.convolution = Convolution2(in_channels, convolution_channels, 1)
        self.depthwise_conv2d = nn.Conv2d(
            convolution_channels,
            convolution_channels,
            3,
            stride=2,
            groups=convolution_channels,
            bias=False,
        )
        self.batch_normalization = nn.BatchNorm2d(convolution_channels, eps=0.001)
        nn.init.constant_(self.batch_normalization.running_var, 2.0)
        self.squeeze_excitation = SqueezeExcitation(convolution_channels, hidden)
        self.conv2d = nn.Conv2d(convolution_channels, out_channels, 1, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(out_channels, eps=0.001)
        nn.init.constant_(self.batch_normalization_1.running_var, 2.0)

    def forward(self, x: Tensor) -> Tensor:
        x = self.convolution(x)  # [N, convolution_channels, H, W]
        # [N, convolution_channels, H, W]
        x = self.depthwise_conv2d(F.pad(x, (0, 1, 0, 1)))
        x = self.batch_normalization(x)  # [N, convolution_channels, H, W]
        x = F.silu(x)  # [N, convolution_channels, H, W]
        x = self.squeeze_excitation(x)  # [N, convolution_channels, H, W]
        x = self.conv2d(x)  # [N, out_channels, H, W]
        return self.batch_normalization_1(x)  # [N, out_channels, H, W]


class InvertedResidual5(nn.Module):
    """The block `inverted_residual`."""

    def __init__(
        self,
        in_channels: int,
        convolution_channels: int,
        hidden: int,
        out_channels: int,
        p: float,
        residual: bool = True,
    ) -> None:
        super().__init__()
        self.residual = residual
        self.convolution = Convolution2(in_channels, convolution_channels, 1)
        self.depthwise_conv2d = nn.Conv2d(
            convolution_channels,
            convolution_channels,
            3,
            padding=1,
            groups=convolution_channels,
            bias=False,
        )
        self.batch_normalization = nn.BatchNorm2d(convolution_channels, eps=0.001)
        nn.init.constant_(self.batch_normalization.running_var, 2.0)
        self.squeeze_excitation = SqueezeExcitation(convolution_channels, hidden)
        self.conv2d = nn.Conv2d(convolution_channels, out_channels, 1, bias=False)
        self.batch_normalization_1 = nn.BatchNorm2d(out_channels, eps=0.001)
        nn.init.constant_(self.batch_normalization_1.running_var, 2.0)
        self.stochastic_depth = MaskDropout(p, dims=(1, 2, 3))

    def forward(self, x: Tensor) -> Tensor:
        y = self.convolution(x)  # [N, convolution_channels, H, W]
        y = self.depthwise_conv2d(y)  # [N, convolution_channels, H, W]
        y = self.batch_normalization(y)  # [N, convolution_channels, H, W]
        y = F.silu(y)  # [N, convolution_channels, H, W]
        y = self.squeeze_excitation(y)  # [N, convolution_channels, H, W]
        y = self.conv2d(y)  # [N, out_channels, H, W]
        y = self.batch_normalization_1(y)  # [N, out_channels, H, W]
        y = self.stochastic_depth(y)  # [N, out_channels, H, W]
        return y + x if self.residual else y  # [N, out_channels, H, W]


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self, block: nn.Module) -> None:
        super().__init__()
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        return self.block(x)  # [N, C, H, W]


class EfficientnetV2(nn.Module):
    """From `image` float32[N, 3, 384, 384] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Convolution(3, 24)
        self.stage = nn.Sequential(
            Stage(nn.Sequential(InvertedResidual(0.0), InvertedResidual(0.005))),
            Stage(
                nn.Sequential(
                    InvertedResidual2(24, 96, 48),
                    InvertedResidual3(48, 192, p=0.015000000000000003),
                    InvertedResidual3(48, 192, p=0.02),
                    InvertedResidual3(48, 192, p=0.025),
                )
            ),
            Stage(
                nn.Sequential(
                    InvertedResidual2(48, 192, 64),
                    InvertedResidual3(64, 256, p=0.035),
                    InvertedResidual3(64, 256, p=0.04),
                    InvertedResidual3(64, 256, p=0.045),
                )
            ),
            Stage(
                nn.Sequential(
                    InvertedResidual4(64, 256, 16, 128),
                    InvertedResidual5(128, 512, 32, 128, p=0.05500000000000001),
                    InvertedResidual5(128, 512, 32, 128, p=0.06000000000000001),
                    InvertedResidual5(128, 512, 32, 128, p=0.065),
                    InvertedResidual5(128, 512, 32, 128, p=0.07),
                    InvertedResidual5(128, 512, 32, 128, p=0.075),
                )
            ),
            Stage(
                nn.Sequential(
                    InvertedResidual5(128, 768, 32, 160, p=0.0, residual=False),
                    InvertedResidual5(160, 960, 40, 160, p=0.085),
                    InvertedResidual5(160, 960, 40, 160, p=0.09),
                    InvertedResidual5(160, 960, 40, 160, p=0.095),
                    InvertedResidual5(160, 960, 40, 160, p=0.1),
                    InvertedResidual5(160, 960, 40, 160, p=0.10500000000000001),
                    InvertedResidual5(160, 960, 40, 160, p=0.11000000000000001),
                    InvertedResidual5(160, 960, 40, 160, p=0.11500000000000002),
                    InvertedResidual5(160, 960, 40, 160, p=0.12000000000000002),
                )
            ),
            Stage(
                nn.Sequential(
                    InvertedResidual4(160, 960, 40, 256),
                    InvertedResidual5(256, 1536, 64, 256, p=0.13),
                    InvertedResidual5(256, 1536, 64, 256, p=0.135),
                    InvertedResidual5(256, 1536, 64, 256, p=0.14),
                    InvertedResidual5(256, 1536, 64, 256, p=0.14500000000000002),
                    InvertedResidual5(256, 1536, 64, 256, p=0.15),
                    InvertedResidual5(256, 1536, 64, 256, p=0.155),
                    InvertedResidual5(256, 1536, 64, 256, p=0.16),
                    InvertedResidual5(256, 1536, 64, 256, p=0.165),
                    InvertedResidual5(256, 1536, 64, 256, p=0.17),
                    InvertedResidual5(256, 1536, 64, 256, p=0.175),
                    InvertedResidual5(256, 1536, 64, 256, p=0.18),
                    InvertedResidual5(256, 1536, 64, 256, p=0.185),
                    InvertedResidual5(256, 1536, 64, 256, p=0.19),
                    InvertedResidual5(256, 1536, 64, 256, p=0.195),
                )
            ),
        )
        self.features = Convolution2(256, 1280, 1)
        self.dropout = nn.Dropout(0.2)
        self.logits = nn.Linear(1280, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = image * 0.0078125 + -1.0  # [N, 3, 384, 384]
        x = self.stem(x)  # [N, 24, 192, 192]
        x = self.stage(x)  # [N, 256, 12, 12]
        x = self.features(x)  # [N, 1280, 12, 12]
        x = torch.mean(x, dim=(2, 3))  # [N, 1280]
        x = self.dropout(x)  # [N, 1280]
        return self.logits(x)  # [N, 1000]

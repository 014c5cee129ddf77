"""What PyTorch lacks: functions and modules whose source an emitted file brings along.

Each needs only torch, `math` and others from this file. They are read as text, never imported by
the backend, and stand here as ruff formats them at 88 columns, the width of emitted source.
"""

# Emitted source is what an ordinary PyTorch user writes; and torch is not imported, see above.
# ruff: noqa: B905, N812, TID253
# fmt: off

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def same_pads(
    x: Tensor, kernel_size: tuple[int, ...], stride: tuple[int, ...]
) -> list[int]:
    """Zeros to add so that each size becomes ceil(size / stride), the odd one last."""
    pads = []
    for size, kernel, step in zip(x.shape[:1:-1], kernel_size[::-1], stride[::-1]):
        total = max((-(-size // step) - 1) * step + kernel - size, 0)
        pads += [total // 2, total - total // 2]
    return pads


def avg_pool(
    x: Tensor,
    kernel_size: int | tuple[int, ...],
    stride: int | tuple[int, ...],
    pads: list[int] | tuple[int, ...],
) -> Tensor:
    """The mean of each window over the cells that are not padding."""
    pool = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[x.dim() - 3]
    inside = F.pad(torch.ones_like(x[:1, :1]), pads)
    return pool(F.pad(x, pads), kernel_size, stride) / pool(inside, kernel_size, stride)


def masked_mean(x: Tensor, mask: Tensor, keepdim: bool = False) -> Tensor:
    """The mean of [N, T, C] over the steps at which the mask [N, T] is true."""
    kept = mask.unsqueeze(-1)
    return x.where(kept, 0).sum(1, keepdim) / kept.sum(1, keepdim)


class SeparableConv(nn.Module):
    """Convolve each channel by itself, then across channels; `conv` is of `nn`."""

    def __init__(
        self,
        conv: type[nn.Conv1d] | type[nn.Conv2d],
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] = 0,
        dilation: int | tuple[int, ...] = 1,
        depth_multiplier: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        channels = in_channels * depth_multiplier
        self.depthwise = conv(
            in_channels,
            channels,
            kernel_size,
            stride,
            padding,
            dilation,
            groups=in_channels,
            bias=False,
        )
        self.pointwise = conv(channels, out_channels, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise(self.depthwise(x))


def sparse_plus(x: Tensor) -> Tensor:
    """A smooth ReLU: (x + 1)² / 4 between -1 and 1."""
    return torch.where(x < 1, torch.clamp(x + 1, min=0).square() / 4, x)


def sparse_sigmoid(x: Tensor) -> Tensor:
    """(x + 1) / 2, held between 0 and 1."""
    return torch.clamp((x + 1) / 2, min=0, max=1)


def squareplus(x: Tensor) -> Tensor:
    """A smooth ReLU: (x + √(x² + 4)) / 2."""
    return (x + torch.sqrt(x * x + 4)) / 2


def sparsemax(x: Tensor, dim: int = -1) -> Tensor:
    """The nearest point of the probability simplex (Martins and Astudillo, 2016)."""
    x = x.movedim(dim, -1)
    ordered = x.sort(dim=-1, descending=True).values
    count = torch.arange(1, x.shape[-1] + 1, dtype=x.dtype, device=x.device)
    threshold = ((ordered.cumsum(dim=-1) - 1) / count).amax(dim=-1, keepdim=True)
    return F.relu(x - threshold).movedim(-1, dim)


def without(module: nn.Module, parameter: str) -> nn.Module:
    """The module with one of its parameters left out."""
    module.register_parameter(parameter, None)
    return module


class BiasGroupNorm(nn.GroupNorm):
    """Group normalization with a bias and no weight."""

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5) -> None:
        super().__init__(num_groups, num_channels, eps, affine=False)
        self.bias = nn.Parameter(torch.empty(num_channels))

    def forward(self, x: Tensor) -> Tensor:
        bias = self.bias.reshape(-1, *[1] * (x.ndim - 2))
        return F.group_norm(x, self.num_groups, eps=self.eps) + bias


class PReLU(nn.Module):
    """ReLU with learnt slopes below zero, one for each place or shared by broadcasting."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(shape))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x) - self.weight * F.relu(-x)


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


class LocalContrastNorm(nn.Module):
    """Subtract the local mean, divide by the local deviation (Jarrett et al., 2009)."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.size = size
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        centred = x - self.local_mean(x)
        return centred / torch.sqrt(self.local_mean(centred.square()) + self.eps)

    def local_mean(self, x: Tensor) -> Tensor:
        """The mean over all channels and the cells of the window that exist."""
        return F.avg_pool2d(
            x.mean(dim=1, keepdim=True),
            self.size,
            stride=1,
            padding=self.size // 2,
            count_include_pad=False,
        )


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


class MaskAlphaDropout(MaskDropout):
    """Alpha dropout that decides along `dims` together, from a seed if there is one."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        limit = -1.7580993408473766  # of selu
        a = 1 / math.sqrt((1 - self.p) * (1 + self.p * limit**2))
        return a * torch.where(self.dropped(x), limit, x) - a * limit * self.p


class GaussianNoise(nn.Module):
    """In training, add a normal number to each element, from a seed if there is one."""

    def __init__(self, std: float, seed: int | None = None) -> None:
        super().__init__()
        self.std = std
        self.generator = None if seed is None else torch.Generator().manual_seed(seed)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.noise(x) if self.training else x

    def noise(self, x: Tensor) -> Tensor:
        """A normal number for each element."""
        if self.generator is None:
            return self.std * torch.randn_like(x)
        return self.std * torch.randn(x.shape, generator=self.generator).to(x)


class GaussianDropout(GaussianNoise):
    """In training, multiply each element by a normal number of mean 1."""

    def __init__(self, p: float, seed: int | None = None) -> None:
        super().__init__(math.sqrt(p / (1 - p)), seed)

    def forward(self, x: Tensor) -> Tensor:
        return x + x * self.noise(x) if self.training else x


def masking(x: Tensor, mask_value: float) -> tuple[Tensor, Tensor]:
    """`x` with 0 where it is masked, and the mask: which steps differ from the value."""
    mask = (x != mask_value).any(dim=-1)
    return x.masked_fill(~mask[..., None], 0), mask


class Discretization(nn.Module):
    """The number of boundaries that each element reaches."""

    def __init__(self, boundaries: tuple[float, ...]) -> None:
        super().__init__()
        self.register_buffer("boundaries", torch.tensor(boundaries), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        x = x.contiguous()  # which it asks for
        return torch.bucketize(x, self.boundaries, out_int32=True, right=True)


class EinsumDense(nn.Module):
    """A kernel multiplied in along the axes that an equation names."""

    def __init__(
        self,
        equation: str,
        kernel_shape: tuple[int, ...],
        bias_shape: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        self.equation = equation
        self.weight = nn.Parameter(torch.empty(kernel_shape))
        bias = None if bias_shape is None else torch.empty(bias_shape)
        self.bias = None if bias is None else nn.Parameter(bias)

    def forward(self, x: Tensor) -> Tensor:
        y = torch.einsum(self.equation, x, self.weight)
        return y if self.bias is None else y + self.bias


class PositionEmbedding(nn.Module):
    """Add a learnt vector for each position of a sequence [N, ..., T, C]."""

    def __init__(self, sequence_length: int, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(sequence_length, channels))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.weight[: x.shape[-2]]


class SinusoidalEmbedding(nn.Module):
    """Add sines and cosines of the positions to a sequence [N, ..., T, C]."""

    def __init__(self, channels: int, max_wavelength: float = 10000.0) -> None:
        super().__init__()
        rates = [max_wavelength ** (-i / channels) for i in range(0, channels, 2)]
        self.register_buffer("rates", torch.tensor(rates), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        positions = torch.arange(x.shape[-2], device=x.device)
        angles = positions[:, None] * self.rates
        waves = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)
        return x + waves[:, : x.shape[-1]].to(x.dtype)


class RotaryEmbedding(nn.Module):
    """Turn channels i and i + C/2 by angles that grow with the position along `dim`."""

    def __init__(
        self,
        channels: int,
        dim: int = 1,
        max_wavelength: float = 10000.0,
        scaling_factor: float = 1.0,
    ) -> None:
        super().__init__()
        self.dim = dim
        exponents = [-i / channels for i in range(0, channels, 2)]
        rates = [max_wavelength**each / scaling_factor for each in exponents]
        self.register_buffer("rates", torch.tensor(rates), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        positions = torch.arange(x.shape[self.dim], device=x.device)
        between = (1,) * (x.ndim - 2 - self.dim)
        angles = positions.reshape(-1, *between, 1) * self.rates
        cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
        first, second = x.chunk(2, dim=-1)
        turned = [first * cos - second * sin, second * cos + first * sin]
        return torch.cat(turned, dim=-1)


class ClassToken(nn.Module):
    """Put a learnt vector before a sequence: [N, T, C] becomes [N, T + 1, C]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(1, channels))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.weight.expand(len(x), 1, -1), x], dim=1)


def unit_forget_(bias: Tensor) -> None:
    """Ones for the forget gate of an LSTM."""
    size = len(bias) // 4
    with torch.no_grad():
        bias[size : 2 * size] = 1


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


def nearby(
    query: Tensor, key: Tensor, is_causal: bool = False, window: int | None = None
) -> Tensor:
    """Which keys [..., S, C] a query [..., T, C] attends to by its position: [T, S].

    is_causal: none after the query. window: only those closer than this.
    """
    rows = torch.arange(query.shape[-2], device=query.device)[:, None]
    columns = torch.arange(key.shape[-2], device=query.device)
    distances = rows - columns
    if window is None:
        return distances >= 0
    near = distances.abs() < window
    return near & (distances >= 0) if is_causal else near


def masked_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor,
    bias: Tensor | None = None,
    dropout: float = 0.0,
    scale: float | None = None,
) -> Tensor:
    """Attention where `mask` is true; the mean of all values where it is nowhere."""
    some = mask.any(dim=-1, keepdim=True)
    mask = mask | ~some
    if bias is not None:
        mask = torch.where(mask, bias * some, float("-inf"))
    return F.scaled_dot_product_attention(
        query * some, key, value, mask, dropout, scale=scale
    )


class MultiHeadAttention(nn.Module):
    """Attention of queries [N, ..., T, C] to keys and values [N, ..., S, C].

    The mask [N, ..., T, S] is true where a query attends to a key. One that attends to
    none takes the mean of all values, or zeros if `zeros` is true.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        key_channels: int | None = None,
        value_channels: int | None = None,
        output_channels: int | None = None,
        num_key_value_heads: int | None = None,
        bias: bool = True,
        dropout: float = 0.0,
        zeros: bool = False,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.num_key_value_heads = heads = num_key_value_heads or num_heads
        self.dropout = dropout
        self.zeros = zeros
        value_dim = value_dim or key_dim
        mixed = num_heads * value_dim
        self.query = nn.Linear(channels, num_heads * key_dim, bias=bias)
        self.key = nn.Linear(key_channels or channels, heads * key_dim, bias=bias)
        self.value = nn.Linear(value_channels or channels, heads * value_dim, bias=bias)
        self.output = nn.Linear(mixed, output_channels or channels, bias=bias)

    def forward(
        self,
        query: Tensor,
        value: Tensor | None = None,
        key: Tensor | None = None,
        mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        value = query if value is None else value
        key = value if key is None else key
        return self.output(self.mix(query, value, key, mask, is_causal))

    def mix(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor,
        mask: Tensor | None,
        is_causal: bool,
    ) -> Tensor:
        """The means that the heads take, side by side: [N, ..., T, heads * value_dim]."""
        q = self.split(self.query(query), self.num_heads)
        k = self.split(self.key(key), self.num_key_value_heads)
        v = self.split(self.value(value), self.num_key_value_heads)
        shared = self.num_heads // self.num_key_value_heads
        if shared > 1:
            k, v = (x.repeat_interleave(shared, dim=-3) for x in (k, v))
        return self.attend(q, k, v, mask, is_causal).transpose(-3, -2).flatten(-2)

    def split(self, x: Tensor, heads: int) -> Tensor:
        """The heads as an axis of their own: [N, ..., heads, T, C]."""
        return x.unflatten(-1, (heads, -1)).transpose(-3, -2)

    def attend(
        self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, is_causal: bool
    ) -> Tensor:
        """The mean of the values that each head takes."""
        dropout = self.dropout if self.training else 0.0
        mask = None if mask is None else mask.unsqueeze(-3)
        if mask is None or self.zeros:
            return F.scaled_dot_product_attention(q, k, v, mask, dropout, is_causal)
        return masked_attention(q, k, v, mask, dropout=dropout)


class GatedMultiHeadAttention(MultiHeadAttention):
    """Attention whose heads are multiplied by a sigmoid of a projection of the query."""

    def __init__(self, channels: int, num_heads: int, key_dim: int, **options) -> None:
        super().__init__(channels, num_heads, key_dim, **options)
        mixed, bias = self.output.in_features, self.output.bias is not None
        self.gate = nn.Linear(channels, mixed, bias=bias)

    def mix(self, query: Tensor, *others: Tensor | bool | None) -> Tensor:
        return super().mix(query, *others) * torch.sigmoid(self.gate(query))


class RelativePositionBias(nn.Module):
    """A bias [1, heads, T, S] for each range of distances (Raffel et al., 2019).

    The first distances have a range each; the others grow up to `max_distance`.
    """

    def __init__(
        self,
        num_heads: int,
        num_buckets: int = 32,
        max_distance: int = 128,
        bidirectional: bool = True,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_buckets, num_heads))
        self.later = num_buckets // 2 if bidirectional else 0
        buckets = num_buckets - self.later
        exact, steps = buckets // 2, buckets - buckets // 2
        far = [exact * (max_distance / exact) ** (i / steps) for i in range(1, steps)]
        near = list(range(1, exact + 1))
        thresholds = torch.tensor(near + [math.ceil(each - 1e-9) for each in far])
        self.register_buffer("thresholds", thresholds, persistent=False)

    def forward(self, query: Tensor, key: Tensor) -> Tensor:
        rows = torch.arange(query.shape[-2], device=query.device)[:, None]
        after = torch.arange(key.shape[-2], device=query.device) - rows
        distances = after.abs() if self.later else (-after).clamp(min=0)
        buckets = torch.bucketize(distances, self.thresholds, right=True)
        buckets = buckets + self.later * (after > 0)
        return self.weight[buckets].permute(2, 0, 1)[None]


class WindowPositionBias(nn.Module):
    """A bias [1, heads, T, T] for each offset in a window (Liu et al., 2021)."""

    def __init__(self, num_heads: int, window_size: tuple[int, int]) -> None:
        super().__init__()
        height, width = window_size
        offsets = (2 * height - 1) * (2 * width - 1)
        self.weight = nn.Parameter(torch.empty(offsets, num_heads))
        cells = torch.cartesian_prod(torch.arange(height), torch.arange(width))
        down, right = (cells[:, None] - cells).unbind(dim=-1)
        indices = (down + height - 1) * (2 * width - 1) + right + width - 1
        self.register_buffer("indices", indices, persistent=False)

    def forward(self) -> Tensor:
        return self.weight[self.indices].permute(2, 0, 1)[None]


class Attention(nn.Module):
    """Attention without projections (Luong et al., 2015)."""

    def __init__(
        self, score_mode: str = "dot", use_scale: bool = False, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.dropout = dropout
        self.scale = nn.Parameter(torch.empty(())) if use_scale else None
        concat = score_mode == "concat"
        self.concat_score_weight = nn.Parameter(torch.empty(())) if concat else None

    def scores(self, query: Tensor, key: Tensor) -> Tensor:
        """How well each key fits each query: [N, T, S]."""
        scale = 1.0 if self.scale is None else self.scale
        if self.concat_score_weight is None:
            return query @ key.mT * scale
        sums = query[:, :, None] + key[:, None]
        return self.concat_score_weight * torch.tanh(scale * sums).sum(dim=-1)

    def forward(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor | None = None,
        query_mask: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> Tensor:
        scores = self.scores(query, value if key is None else key)
        if mask is not None:
            scores = torch.where(mask, scores, scores - 1e9)
        weights = F.dropout(scores.softmax(dim=-1), self.dropout, self.training)
        y = weights @ value
        return y if query_mask is None else y.masked_fill(~query_mask[..., None], 0)


class AdditiveAttention(Attention):
    """Attention whose scores are sums of tanh (Bahdanau et al., 2014)."""

    def __init__(self, channels: int | None = None, dropout: float = 0.0) -> None:
        super().__init__(dropout=dropout)
        self.scale = None if channels is None else nn.Parameter(torch.empty(channels))

    def scores(self, query: Tensor, key: Tensor) -> Tensor:
        sums = torch.tanh(query[:, :, None] + key[:, None])
        return (sums if self.scale is None else self.scale * sums).sum(dim=-1)


class STFTSpectrogram(nn.Module):
    """The short-time Fourier transform of each channel, by convolutions.

    From [N, C, T] to [N, C * F, frames], or [N, C, frames, F] if `expand_dims`.
    """

    def __init__(
        self,
        mode: str,
        frame_length: int,
        frame_step: int,
        bins: int,
        padding: str = "valid",
        expand_dims: bool = False,
    ) -> None:
        super().__init__()
        self.mode = mode
        self.frame_length = frame_length
        self.frame_step = frame_step
        self.padding = padding
        self.expand_dims = expand_dims
        if mode != "imag":
            self.real_kernel = nn.Parameter(torch.empty(bins, 1, frame_length))
        if mode != "real":
            self.imag_kernel = nn.Parameter(torch.empty(bins, 1, frame_length))

    def forward(self, x: Tensor) -> Tensor:
        if self.padding == "same":
            x = F.pad(x, same_pads(x, (self.frame_length,), (self.frame_step,)))
        y = self.spectrum(x[:, None])
        return y.transpose(2, 3) if self.expand_dims else y.flatten(1, 2)

    def spectrum(self, x: Tensor) -> Tensor:
        """What `mode` says, of [N, 1, C, T]: [N, C, F, frames]."""
        if self.mode == "real":
            return self.convolved(x, self.real_kernel)
        imag = self.convolved(x, self.imag_kernel)
        if self.mode == "imag":
            return imag
        real = self.convolved(x, self.real_kernel)
        if self.mode == "stft":
            return torch.cat([real, imag], dim=2)
        if self.mode == "angle":
            return torch.atan2(imag, real)
        power = real.square() + imag.square()
        if self.mode == "psd":
            return power + F.pad(power[:, :, 1:-1], (0, 0, 1, 1))
        magnitude = power.clamp(min=1e-7).sqrt()
        return magnitude if self.mode == "magnitude" else magnitude.log()

    def convolved(self, x: Tensor, kernel: Tensor) -> Tensor:
        y = F.conv2d(x, kernel[:, :, None], stride=(1, self.frame_step))
        return y.transpose(1, 2)


def stft_(
    weight: Tensor,
    side: str,
    window: str | tuple[float, ...] | None = "hann",
    scaling: str | None = "density",
    periodic: bool = False,
) -> None:
    """The waves of a short-time Fourier transform [F, 1, T], times a window, as in Keras.

    scaling: divides the window by its norm ("density"), or its sum ("spectrum").
    """
    bins, _, length = weight.shape
    places = torch.outer(torch.arange(bins), torch.arange(length)) % (2 * bins - 2)
    angles = math.pi / (bins - 1) * places
    waves = torch.cos(angles) if side == "real" else -torch.sin(angles)
    taps = window_taps(window, length, periodic)
    if window is not None and scaling is not None:
        taps = taps / (taps.norm() if scaling == "density" else taps.abs().sum())
    with torch.no_grad():
        weight.copy_((waves * taps)[:, None])


def window_taps(
    window: str | tuple[float, ...] | None, length: int, periodic: bool
) -> Tensor:
    """What each step of a frame is multiplied by: a window's name, the numbers, or ones."""
    if window is None or window == "boxcar":
        return torch.ones(length)
    if isinstance(window, tuple):
        return torch.tensor(window)
    functions = {
        "bartlett": torch.bartlett_window,
        "blackman": torch.blackman_window,
        "hamming": torch.hamming_window,
        "hann": torch.hann_window,
    }
    return functions[window](length, periodic=periodic)


class MelSpectrogram(nn.Module):
    """How strong each band of the mel scale is: from [N, T] to [N, bands, frames]."""

    def __init__(
        self,
        fft_length: int = 2048,
        sequence_stride: int = 512,
        sequence_length: int | None = None,
        window: str | tuple[float, ...] | None = "hann",
        sampling_rate: int = 16000,
        num_mel_bins: int = 128,
        min_freq: float = 20.0,
        max_freq: float | None = None,
        power_to_db: bool = True,
        top_db: float = 80.0,
        mag_exp: float = 2.0,
        min_power: float = 1e-10,
        ref_power: float = 1.0,
    ) -> None:
        super().__init__()
        self.fft_length = fft_length
        self.sequence_stride = sequence_stride
        self.power_to_db = power_to_db
        self.top_db = top_db
        self.mag_exp = mag_exp
        self.min_power = min_power
        self.reference = 10 * math.log10(max(abs(ref_power), min_power))
        length = fft_length if window is None else sequence_length or fft_length
        before = (fft_length - length) // 2
        taps = window_taps(window, length, periodic=length % 2 == 0)
        taps = F.pad(taps, (before, fft_length - length - before))
        highest = max_freq or sampling_rate // 2
        frequencies = torch.linspace(0, sampling_rate / 2, fft_length // 2 + 1)
        bands = mel_bands(frequencies, num_mel_bins, min_freq, highest)
        self.register_buffer("taps", taps, persistent=False)
        self.register_buffer("bands", bands, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        spectrum = torch.stft(
            x,
            self.fft_length,
            self.sequence_stride,
            window=self.taps,
            pad_mode="reflect",
            return_complex=True,
        )
        y = self.bands @ spectrum.abs().pow(self.mag_exp)
        if not self.power_to_db:
            return y
        decibels = 10 * y.clamp(min=self.min_power).log10() - self.reference
        return torch.maximum(decibels, decibels.max() - self.top_db)


def mel_bands(frequencies: Tensor, count: int, lowest: float, highest: float) -> Tensor:
    """How much each frequency, in hertz, counts in each band: [bands, frequencies].

    Bands are triangles, as wide as each other on the mel scale; the frequency 0 is in none.
    """
    bounds = torch.tensor([lowest, highest])
    mels, ends = (1127 * torch.log(1 + f / 700) for f in (frequencies, bounds))
    edges = torch.linspace(*ends, count + 2)[:, None]
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (mels - left) / (centre - left), (right - mels) / (right - centre)
    return torch.minimum(rising, falling).clamp(min=0) * (frequencies > 0)


def glorot_normal_(weight: Tensor) -> None:
    """A truncated normal of variance 2 / (fan_in + fan_out), as in Keras."""
    fans = weight[0].numel() + weight[:, 0].numel()
    truncated_normal_(weight, math.sqrt(2 / fans))


def he_normal_(weight: Tensor) -> None:
    """A truncated normal of variance 2 / fan_in, as in Keras."""
    truncated_normal_(weight, math.sqrt(2 / weight[0].numel()))


def lecun_normal_(weight: Tensor) -> None:
    """A truncated normal of variance 1 / fan_in, as in Keras."""
    truncated_normal_(weight, math.sqrt(1 / weight[0].numel()))


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


def identity_(weight: Tensor, gain: float) -> None:
    """`gain` on the diagonal, 0 elsewhere."""
    nn.init.eye_(weight)
    with torch.no_grad():
        weight *= gain

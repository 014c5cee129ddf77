"""Swin Transformer (Liu et al., 2021, "Swin Transformer: Hierarchical Vision
Transformer using Shifted Windows"): patches look at each other within windows, which
are shifted at every other layer. As torchvision has it.

Compiled by specc from the spec `swin`. Images are [N, C, H, W].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


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
    if isinstance(module, WindowPositionBias):
        nn.init.trunc_normal_(module.weight, std=0.02, a=-0.04, b=0.04)
    elif isinstance(module, nn.Conv2d):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02, a=-0.04, b=0.04)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


class ToWindows(nn.Module):
    """The block `to_windows`."""

    def __init__(self, size: int, channels: int, size2: int) -> None:
        super().__init__()
        self.size = size
        self.channels = channels
        self.size2 = size2

    def forward(self, x: Tensor) -> Tensor:
        # [N, size, 7, size, 7, channels]
        x = x.reshape(-1, self.size, 7, self.size, 7, self.channels)
        x = x.permute(0, 1, 3, 2, 4, 5)  # [N, size, size, 7, 7, channels]
        return x.reshape(-1, self.size2, 49, self.channels)  # [N, size2, 49, channels]


class SplitHeads(nn.Module):
    """The block `split_heads`."""

    def __init__(self, size: int, size2: int) -> None:
        super().__init__()
        self.size = size
        self.size2 = size2

    def forward(self, x: Tensor) -> Tensor:
        x = x.reshape(-1, self.size, 49, self.size2, 32)  # [N, size, 49, size2, 32]
        return x.permute(0, 1, 3, 2, 4)  # [N, size, size2, 49, 32]


class FromWindows(nn.Module):
    """The block `from_windows`."""

    def __init__(self, size: int, channels: int, size2: int) -> None:
        super().__init__()
        self.size = size
        self.channels = channels
        self.size2 = size2

    def forward(self, x: Tensor) -> Tensor:
        # [N, size, size, 7, 7, channels]
        x = x.reshape(-1, self.size, self.size, 7, 7, self.channels)
        x = x.permute(0, 1, 3, 2, 4, 5)  # [N, size, 7, size, 7, channels]
        # [N, size2, size2, channels]
        return x.reshape(-1, self.size2, self.size2, self.channels)


class Mlp(nn.Module):
    """The block `mlp`."""

    def __init__(self, channels: int, hidden: int, p: float) -> None:
        super().__init__()
        self.layer_normalization = nn.LayerNorm(channels)
        self.dense = nn.Linear(channels, hidden)
        self.dense_1 = nn.Linear(hidden, channels)
        self.stochastic_depth = MaskDropout(p, dims=(1, 2, 3))

    def forward(self, x: Tensor) -> Tensor:
        y = self.layer_normalization(x)  # [N, H, W, channels]
        y = F.gelu(self.dense(y))  # [N, H, W, hidden]
        y = self.dense_1(y)  # [N, H, W, channels]
        y = self.stochastic_depth(y)  # [N, H, W, channels]
        return x + y  # [N, H, W, channels]


class MergePatches(nn.Module):
    """The block `merge_patches`."""

    def __init__(
        self, normalized_shape: int, out_features: int, size: int, size2: int
    ) -> None:
        super().__init__()
        self.size = size
        self.size2 = size2
        self.normalized_shape = normalized_shape
        self.layer_normalization = nn.LayerNorm(normalized_shape)
        self.dense = nn.Linear(normalized_shape, out_features, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        # [N, size, 2, size, 2, size2]
        x = x.reshape(-1, self.size, 2, self.size, 2, self.size2)
        x = x.permute(0, 1, 3, 4, 2, 5)  # [N, size, size, 2, 2, size2]
        # [N, size, size, normalized_shape]
        x = x.reshape(-1, self.size, self.size, self.normalized_shape)
        x = self.layer_normalization(x)  # [N, size, size, normalized_shape]
        return self.dense(x)  # [N, size, size, out_features]


class SamePart(nn.Module):
    """The block `same_part`."""

    def __init__(self, size: int, size2: int) -> None:
        super().__init__()
        self.part = ToWindows(size=size, channels=1, size2=size2)

    def forward(self, x: Tensor) -> Tensor:
        y = x[:, :-3, :1, :1]  # [N, T, 1, 1]
        y = y * 0.0 + 1.0  # [N, T, 1, 1]
        above = F.pad(y, (0, 0, 0, 0, 0, 3))  # [N, T, 1, 1]
        x = x[:, :1, :-3, :1]  # [N, 1, T, 1]
        x = x * 0.0 + 2.0  # [N, 1, T, 1]
        x = F.pad(x, (0, 0, 0, 3))  # [N, 1, T, 1]
        x = x + above  # [N, H, W, 1]
        part = self.part(x)  # [N, size2, 49, 1]
        x = part.permute(0, 1, 3, 2)  # [N, size2, 1, 49]
        x = part - x  # [N, size2, 49, 49]
        x = x * x  # [N, size2, 49, 49]
        x = x * -1.0 + 1.0  # [N, size2, 49, 49]
        x = F.relu(x)  # [N, size2, 49, 49]
        x = x != 0.0  # [N, size2, 49, 49]
        return x.unsqueeze(2)  # [N, size2, 1, 49, 49]


class WindowAttention(nn.Module):
    """The block `window_attention`."""

    def __init__(
        self,
        channels: int,
        hidden: int,
        size: int,
        size2: int,
        query_size2: int,
        from_windows_size2: int,
        p: float,
    ) -> None:
        super().__init__()
        self.size2 = size2
        self.channels = channels
        self.layer_normalization = nn.LayerNorm(channels)
        self.to_windows = ToWindows(size=size, channels=channels, size2=size2)
        self.dense = nn.Linear(channels, hidden)
        self.query = SplitHeads(size=size2, size2=query_size2)
        self.key = SplitHeads(size=size2, size2=query_size2)
        self.value = SplitHeads(size=size2, size2=query_size2)
        self.window_position_bias = WindowPositionBias(query_size2, (7, 7))
        self.dense_1 = nn.Linear(channels, channels)
        self.from_windows = FromWindows(
            size=size, channels=channels, size2=from_windows_size2
        )
        self.stochastic_depth = MaskDropout(p, dims=(1, 2, 3))

    def forward(self, x: Tensor) -> Tensor:
        # [N, from_windows_size2, from_windows_size2, channels]
        y = self.layer_normalization(x)
        y = self.to_windows(y)  # [N, size2, 49, channels]
        y = self.dense(y)  # [N, size2, 49, hidden]
        # [N, size2, 49, channels], [N, size2, 49, channels], [N, size2, 49, channels]
        y, keys, values = y.chunk(3, dim=3)
        query = self.query(y)  # [N, size2, query_size2, 49, 32]
        key = self.key(keys)  # [N, size2, query_size2, 49, 32]
        value = self.value(values)  # [N, size2, query_size2, 49, 32]
        y = self.window_position_bias()  # [1, query_size2, 49, 49]
        y = y.unsqueeze(1)  # [1, 1, query_size2, 49, 49]
        # [N, size2, query_size2, 49, 32]
        y = F.scaled_dot_product_attention(query, key, value, attn_mask=y)
        y = y.permute(0, 1, 3, 2, 4)  # [N, size2, 49, query_size2, 32]
        y = y.reshape(-1, self.size2, 49, self.channels)  # [N, size2, 49, channels]
        y = self.dense_1(y)  # [N, size2, 49, channels]
        # [N, from_windows_size2, from_windows_size2, channels]
        y = self.from_windows(y)
        # [N, from_windows_size2, from_windows_size2, channels]
        y = self.stochastic_depth(y)
        return x + y  # [N, from_windows_size2, from_windows_size2, channels]


class WindowAttention2(nn.Module):
    """The block `window_attention`."""

    def __init__(
        self,
        channels: int,
        hidden: int,
        size: int,
        size2: int,
        query_size2: int,
        from_windows_size2: int,
        p: float,
    ) -> None:
        super().__init__()
        self.size2 = size2
        self.channels = channels
        self.layer_normalization = nn.LayerNorm(channels)
        self.mask = SamePart(size=size, size2=size2)
        self.to_windows = ToWindows(size=size, channels=channels, size2=size2)
        self.dense = nn.Linear(channels, hidden)
        self.query = SplitHeads(size=size2, size2=query_size2)
        self.key = SplitHeads(size=size2, size2=query_size2)
        self.value = SplitHeads(size=size2, size2=query_size2)
        self.window_position_bias = WindowPositionBias(query_size2, (7, 7))
        self.dense_1 = nn.Linear(channels, channels)
        self.from_windows = FromWindows(
            size=size, channels=channels, size2=from_windows_size2
        )
        self.stochastic_depth = MaskDropout(p, dims=(1, 2, 3))

    def forward(self, x: Tensor) -> Tensor:
        # [N, from_windows_size2, from_windows_size2, channels]
        y = self.layer_normalization(x)
        # [N, from_windows_size2, from_windows_size2, channels]
        roll = torch.roll(y, (-3, -3), dims=(1, 2))
        mask = self.mask(roll)  # [N, size2, 1, 49, 49]
        y = self.to_windows(roll)  # [N, size2, 49, channels]
        y = self.dense(y)  # [N, size2, 49, hidden]
        # [N, size2, 49, channels], [N, size2, 49, channels], [N, size2, 49, channels]
        y, keys, values = y.chunk(3, dim=3)
        query = self.query(y)  # [N, size2, query_size2, 49, 32]
        key = self.key(keys)  # [N, size2, query_size2, 49, 32]
        value = self.value(values)  # [N, size2, query_size2, 49, 32]
        y = self.window_position_bias()  # [1, query_size2, 49, 49]
        y = y.unsqueeze(1)  # [1, 1, query_size2, 49, 49]
        # [N, size2, query_size2, 49, 32]
        y = masked_attention(query, key, value, mask, bias=y)
        y = y.permute(0, 1, 3, 2, 4)  # [N, size2, 49, query_size2, 32]
        y = y.reshape(-1, self.size2, 49, self.channels)  # [N, size2, 49, channels]
        y = self.dense_1(y)  # [N, size2, 49, channels]
        # [N, from_windows_size2, from_windows_size2, channels]
        y = self.from_windows(y)
        # [N, from_windows_size2, from_windows_size2, channels]
        y = torch.roll(y, (3, 3), dims=(1, 2))
        # [N, from_windows_size2, from_windows_size2, channels]
        y = self.stochastic_depth(y)
        return x + y  # [N, from_windows_size2, from_windows_size2, channels]


class Block(nn.Module):
    """One iteration of the loop `block`."""

    def __init__(
        self, channels: int, hidden: int, window_attention: nn.Module, p: float
    ) -> None:
        super().__init__()
        self.window_attention = window_attention
        self.mlp = Mlp(channels, hidden, p=p)

    def forward(self, x: Tensor) -> Tensor:
        x = self.window_attention(x)  # [N, H, W, channels]
        return self.mlp(x)  # [N, H, W, channels]


class Stage(nn.Module):
    """One iteration of the loop `stage`."""

    def __init__(self, merge_patches: nn.Module, block: nn.Module) -> None:
        super().__init__()
        self.merge_patches = merge_patches
        self.block = block

    def forward(self, x: Tensor) -> Tensor:
        x = self.merge_patches(x)  # [N, H, W, C]
        return self.block(x)  # [N, H, W, C]


class Swin(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(3, 96, 4, stride=4)
        self.layer_normalization = nn.LayerNorm(96)
        self.stage = nn.Sequential(
            Stage(
                merge_patches=nn.Identity(),
                block=nn.Sequential(
                    Block(
                        96,
                        384,
                        window_attention=WindowAttention(
                            96,
                            288,
                            size=8,
                            size2=64,
                            query_size2=3,
                            from_windows_size2=56,
                            p=0.0,
                        ),
                        p=0.0,
                    ),
                    Block(
                        96,
                        384,
                        window_attention=WindowAttention2(
                            96,
                            288,
                            size=8,
                            size2=64,
                            query_size2=3,
                            from_windows_size2=56,
                            p=0.018181818181818184,
                        ),
                        p=0.018181818181818184,
                    ),
                ),
            ),
            Stage(
                merge_patches=MergePatches(384, 192, size=28, size2=96),
                block=nn.Sequential(
                    Block(
                        192,
                        768,
                        window_attention=WindowAttention(
                            192,
                            576,
                            size=4,
                            size2=16,
                            query_size2=6,
                            from_windows_size2=28,
                            p=0.03636363636363637,
                        ),
                        p=0.03636363636363637,
                    ),
                    Block(
                        192,
                        768,
                        window_attention=WindowAttention2(
                            192,
                            576,
                            size=4,
                            size2=16,
                            query_size2=6,
                            from_windows_size2=28,
                            p=0.05454545454545456,
                        ),
                        p=0.05454545454545456,
                    ),
                ),
            ),
            Stage(
                merge_patches=MergePatches(768, 384, size=14, size2=192),
                block=nn.Sequential(
                    Block(
                        384,
                        1536,
                        window_attention=WindowAttention(
                            384,
                            1152,
                            size=2,
                            size2=4,
                            query_size2=12,
                            from_windows_size2=14,
                            p=0.07272727272727274,
                        ),
                        p=0.07272727272727274,
                    ),
                    Block(
                        384,
                        1536,
                        window_attention=WindowAttention2(
                            384,
                            1152,
                            size=2,
                            size2=4,
                            query_size2=12,
                            from_windows_size2=14,
                            p=0.09090909090909091,
                        ),
                        p=0.09090909090909091,
                    ),
                    Block(
                        384,
                        1536,
                        window_attention=WindowAttention(
                            384,
                            1152,
                            size=2,
                            size2=4,
                            query_size2=12,
                            from_windows_size2=14,
                            p=0.10909090909090911,
                        ),
                        p=0.10909090909090911,
                    ),
                    Block(
                        384,
                        1536,
                        window_attention=WindowAttention2(
                            384,
                            1152,
                            size=2,
                            size2=4,
                            query_size2=12,
                            from_windows_size2=14,
                            p=0.1272727272727273,
                        ),
                        p=0.1272727272727273,
                    ),
                    Block(
                        384,
                        1536,
                        window_attention=WindowAttention(
                            384,
                            1152,
                            size=2,
                            size2=4,
                            query_size2=12,
                            from_windows_size2=14,
                            p=0.14545454545454548,
                        ),
                        p=0.14545454545454548,
                    ),
                    Block(
                        384,
                        1536,
                        window_attention=WindowAttention2(
                            384,
                            1152,
                            size=2,
                            size2=4,
                            query_size2=12,
                            from_windows_size2=14,
                            p=0.16363636363636364,
                        ),
                        p=0.16363636363636364,
                    ),
                ),
            ),
            Stage(
                merge_patches=MergePatches(1536, 768, size=7, size2=384),
                block=nn.Sequential(
                    Block(
                        768,
                        3072,
                        window_attention=WindowAttention(
                            768,
                            2304,
                            size=1,
                            size2=1,
                            query_size2=24,
                            from_windows_size2=7,
                            p=0.18181818181818182,
                        ),
                        p=0.18181818181818182,
                    ),
                    Block(
                        768,
                        3072,
                        window_attention=WindowAttention(
                            768,
                            2304,
                            size=1,
                            size2=1,
                            query_size2=24,
                            from_windows_size2=7,
                            p=0.2,
                        ),
                        p=0.2,
                    ),
                ),
            ),
        )
        self.layer_normalization_1 = nn.LayerNorm(768)
        self.logits = nn.Linear(768, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.conv2d(image)  # [N, 96, 56, 56]
        x = x.permute(0, 2, 3, 1)  # [N, 56, 56, 96]
        x = self.layer_normalization(x)  # [N, 56, 56, 96]
        x = self.stage(x)  # [N, 7, 7, 768]
        x = self.layer_normalization_1(x)  # [N, 7, 7, 768]
        x = x.permute(0, 3, 1, 2)  # [N, 768, 7, 7]
        x = torch.mean(x, dim=(2, 3))  # [N, 768]
        return self.logits(x)  # [N, 1000]

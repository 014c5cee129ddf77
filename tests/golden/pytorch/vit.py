"""Vision Transformer (Dosovitskiy et al., 2020, "An Image Is Worth 16x16 Words:
Transformers for Image Recognition at Scale"): an image is a sequence of patches. As
torchvision has it.

Compiled by specc from the spec `vit`. Images are [N, C, H, W].
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


class PositionEmbedding(nn.Module):
    """Add a learnt vector for each position of a sequence [N, ..., T, C]."""

    def __init__(self, sequence_length: int, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(sequence_length, channels))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.weight[: x.shape[-2]]


class ClassToken(nn.Module):
    """Put a learnt vector before a sequence: [N, T, C] becomes [N, T + 1, C]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(1, channels))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.weight.expand(len(x), 1, -1), x], dim=1)


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, ClassToken):
        nn.init.zeros_(module.weight)
    elif isinstance(module, MultiHeadAttention):
        nn.init.xavier_uniform_(module.query.weight)
        nn.init.zeros_(module.query.bias)
        nn.init.xavier_uniform_(module.key.weight)
        nn.init.zeros_(module.key.bias)
        nn.init.xavier_uniform_(module.value.weight)
        nn.init.zeros_(module.value.bias)
        nn.init.xavier_uniform_(module.output.weight)
        nn.init.zeros_(module.output.bias)
    elif isinstance(module, PositionEmbedding):
        nn.init.normal_(module.weight, std=0.02)
    elif isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


class SelfAttention(nn.Module):
    """The block `self_attention`."""

    def __init__(self) -> None:
        super().__init__()
        self.layer_normalization = nn.LayerNorm(768, eps=1e-06)
        self.multi_head_attention = MultiHeadAttention(768, num_heads=12, key_dim=64)

    def forward(self, x: Tensor) -> Tensor:
        y = self.layer_normalization(x)  # [N, 197, 768]
        y = self.multi_head_attention(y)  # [N, 197, 768]
        return x + y  # [N, 197, 768]


class Mlp(nn.Module):
    """The block `mlp`."""

    def __init__(self) -> None:
        super().__init__()
        self.layer_normalization = nn.LayerNorm(768, eps=1e-06)
        self.dense = nn.Linear(768, 3072)
        self.dense_1 = nn.Linear(3072, 768)

    def forward(self, x: Tensor) -> Tensor:
        y = self.layer_normalization(x)  # [N, 197, 768]
        y = F.gelu(self.dense(y))  # [N, 197, 3072]
        y = self.dense_1(y)  # [N, 197, 768]
        return x + y  # [N, 197, 768]


class Encoder(nn.Module):
    """One iteration of the loop `encoder`."""

    def __init__(self) -> None:
        super().__init__()
        self.self_attention = SelfAttention()
        self.mlp = Mlp()

    def forward(self, x: Tensor) -> Tensor:
        x = self.self_attention(x)  # [N, 197, 768]
        return self.mlp(x)  # [N, 197, 768]


class Vit(nn.Module):
    """From `image` float32[N, 3, 224, 224] to `logits` float32[N, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 768, 16, stride=16)
        self.class_token = ClassToken(768)
        self.position_embedding = PositionEmbedding(197, 768)
        self.encoder = nn.Sequential(*(Encoder() for _ in range(12)))
        self.layer_normalization = nn.LayerNorm(768, eps=1e-06)
        self.logits = nn.Linear(768, 1000)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = self.patches(image)  # [N, 768, 14, 14]
        x = x.permute(0, 2, 3, 1)  # [N, 14, 14, 768]
        x = x.reshape(-1, 196, 768)  # [N, 196, 768]
        x = self.class_token(x)  # [N, 197, 768]
        x = self.position_embedding(x)  # [N, 197, 768]
        x = self.encoder(x)  # [N, 197, 768]
        x = self.layer_normalization(x)  # [N, 197, 768]
        x = x[:, 0]  # [N, 768]
        return self.logits(x)  # [N, 1000]

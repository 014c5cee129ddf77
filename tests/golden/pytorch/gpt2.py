"""GPT-2, a language model (Radford et al., 2019, "Language Models are Unsupervised
Multitask Learners"): a score for each possible next token, at every position.

Compiled by specc from the spec `gpt2`.
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


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, MultiHeadAttention):
        nn.init.normal_(module.query.weight, std=0.02)
        nn.init.zeros_(module.query.bias)
        nn.init.normal_(module.key.weight, std=0.02)
        nn.init.zeros_(module.key.bias)
        nn.init.normal_(module.value.weight, std=0.02)
        nn.init.zeros_(module.value.bias)
        nn.init.normal_(module.output.weight, std=0.02)
        nn.init.zeros_(module.output.bias)
    elif isinstance(module, PositionEmbedding):
        nn.init.normal_(module.weight, std=0.01)
    elif isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


class SelfAttention(nn.Module):
    """The block `self_attention`."""

    def __init__(self) -> None:
        super().__init__()
        self.layer_normalization = nn.LayerNorm(768)
        self.multi_head_attention = MultiHeadAttention(
            768, num_heads=12, key_dim=64, dropout=0.1
        )
        self.dropout = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.layer_normalization(x)  # [N, T, 768]
        y = self.multi_head_attention(y, is_causal=True)  # [N, T, 768]
        y = self.dropout(y)  # [N, T, 768]
        return x + y  # [N, T, 768]


class Mlp(nn.Module):
    """The block `mlp`."""

    def __init__(self) -> None:
        super().__init__()
        self.layer_normalization = nn.LayerNorm(768)
        self.dense = nn.Linear(768, 3072)
        self.gelu = nn.GELU(approximate="tanh")
        self.dense_1 = nn.Linear(3072, 768)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.layer_normalization(x)  # [N, T, 768]
        y = self.dense(y)  # [N, T, 3072]
        y = self.gelu(y)  # [N, T, 3072]
        y = self.dense_1(y)  # [N, T, 768]
        y = self.dropout(y)  # [N, T, 768]
        return x + y  # [N, T, 768]


class Decoder(nn.Module):
    """One iteration of the loop `decoder`."""

    def __init__(self) -> None:
        super().__init__()
        self.self_attention = SelfAttention()
        self.mlp = Mlp()

    def forward(self, x: Tensor) -> Tensor:
        x = self.self_attention(x)  # [N, T, 768]
        return self.mlp(x)  # [N, T, 768]


class Gpt2(nn.Module):
    """From `ids` int32[N, T] to `logits` float32[N, T, 50257]."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(50257, 768)
        self.position_embedding = PositionEmbedding(1024, 768)
        self.dropout = nn.Dropout(0.1)
        self.decoder = nn.Sequential(*(Decoder() for _ in range(12)))
        self.layer_normalization = nn.LayerNorm(768)
        self.apply(initialize)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tokens(ids)  # [N, T, 768]
        x = self.position_embedding(x)  # [N, T, 768]
        x = self.dropout(x)  # [N, T, 768]
        x = self.decoder(x)  # [N, T, 768]
        x = self.layer_normalization(x)  # [N, T, 768]
        return F.linear(x, self.tokens.weight)  # [N, T, 50257]

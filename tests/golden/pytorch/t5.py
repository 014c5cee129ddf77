"""T5, an encoder–decoder from text to text (Raffel et al., 2019, "Exploring the Limits
of Transfer Learning with a Unified Text-to-Text Transformer"), version 1.0.

Compiled by specc from the spec `t5`.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


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


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, RelativePositionBias):
        nn.init.normal_(module.weight, std=0.02)
    elif isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, std=1.0)
    elif isinstance(module, nn.Linear):
        variance_scaling_(module.weight, 1.0, "fan_in", "untruncated_normal")
    elif isinstance(module, (SelfAttention, SelfAttention2, CrossAttention)):
        variance_scaling_(
            module.query.dense.weight, 0.015625, "fan_in", "untruncated_normal"
        )


class SplitHeads(nn.Module):
    """The block `split_heads`."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(512, 512, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.dense(x)  # [N, T, 512]
        x = x.reshape(x.shape[0], -1, 8, 64)  # [N, T, 8, 64]
        return x.permute(0, 2, 1, 3)  # [N, 8, T, 64]


class JoinHeads(nn.Module):
    """The block `join_heads`."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = nn.Linear(512, 512, bias=False)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        x = x.permute(0, 2, 1, 3)  # [N, T, 8, 64]
        x = x.reshape(x.shape[0], -1, 512)  # [N, T, 512]
        x = self.dense(x)  # [N, T, 512]
        return self.dropout(x)  # [N, T, 512]


class Mlp(nn.Module):
    """The block `mlp`."""

    def __init__(self) -> None:
        super().__init__()
        self.rms_normalization = nn.RMSNorm(512, eps=1e-06)
        self.dense = nn.Linear(512, 2048, bias=False)
        self.dropout = nn.Dropout(0.1)
        self.dense_1 = nn.Linear(2048, 512, bias=False)
        self.dropout_1 = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.rms_normalization(x)  # [N, T, 512]
        y = F.relu(self.dense(y))  # [N, T, 2048]
        y = self.dropout(y)  # [N, T, 2048]
        y = self.dense_1(y)  # [N, T, 512]
        y = self.dropout_1(y)  # [N, T, 512]
        return x + y  # [N, T, 512]


class SelfAttention(nn.Module):
    """The block `self_attention`."""

    def __init__(self) -> None:
        super().__init__()
        self.normalized = nn.RMSNorm(512, eps=1e-06)
        self.query = SplitHeads()
        self.key = SplitHeads()
        self.value = SplitHeads()
        self.join_heads = JoinHeads()

    def forward(self, x: Tensor, bias: Tensor, mask: Tensor) -> Tensor:
        normalized = self.normalized(x)  # [N, S, 512]
        query = self.query(normalized)  # [N, 8, S, 64]
        key = self.key(normalized)  # [N, 8, S, 64]
        y = self.value(normalized)  # [N, 8, S, 64]
        # [N, 8, S, 64]
        y = masked_attention(
            query,
            key,
            y,
            mask,
            bias=bias,
            dropout=0.1 if self.training else 0.0,
            scale=1.0,
        )
        y = self.join_heads(y)  # [N, S, 512]
        return x + y  # [N, S, 512]


class SelfAttention2(nn.Module):
    """The block `self_attention`."""

    def __init__(self) -> None:
        super().__init__()
        self.normalized = nn.RMSNorm(512, eps=1e-06)
        self.query = SplitHeads()
        self.key = SplitHeads()
        self.value = SplitHeads()
        self.join_heads = JoinHeads()

    def forward(self, x: Tensor, bias: Tensor, mask: Tensor) -> Tensor:
        normalized = self.normalized(x)  # [N, T, 512]
        query = self.query(normalized)  # [N, 8, T, 64]
        key = self.key(normalized)  # [N, 8, T, 64]
        value = self.value(normalized)  # [N, 8, T, 64]
        y = mask & nearby(query, key, is_causal=True)  # []
        # [N, 8, T, 64]
        y = masked_attention(
            query,
            key,
            value,
            y,
            bias=bias,
            dropout=0.1 if self.training else 0.0,
            scale=1.0,
        )
        y = self.join_heads(y)  # [N, T, 512]
        return x + y  # [N, T, 512]


class CrossAttention(nn.Module):
    """The block `cross_attention`."""

    def __init__(self) -> None:
        super().__init__()
        self.rms_normalization = nn.RMSNorm(512, eps=1e-06)
        self.query = SplitHeads()
        self.key = SplitHeads()
        self.value = SplitHeads()
        self.join_heads = JoinHeads()

    def forward(self, x: Tensor, encoded: Tensor, mask: Tensor) -> Tensor:
        y = self.rms_normalization(x)  # [N, T, 512]
        query = self.query(y)  # [N, 8, T, 64]
        key = self.key(encoded)  # [N, 8, S, 64]
        y = self.value(encoded)  # [N, 8, S, 64]
        # [N, 8, T, 64]
        y = masked_attention(
            query, key, y, mask, dropout=0.1 if self.training else 0.0, scale=1.0
        )
        y = self.join_heads(y)  # [N, T, 512]
        return x + y  # [N, T, 512]


class Encoder(nn.Module):
    """One iteration of the loop `encoder`."""

    def __init__(self) -> None:
        super().__init__()
        self.self_attention = SelfAttention()
        self.mlp = Mlp()

    def forward(self, x: Tensor, encoder_bias: Tensor, encoder_mask: Tensor) -> Tensor:
        x = self.self_attention(x, encoder_bias, encoder_mask)  # [N, S, 512]
        return self.mlp(x)  # [N, S, 512]


class Decoder(nn.Module):
    """One iteration of the loop `decoder`."""

    def __init__(self) -> None:
        super().__init__()
        self.self_attention = SelfAttention2()
        self.cross_attention = CrossAttention()
        self.mlp = Mlp()

    def forward(
        self,
        x: Tensor,
        decoder_bias: Tensor,
        decoder_mask: Tensor,
        encoded: Tensor,
        encoder_mask: Tensor,
    ) -> Tensor:
        x = self.self_attention(x, decoder_bias, decoder_mask)  # [N, T, 512]
        x = self.cross_attention(x, encoded, encoder_mask)  # [N, T, 512]
        return self.mlp(x)  # [N, T, 512]


class T5(nn.Module):
    """From `ids` int32[N, S], `attention_mask` int32[N, S], `decoder_ids` int32[N, T],
    `decoder_attention_mask` int32[N, T] to `logits` float32[N, T, 32128].
    """

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(32128, 512)
        self.encoder_bias = RelativePositionBias(8)
        self.dropout = nn.Dropout(0.1)
        self.encoder = nn.ModuleList([Encoder() for _ in range(6)])
        self.rms_normalization = nn.RMSNorm(512, eps=1e-06)
        self.encoded = nn.Dropout(0.1)
        self.decoder_bias = RelativePositionBias(8, bidirectional=False)
        self.dropout_1 = nn.Dropout(0.1)
        self.decoder = nn.ModuleList([Decoder() for _ in range(6)])
        self.rms_normalization_1 = nn.RMSNorm(512, eps=1e-06)
        self.dropout_2 = nn.Dropout(0.1)
        self.apply(initialize)

    def forward(
        self,
        ids: Tensor,
        attention_mask: Tensor,
        decoder_ids: Tensor,
        decoder_attention_mask: Tensor,
    ) -> Tensor:
        tokens = self.tokens(ids)  # [N, S, 512]
        encoder_bias = self.encoder_bias(tokens, tokens)  # [1, 8, S, S]
        x = attention_mask != 0  # [N, S]
        encoder_mask = x.unsqueeze(1).unsqueeze(2)  # [N, 1, 1, S]
        x = self.dropout(tokens)  # [N, S, 512]
        for layer in self.encoder:
            x = layer(x, encoder_bias, encoder_mask)  # [N, S, 512]
        x = self.rms_normalization(x)  # [N, S, 512]
        encoded = self.encoded(x)  # [N, S, 512]
        decoder_tokens = self.tokens(decoder_ids)  # [N, T, 512]
        decoder_bias = self.decoder_bias(decoder_tokens, decoder_tokens)  # [1, 8, T, T]
        x = decoder_attention_mask != 0  # [N, T]
        decoder_mask = x.unsqueeze(1).unsqueeze(2)  # [N, 1, 1, T]
        x = self.dropout_1(decoder_tokens)  # [N, T, 512]
        for layer in self.decoder:
            # [N, T, 512]
            x = layer(x, decoder_bias, decoder_mask, encoded, encoder_mask)
        x = self.rms_normalization_1(x)  # [N, T, 512]
        x = self.dropout_2(x)  # [N, T, 512]
        x = x * 0.04419417382415922  # [N, T, 512]
        return F.linear(x, self.tokens.weight)  # [N, T, 32128]

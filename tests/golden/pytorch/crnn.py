"""CRNN (Shi et al., 2015, "An End-to-End Trainable Neural Network for Image-based
Sequence Recognition and Its Application to Scene Text Recognition"): the characters in
a picture of a line of text, column by column; as its authors' code has it.

Compiled by specc from the spec `crnn`. Images are [N, C, H, W].
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def unit_forget_(bias: Tensor) -> None:
    """Ones for the forget gate of an LSTM."""
    size = len(bias) // 4
    with torch.no_grad():
        bias[size : 2 * size] = 1


def one_bias(rnn: nn.Module) -> None:
    """Keep one of the two biases that PyTorch adds up and trains; the other is zeros."""
    for name, bias in list(rnn.named_parameters()):
        if name.startswith("bias_hh"):
            delattr(rnn, name)
            rnn.register_buffer(name, torch.zeros_like(bias.data), persistent=False)


class Recurrent(nn.Module):
    """A recurrent layer of PyTorch, as Keras has them.

    Takes a sequence [N, T, C], perhaps a mask [N, T], and the states [N, H], if they
    are not zeros. Gives the outputs [N, T, H], or the last one, and the last states.
    A masked step leaves the states and the output as they were, at first zeros.
    dropout: a module for the input.
    """

    def __init__(
        self,
        *sizes: int,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        dropout: nn.Module | None = None,
        **options: object,
    ) -> None:
        super().__init__(*sizes, batch_first=True, **options)
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self.input_dropout = dropout
        if not self.bias:
            self.bias_ih_l0 = self.bias_hh_l0 = None

    def forward(
        self, x: Tensor, mask: Tensor | None = None, *states: Tensor
    ) -> Tensor | tuple[Tensor, ...]:
        if self.go_backwards:
            x, mask = x.flip(1), None if mask is None else mask.flip(1)
        if self.input_dropout is not None:
            x = self.input_dropout(x)
        y, states = self.steps(x, mask, states)
        y = y if self.return_sequences else y[:, -1]
        return (y, *states) if self.return_state else y

    def steps(
        self, x: Tensor, mask: Tensor | None, states: tuple[Tensor, ...]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The output of every step, and the last states."""
        return self.run(x, states) if mask is None else self.kept(x, mask, states)

    def run(
        self, x: Tensor, states: tuple[Tensor, ...]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """PyTorch's own `forward`, whose states have an axis of layers."""
        start = tuple(state[None] for state in states)
        start = start if len(start) > 1 else start[0] if start else None
        y, last = super().forward(x, start)
        return y, tuple(h[0] for h in (last if isinstance(last, tuple) else (last,)))

    def kept(
        self, x: Tensor, mask: Tensor, states: tuple[Tensor, ...]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The steps that the mask keeps go first; those after them are not looked at."""
        counts = mask.cumsum(dim=1)[..., None]
        order = mask.long().argsort(dim=1, descending=True, stable=True)[..., None]
        steps = x.gather(1, order.expand_as(x))
        if self.return_state:  # of which only a packed sequence has each one's last
            lengths = counts[:, -1, 0].clamp(min=1).cpu()
            steps = nn.utils.rnn.pack_padded_sequence(
                steps, lengths, batch_first=True, enforce_sorted=False
            )
        y, last = self.run(steps, states)
        if self.return_state:
            y, _ = nn.utils.rnn.pad_packed_sequence(y, True, total_length=x.shape[1])
        y = y.gather(1, (counts - 1).clamp(min=0).expand(-1, -1, y.shape[-1]))
        states = states or tuple(torch.zeros_like(state) for state in last)
        some = counts[:, -1] > 0
        last = tuple(torch.where(some, new, old) for new, old in zip(last, states))
        return torch.where(counts > 0, y, 0), last


class LSTM(Recurrent, nn.LSTM):
    """`nn.LSTM` as Keras has it, with one bias."""

    def __init__(self, *sizes: int, **options: object) -> None:
        super().__init__(*sizes, **options)
        one_bias(self)
        self._init_flat_weights()


class Bidirectional(nn.Module):
    """Two recurrent layers over a sequence, one from each end, with their outputs joined.

    merge_mode: "concat", "sum", "mul", "ave", or None for both outputs. With a mask, the
    outputs of its steps are zeros.
    """

    def __init__(
        self,
        forward_layer: nn.Module,
        backward_layer: nn.Module,
        merge_mode: str | None = "concat",
    ) -> None:
        super().__init__()
        self.forward_layer = forward_layer
        self.backward_layer = backward_layer
        self.merge_mode = merge_mode

    def forward(
        self, x: Tensor, mask: Tensor | None = None, *states: Tensor
    ) -> Tensor | tuple[Tensor, ...]:
        half = len(states) // 2
        ahead = self.forward_layer(x, mask, *states[:half])
        back = self.backward_layer(x, mask, *states[half:])
        if not self.forward_layer.return_state:
            ahead, back = (ahead,), (back,)
        a, b = ahead[0], back[0]
        if self.forward_layer.return_sequences:
            b = b.flip(1)
            if mask is not None:
                a, b = (torch.where(mask[..., None], each, 0) for each in (a, b))
        merged = self.merged(a, b)
        merged = merged if isinstance(merged, tuple) else (merged,)
        outputs = (*merged, *ahead[1:], *back[1:])
        return outputs if len(outputs) > 1 else outputs[0]

    def merged(self, a: Tensor, b: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """The two outputs, joined."""
        if self.merge_mode is None:
            return a, b
        if self.merge_mode == "concat":
            return torch.cat([a, b], dim=-1)
        if self.merge_mode == "mul":
            return a * b
        return (a + b) / 2 if self.merge_mode == "ave" else a + b


def initialize(module: nn.Module) -> None:
    """Start the weights of a layer as the spec says."""
    if isinstance(module, LSTM):
        nn.init.xavier_uniform_(module.weight_ih_l0)
        nn.init.orthogonal_(module.weight_hh_l0)
        unit_forget_(nn.init.zeros_(module.bias_ih_l0))
    elif isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class Conv(nn.Module):
    """The block `conv`."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        batch_normalization: nn.Module,
        padding: int = 0,
    ) -> None:
        super().__init__()
        self.conv2d = nn.Conv2d(in_channels, out_channels, kernel_size, padding=padding)
        self.batch_normalization = batch_normalization

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv2d(x)  # [N, out_channels, H, W]
        x = self.batch_normalization(x)  # [N, out_channels, H, W]
        return F.relu(x)  # [N, out_channels, H, W]


class NarrowPool(nn.Module):
    """The block `narrow_pool`."""

    def __init__(self) -> None:
        super().__init__()
        self.max_pooling2d = nn.MaxPool2d(2, stride=(2, 1), padding=(0, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.max_pooling2d(x)  # [N, C, H, W]


class Crnn(nn.Module):
    """From `image` float32[N, 1, 32, 4*w] to `logits` float32[N, w + 1, 37]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = Conv(1, 64, 3, batch_normalization=nn.Identity(), padding=1)
        self.max_pooling2d = nn.MaxPool2d(2)
        self.conv_1 = Conv(64, 128, 3, batch_normalization=nn.Identity(), padding=1)
        self.max_pooling2d_1 = nn.MaxPool2d(2)
        self.conv_2 = Conv(
            128, 256, 3, batch_normalization=nn.BatchNorm2d(256), padding=1
        )
        self.conv_3 = Conv(256, 256, 3, batch_normalization=nn.Identity(), padding=1)
        self.narrow_pool = NarrowPool()
        self.conv_4 = Conv(
            256, 512, 3, batch_normalization=nn.BatchNorm2d(512), padding=1
        )
        self.conv_5 = Conv(512, 512, 3, batch_normalization=nn.Identity(), padding=1)
        self.narrow_pool_1 = NarrowPool()
        self.conv_6 = Conv(512, 512, 2, batch_normalization=nn.BatchNorm2d(512))
        self.bidirectional = Bidirectional(
            LSTM(512, 256, return_sequences=True),
            LSTM(512, 256, return_sequences=True, go_backwards=True),
        )
        self.dense = nn.Linear(512, 256)
        self.bidirectional_1 = Bidirectional(
            LSTM(256, 256, return_sequences=True),
            LSTM(256, 256, return_sequences=True, go_backwards=True),
        )
        self.logits = nn.Linear(512, 37)
        self.apply(initialize)

    def forward(self, image: Tensor) -> Tensor:
        x = image * 0.0078125 + -1.0  # [N, 1, 32, 4*w]
        x = self.conv(x)  # [N, 64, 32, 4*w]
        x = self.max_pooling2d(x)  # [N, 64, 16, 2*w]
        x = self.conv_1(x)  # [N, 128, 16, 2*w]
        x = self.max_pooling2d_1(x)  # [N, 128, 8, w]
        x = self.conv_2(x)  # [N, 256, 8, w]
        x = self.conv_3(x)  # [N, 256, 8, w]
        x = self.narrow_pool(x)  # [N, 256, 4, w + 1]
        x = self.conv_4(x)  # [N, 512, 4, w + 1]
        x = self.conv_5(x)  # [N, 512, 4, w + 1]
        x = self.narrow_pool_1(x)  # [N, 512, 2, w + 2]
        x = self.conv_6(x)  # [N, 512, 1, w + 1]
        x = x.permute(0, 2, 3, 1)  # [N, 1, w + 1, 512]
        x = x.squeeze(1)  # [N, w + 1, 512]
        x = self.bidirectional(x)  # [N, w + 1, 512]
        x = self.dense(x)  # [N, w + 1, 256]
        x = self.bidirectional_1(x)  # [N, w + 1, 512]
        return self.logits(x)  # [N, w + 1, 37]

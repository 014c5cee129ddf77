"""PyTorch's recurrent layers, as Keras has them."""

from __future__ import annotations

import torch
from torch import Tensor, nn


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


class GRU(Recurrent, nn.GRU):
    """`nn.GRU` as Keras has it."""


class SimpleRNN(Recurrent, nn.RNN):
    """`nn.RNN` as Keras has it, with one bias."""

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

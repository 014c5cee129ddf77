"""Recurrent layers as Keras has them, whose source an emitted file brings along: see `helpers`."""

# Emitted source is what an ordinary PyTorch user writes; and torch is not imported, see `helpers`.
# ruff: noqa: B905, TID253
# fmt: off

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812
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


class RecurrentLoop(Recurrent):
    """A recurrent layer written out, for what PyTorch's own cannot do.

    `step` is the subclass's: from the input's part of the gates and the states to the
    new states, of which the first is the output.
    recurrent_dropout: of the states, and `dropout` of the input, alike at all steps;
    if there is any, each gate has its own. biases: those of a gate, 1 or 2.
    """

    def __init__(
        self,
        *sizes: int,
        activation: Callable[[Tensor], Tensor],
        recurrent_activation: Callable[[Tensor], Tensor] | None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        biases: int = 1,
        **options: object,
    ) -> None:
        super().__init__(*sizes, **options)
        if biases == 1:
            one_bias(self)
        self.activation = activation
        self.recurrent_activation = recurrent_activation
        self.rates = (dropout, recurrent_dropout)
        self.generator = None if seed is None else torch.Generator().manual_seed(seed)

    def steps(
        self, x: Tensor, mask: Tensor | None, states: tuple[Tensor, ...]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        y = x.new_zeros(x.shape[0], self.hidden_size)
        states = states or (y,) * (2 if isinstance(self, nn.LSTM) else 1)
        parts = self.weight_hh_l0.shape[0] // self.hidden_size if self.rates[1] else 1
        of_x = self.noise(x[:, :1], self.rates[0], parts)
        of_h = self.noise(y, self.rates[1], parts)
        gates = masked_linear(x, self.weight_ih_l0, of_x)
        gates = gates + self.bias_ih_l0 if self.bias else gates
        outputs = []
        for t, gate in enumerate(gates.unbind(1)):
            new = self.step(gate, states, of_h)
            if mask is not None:
                keep = mask[:, t, None]
                y = torch.where(keep, new[0], y)
                new = tuple(torch.where(keep, *both) for both in zip(new, states))
            states = new
            outputs.append(new[0] if mask is None else y)
        return torch.stack(outputs, dim=1), states

    def noise(self, x: Tensor, rate: float, parts: int) -> Tensor | None:
        """What to multiply `x` by, in each part."""
        if not self.training or rate == 0:
            return None
        device = "cpu" if self.generator else x.device
        drawn = torch.rand(parts, *x.shape, generator=self.generator, device=device)
        return (drawn >= rate).to(x) / (1 - rate)


def masked_linear(x: Tensor, weight: Tensor, noise: Tensor | None) -> Tensor:
    """`x @ weight.T`, where each part of the weight sees `x` times its own noise."""
    if noise is None:
        return F.linear(x, weight)
    parts = zip(noise, weight.chunk(len(noise)))
    return torch.cat([F.linear(x * each, part) for each, part in parts], dim=-1)


class LSTMLoop(RecurrentLoop, nn.LSTM):
    """An LSTM with any activations, and with dropout of its state."""

    def step(
        self, gates: Tensor, states: tuple[Tensor, ...], noise: Tensor | None
    ) -> tuple[Tensor, ...]:
        h, c = states
        gates = gates + masked_linear(h, self.weight_hh_l0, noise)
        return lstm_step(gates, c, self.activation, self.recurrent_activation)


def lstm_step(
    gates: Tensor,
    c: Tensor,
    activation: Callable[[Tensor], Tensor],
    recurrent_activation: Callable[[Tensor], Tensor],
) -> tuple[Tensor, Tensor]:
    """The new h and c of an LSTM."""
    i, f, g, o = gates.chunk(4, dim=1)
    i, f, o = recurrent_activation(i), recurrent_activation(f), recurrent_activation(o)
    c = f * c + i * activation(g)
    return o * activation(c), c


class GRULoop(RecurrentLoop, nn.GRU):
    """A GRU with any activations, and with dropout of its state.

    reset_after: whether the reset gate acts after the product, and has a bias there.
    """

    def __init__(
        self, *sizes: int, reset_after: bool = True, **options: object
    ) -> None:
        super().__init__(*sizes, biases=1 + reset_after, **options)
        self.reset_after = reset_after

    def step(
        self, gates: Tensor, states: tuple[Tensor, ...], noise: Tensor | None
    ) -> tuple[Tensor, ...]:
        (h,) = states
        weight, bias = self.weight_hh_l0, self.bias_hh_l0
        activations = self.activation, self.recurrent_activation
        if self.reset_after:
            state = masked_linear(h, weight, noise)
            state = state if bias is None else state + bias
            return (gru_step(gates, state, h, *activations),)
        return (early_reset_step(gates, h, weight, noise, *activations),)


def gru_step(
    gates: Tensor,
    state: Tensor,
    h: Tensor,
    activation: Callable[[Tensor], Tensor],
    recurrent_activation: Callable[[Tensor], Tensor],
) -> Tensor:
    """The new state of a GRU, of the parts of its gates from the input and the state."""
    (x_r, x_z, x_n), (h_r, h_z, h_n) = gates.chunk(3, dim=-1), state.chunk(3, dim=-1)
    r, z = recurrent_activation(x_r + h_r), recurrent_activation(x_z + h_z)
    return z * h + (1 - z) * activation(x_n + r * h_n)


def early_reset_step(
    gates: Tensor,
    h: Tensor,
    weight: Tensor,
    noise: Tensor | None,
    activation: Callable[[Tensor], Tensor],
    recurrent_activation: Callable[[Tensor], Tensor],
) -> Tensor:
    """The new state of a GRU that resets its state before the product."""
    size = h.shape[-1]
    first, last = (None, None) if noise is None else (noise[:2], noise[2:])
    x_gates, x_n = gates[:, : 2 * size], gates[:, 2 * size :]
    both = recurrent_activation(x_gates + masked_linear(h, weight[: 2 * size], first))
    r, z = both.chunk(2, dim=-1)
    n = activation(x_n + masked_linear(r * h, weight[2 * size :], last))
    return z * h + (1 - z) * n


class SimpleRNNLoop(RecurrentLoop, nn.RNN):
    """A simple recurrent layer with any activation, and with dropout of its state."""

    def step(
        self, gates: Tensor, states: tuple[Tensor, ...], noise: Tensor | None
    ) -> tuple[Tensor, ...]:
        (h,) = states
        return (self.activation(gates + masked_linear(h, self.weight_hh_l0, noise)),)


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


class LSTMCell(nn.LSTMCell):
    """`nn.LSTMCell` with one bias, as in Keras; gives the output, h and c."""

    def __init__(self, *sizes: int, **options: object) -> None:
        super().__init__(*sizes, **options)
        one_bias(self)

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, ...]:
        h, c = super().forward(x, (h, c))
        return h, h, c


class ActivatedLSTMCell(nn.LSTMCell):
    """An LSTM cell with any activations."""

    def __init__(
        self,
        *sizes: int,
        activation: Callable[[Tensor], Tensor],
        recurrent_activation: Callable[[Tensor], Tensor],
        **options: object,
    ) -> None:
        super().__init__(*sizes, **options)
        one_bias(self)
        self.activation = activation
        self.recurrent_activation = recurrent_activation

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, ...]:
        gates = F.linear(x, self.weight_ih, self.bias_ih) + F.linear(h, self.weight_hh)
        h, c = lstm_step(gates, c, self.activation, self.recurrent_activation)
        return h, h, c


class GRUCell(nn.GRUCell):
    """`nn.GRUCell`; gives the output and h."""

    def forward(self, x: Tensor, h: Tensor) -> tuple[Tensor, ...]:
        h = super().forward(x, h)
        return h, h


class ActivatedGRUCell(nn.GRUCell):
    """A GRU cell with any activations; `reset_after`: see `GRULoop`."""

    def __init__(
        self,
        *sizes: int,
        activation: Callable[[Tensor], Tensor],
        recurrent_activation: Callable[[Tensor], Tensor],
        reset_after: bool = True,
        **options: object,
    ) -> None:
        super().__init__(*sizes, **options)
        self.activations = activation, recurrent_activation
        self.reset_after = reset_after
        if not reset_after:
            one_bias(self)

    def forward(self, x: Tensor, h: Tensor) -> tuple[Tensor, ...]:
        gates = F.linear(x, self.weight_ih, self.bias_ih)
        if self.reset_after:
            state = F.linear(h, self.weight_hh, self.bias_hh)
            h = gru_step(gates, state, h, *self.activations)
        else:
            h = early_reset_step(gates, h, self.weight_hh, None, *self.activations)
        return h, h


class SimpleRNNCell(nn.RNNCell):
    """`nn.RNNCell` with one bias and any activation; gives the output and h."""

    def __init__(
        self, *sizes: int, activation: Callable[[Tensor], Tensor], **options: object
    ) -> None:
        super().__init__(*sizes, **options)
        self.activation = activation
        one_bias(self)

    def forward(self, x: Tensor, h: Tensor) -> tuple[Tensor, ...]:
        gates = F.linear(x, self.weight_ih, self.bias_ih) + F.linear(h, self.weight_hh)
        h = self.activation(gates)
        return h, h


class ConvLSTM(nn.Module):
    """An LSTM in which products are convolutions (Shi et al., 2015).

    Takes a sequence [N, C, T, …], perhaps a mask [N, T], and the states, if they are not
    zeros. Gives the outputs [N, F, T, …], or the last one, and the last states.
    pads: of the input, as `F.pad` takes them. Dropouts are alike at all steps.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        pads: tuple[int, ...] = (),
        dilation: int | tuple[int, ...] = 1,
        bias: bool = True,
        activation: Callable[[Tensor], Tensor] = torch.tanh,
        recurrent_activation: Callable[[Tensor], Tensor] = torch.sigmoid,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
    ) -> None:
        super().__init__()
        rows = 4 * out_channels
        self.weight_ih = nn.Parameter(torch.empty(rows, in_channels, *kernel_size))
        self.weight_hh = nn.Parameter(torch.empty(rows, out_channels, *kernel_size))
        self.bias_ih = nn.Parameter(torch.empty(rows)) if bias else None
        self.conv = (F.conv1d, F.conv2d, F.conv3d)[len(kernel_size) - 1]
        self.stride, self.pads, self.dilation = stride, pads, dilation
        sizes = reversed(kernel_size)
        self.state_pads = [
            pad for size in sizes for pad in ((size - 1) // 2, size // 2)
        ]
        self.activations = activation, recurrent_activation
        self.rates = (dropout, recurrent_dropout)
        self.generator = None if seed is None else torch.Generator().manual_seed(seed)
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards

    def forward(
        self, x: Tensor, mask: Tensor | None = None, *states: Tensor
    ) -> Tensor | tuple[Tensor, ...]:
        if self.go_backwards:
            x, mask = x.flip(2), None if mask is None else mask.flip(1)
        noise = self.noise(x[:, :, 0], self.rates[0])
        gates = [self.from_input(frame, noise) for frame in x.unbind(2)]
        y = torch.zeros_like(gates[0].chunk(4, dim=1)[0])
        states = states or (y, y)
        noise = self.noise(y, self.rates[1])
        outputs = []
        for t, gate in enumerate(gates):
            gate = gate + self.from_state(states[0], noise)
            new = lstm_step(gate, states[1], *self.activations)
            if mask is not None:
                keep = mask[:, t].reshape(-1, *[1] * (y.ndim - 1))
                y = torch.where(keep, new[0], y)
                new = tuple(torch.where(keep, *both) for both in zip(new, states))
            states = new
            outputs.append(new[0] if mask is None else y)
        y = torch.stack(outputs, dim=2) if self.return_sequences else outputs[-1]
        return (y, *states) if self.return_state else y

    def from_input(self, x: Tensor, noise: Tensor | None) -> Tensor:
        """The part of the gates that a step of the input has."""
        window = {"stride": self.stride, "dilation": self.dilation}
        if noise is None:
            return self.conv(
                F.pad(x, self.pads), self.weight_ih, self.bias_ih, **window
            )
        parts = zip(noise, self.weight_ih.chunk(4))
        gates = [
            self.conv(F.pad(x * n, self.pads), part, **window) for n, part in parts
        ]
        bias = (
            0 if self.bias_ih is None else self.bias_ih.reshape(-1, *[1] * (x.ndim - 2))
        )
        return torch.cat(gates, dim=1) + bias

    def from_state(self, h: Tensor, noise: Tensor | None) -> Tensor:
        """The part of the gates that the state has."""
        if noise is None:
            return self.conv(F.pad(h, self.state_pads), self.weight_hh)
        parts = zip(noise, self.weight_hh.chunk(4))
        gates = [self.conv(F.pad(h * n, self.state_pads), part) for n, part in parts]
        return torch.cat(gates, dim=1)

    def noise(self, x: Tensor, rate: float) -> Tensor | None:
        """What to multiply `x` by, for each gate."""
        if not self.training or rate == 0:
            return None
        device = "cpu" if self.generator else x.device
        drawn = torch.rand(4, *x.shape, generator=self.generator, device=device)
        return (drawn >= rate).to(x) / (1 - rate)

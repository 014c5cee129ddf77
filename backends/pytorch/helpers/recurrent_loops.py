"""Recurrent layers step by step, where PyTorch's own lack something."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .recurrent import Recurrent, one_bias


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

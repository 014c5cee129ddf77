"""One step of a recurrent layer."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

from .recurrent import one_bias
from .recurrent_loops import early_reset_step, gru_step, lstm_step


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

"""LSTMs whose products are convolutions."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .recurrent_loops import lstm_step


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

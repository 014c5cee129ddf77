"""What rounding does to a network: PyTorch, with the last places of what each operator gives moved.

Two libraries' functions differ by a unit in the last place. What a network makes of that is seen
where every result moves by as much, at random (Parker, 1997, "Monte Carlo Arithmetic").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

Arrays = Mapping[str, NDArray[Any]]

SEEDS = range(5)

CHOOSING = {"amax", "amin", "max", "min", "maximum", "minimum", "sort", "topk"}
"""Operators that give one of their numbers, and find it again by its value in the pass backward."""


def rounding_of(run: Callable[[], Arrays]) -> dict[str, float]:
    """How far rounding moves each of the arrays that `run` makes with PyTorch."""
    still = run()
    furthest = dict.fromkeys(still, 0.0)
    for seed in SEEDS:
        with Rounding(seed):
            moved = run()
        for name, array in still.items():
            apart = np.abs(moved[name].astype(np.float64) - array).max(initial=0.0)
            assert np.isfinite(apart), f"{name} breaks by rounding alone"
            furthest[name] = max(furthest[name], float(apart))
    return furthest


class Rounding(TorchDispatchMode):
    """Moves each number that an operator makes by up to a unit in its last place, at random.

    So it does in the pass backward, and with an input that is a clone. What an operator only looks
    at or writes into stays as it is.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.generator = torch.Generator().manual_seed(seed)

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        chosen = func.overloadpacket.__name__ in CHOOSING
        if chosen or any(each.alias_info is not None for each in func._schema.returns):
            return made
        return tree_map_only(Tensor, self._moved, made)

    def _moved(self, x: Tensor) -> Tensor:
        if not x.is_floating_point():
            return x
        units = 2 * torch.rand(x.shape, generator=self.generator) - 1
        return x * (1 + units.to(x.dtype) * torch.finfo(x.dtype).eps)

"""All that a step depends on beside the weights, as arrays by name, and back.

What differs from process to process (random generators, sums of metrics) has the processes as its
first axis.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from specc.backend import Array, Arrays


def arrays_of(tensors: Mapping[str, Tensor]) -> dict[str, Array]:
    """The tensors as arrays of their own, put together from all processes where they are spread."""
    return {name: np.array(whole(each).detach().cpu(), order="C") for name, each in tensors.items()}


@torch.no_grad()
def fill(target: Tensor, array: Array) -> Tensor:
    """`target` with the elements of `array`, in the layout and place it has."""
    from torch.distributed.tensor import DTensor, distribute_tensor

    value = torch.from_numpy(array)
    if isinstance(target, DTensor):
        mesh, placements = target.device_mesh, target.placements
        return target.copy_(distribute_tensor(value.to(target.device), mesh, placements))
    return target.copy_(value)


def below(arrays: Arrays, prefix: str) -> dict[str, Array]:
    """Those whose name begins with `prefix`, by the rest of it."""
    return {
        name.removeprefix(prefix): each for name, each in arrays.items() if name.startswith(prefix)
    }


def named(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same with `prefix` before each name."""
    return {prefix + name: each for name, each in tensors.items()}


def whole(tensor: Tensor) -> Tensor:
    """The tensor with all its parts, where it is spread over the processes."""
    return tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor  # type: ignore[operator]


# --- the optimizer ------------------------------------------------------------------------------


def optimizer_state(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """What the optimizer remembers, by the weight's key and the name it has there."""
    (group,) = optimizer.param_groups
    return {
        f"{key}/{slot}": value
        for key, weight in zip(group["param_names"], group["params"], strict=True)
        for slot, value in optimizer.state.get(weight, {}).items()
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, arrays: Arrays) -> None:
    """Let the optimizer remember what `optimizer_state` gave, and nothing else."""
    (group,) = optimizer.param_groups
    optimizer.state.clear()
    for key, weight in zip(group["param_names"], group["params"], strict=True):
        found = below(arrays, f"{key}/")
        if found:
            optimizer.state[weight] = {
                slot: _slot(weight, array, group) for slot, array in found.items()
            }


def _slot(weight: Tensor, array: Array, group: Mapping[str, Any]) -> Tensor:
    if array.shape == weight.shape and array.ndim:
        return fill(torch.empty_like(weight, requires_grad=False), array)
    counts = array.ndim == 0 and not group.get("fused")  # torch.optim counts steps on the CPU
    return torch.from_numpy(array.copy()).to("cpu" if counts else weight.device)


# --- random generators --------------------------------------------------------------------------


def random_state(network: nn.Module, device: torch.device) -> dict[str, Tensor]:
    """The generators that training draws from: PyTorch's own and those of layers with a seed."""
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    layers = {f"layers/{name}": each.get_state() for name, each in _generators(network)}
    return state | layers


def restore_random(network: nn.Module, device: torch.device, state: Mapping[str, Tensor]) -> None:
    """Put the generators where `random_state` found them."""
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
    for name, generator in _generators(network):
        generator.set_state(state[f"layers/{name}"])


def _generators(network: nn.Module) -> Iterator[tuple[str, torch.Generator]]:
    for name, module in network.named_modules():
        generator = getattr(module, "generator", None)
        if isinstance(generator, torch.Generator):
            yield name, generator

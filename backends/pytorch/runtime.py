"""Running the emitted source: native models, weights in and out, arrays through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from specc.emit.module import execute
from specc.passes.layout import IoLayout, boundary_orders, permutation

from .source import network_class, source

if TYPE_CHECKING:
    from torch import Tensor, nn

    from specc.backend import Array, Arrays, Runner
    from specc.ir import Graph, Value


def model(graph: Graph, weights: Arrays, io_layout: IoLayout | None = None) -> nn.Module:
    """The network as a plain module holding `weights`, in training mode as PyTorch makes them."""
    namespace = execute(source(graph, io_layout), graph.name)
    network = getattr(namespace, network_class(graph))()
    network.load_state_dict({key: tensor_of(array) for key, array in weights.items()})
    return network


def tensor_of(array: Array) -> Tensor:
    """The array as a tensor, copied only where it is read-only or not in one piece."""
    import numpy as np
    import torch

    return torch.from_numpy(np.require(array, requirements=["C", "W"]))


def weights_of(graph: Graph, network: nn.Module) -> dict[str, Array]:
    """The weights of a module by canonical name, as arrays; those that it has."""
    state = network.state_dict()
    return {key: _array(state[key].detach().cpu()) for key in graph.weights if key in state}


def runner(graph: Graph, weights: Arrays) -> Runner:
    """The outputs at inference; channels last in and out."""
    return _runner(graph, model(graph, weights, "channels_first").eval())


def settled(graph: Graph, weights: Arrays, inputs: Arrays) -> Arrays:
    """See `specc.backend.SettlingBackend`."""
    from torch.nn.modules.batchnorm import _BatchNorm

    network = model(graph, weights, "channels_first").eval()
    for module in network.modules():
        if isinstance(module, _BatchNorm):
            module.register_forward_pre_hook(_settle)
    _runner(graph, network)(inputs)
    return {**weights, **weights_of(graph, network)}


def _settle(module: Any, inputs: tuple[Tensor, ...]) -> None:
    """Have a batch normalization divide by the deviation of what comes, where that is above 1."""
    variances = inputs[0].movedim(1, -1).flatten(0, -2).var(0, correction=0)
    module.running_var.mul_(variances.clamp(min=1))


def _runner(graph: Graph, network: nn.Module) -> Runner:
    import torch

    axes = boundary_axes(graph)

    def run(inputs: Arrays) -> dict[str, Array]:
        with torch.inference_mode():
            tensors = [
                torch.from_numpy(inputs[name].transpose(axes[value]).copy()).to(
                    getattr(torch, value.type.dtype)
                )
                for name, value in graph.inputs.items()
            ]
            results: Any = network(*tensors)
        made = (results,) if len(graph.outputs) == 1 else results
        return {
            name: _array(result).transpose(inverse(axes[value]))
            for (name, value), result in zip(graph.outputs.items(), made, strict=True)
        }

    return run


def _array(tensor: Any) -> Array:
    """What a tensor holds; numbers of bfloat16 in float32."""
    import torch

    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


def boundary_axes(graph: Graph) -> dict[Value, tuple[int, ...]]:
    """The axes of inputs and outputs as the spec has them, in the order the module has them."""
    orders = boundary_orders(graph, "channels_first")
    return {value: permutation(None, order, value.type.rank) for value, order in orders.items()}


def inverse(order: tuple[int, ...]) -> tuple[int, ...]:
    """The order that undoes `order`."""
    return tuple(order.index(axis) for axis in range(len(order)))

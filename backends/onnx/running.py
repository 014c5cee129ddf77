"""A model of a graph in onnxruntime, fed and read in the layout of the spec."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from specc.ir import Graph
from specc.passes.layout import IoLayout, Order, boundary_orders, permutation

if TYPE_CHECKING:
    from specc.backend import Array, Arrays, Runner


def feed(graph: Graph, io_layout: IoLayout, inputs: Arrays) -> dict[str, Array]:
    """Channels-last inputs as a model of `graph` takes them."""
    orders = boundary_orders(graph, io_layout)
    return {
        name: _reordered(inputs[name], None, orders[value]) for name, value in graph.inputs.items()
    }


def session_runner(model: bytes | Path, graph: Graph, io_layout: IoLayout) -> Runner:
    """The outputs of a model of `graph` by name, channels last, on the CPU.

    model: what is in its file, or the path, which need not last.
    """
    from onnxruntime import InferenceSession

    session = InferenceSession(model, providers=["CPUExecutionProvider"])
    orders = boundary_orders(graph, io_layout)

    def run(inputs: Arrays) -> dict[str, Array]:
        results = session.run(None, feed(graph, io_layout, inputs))
        return {
            name: _reordered(result, orders[value], None)
            for (name, value), result in zip(graph.outputs.items(), results, strict=True)
        }

    return run


def _reordered(array: NDArray[Any], source: Order, target: Order) -> NDArray[Any]:
    """The array in another memory order, contiguous."""
    return np.asarray(array.transpose(permutation(source, target, array.ndim)), order="C")

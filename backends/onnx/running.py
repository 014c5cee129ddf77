"""A model of a graph in onnxruntime, fed and read in the layout of the spec."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from specc.diagnostics import SpecError
from specc.ir import Graph
from specc.passes.layout import IoLayout, Order, boundary_orders, permutation

from .bfloat16 import in_float32, widened_arrays
from .graph import numpy_dtype, require_fit

if TYPE_CHECKING:
    from specc.backend import Array, Arrays, Runner


def feed(graph: Graph, io_layout: IoLayout, inputs: Arrays) -> dict[str, Array]:
    """Channels-last inputs as a model of `graph` takes them."""
    orders = boundary_orders(graph, io_layout)
    return {
        name: _reordered(inputs[name], None, orders[value]).astype(numpy_dtype(value.type.dtype))
        for name, value in graph.inputs.items()
    }


def session_runner(model: bytes | Path, graph: Graph, io_layout: IoLayout) -> Runner:
    """The outputs of a model of `graph` by name, channels last, on the CPU.

    Raises `SpecError`: `unsuitable-model` where onnxruntime has no kernel for an op in some type,
    and `artifact-too-large` for what is beyond 2 GiB in the types for which it has.
    model: what is in its file, or the path, which need not last. See `bfloat16` for one in that.
    """
    from onnxruntime import InferenceSession
    from onnxruntime.capi.onnxruntime_pybind11_state import NotImplemented as NoKernel

    low = "bfloat16" in graph.dtypes
    if low:
        require_fit(4 * graph.parameters, "the weights in float32, which onnxruntime's CPU needs,")
    runnable = in_float32(model) if low else model
    try:
        session = InferenceSession(runnable, providers=["CPUExecutionProvider"])
    except NoKernel as error:
        message = f"onnxruntime's CPU cannot run `{graph.name}`: {first_line(error)}"
        help = "`specc verify --backends pytorch,keras` leaves it out"
        raise SpecError.of("unsuitable-model", message, help=help) from None
    orders = boundary_orders(graph, io_layout)

    def run(inputs: Arrays) -> dict[str, Array]:
        results = session.run(None, widened_arrays(feed(graph, io_layout, inputs)))
        return {
            name: _reordered(result, orders[value], None)
            for (name, value), result in zip(graph.outputs.items(), results, strict=True)
        }

    return run


def first_line(error: Exception) -> str:
    """What an error says, without what onnxruntime puts before it."""
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", str(error).strip())
    return text.partition("\n")[0] or type(error).__name__


def _reordered(array: NDArray[Any], source: Order, target: Order) -> NDArray[Any]:
    """The array in another memory order, contiguous."""
    return np.asarray(array.transpose(permutation(source, target, array.ndim)), order="C")

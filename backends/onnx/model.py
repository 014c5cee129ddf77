"""From a graph of the compiler to an ONNX file: lowered op by op, then named and written.

The same graph and weights give the same bytes. Nodes are named by the dotted paths, initializers by
the canonical keys of the weights; every edge has a type, in which an unknown dim is a `dim_param`.
The types are the compiler's: no shape inference runs, and no checker.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.metadata import version
from itertools import chain
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray
from onnx import (
    FunctionProto,
    GraphProto,
    ModelProto,
    NodeProto,
    OperatorSetIdProto,
    SparseTensorProto,
    StringStringEntryProto,
    TensorProto,
    ValueInfoProto,
)
from onnx.helper import make_node, make_operatorsetid, make_tensor_value_info
from onnx.numpy_helper import from_array

from specc.dims import known
from specc.emit.naming import relative
from specc.exporting import OPSET, OPSETS, FileOptions
from specc.ir import Graph, Value
from specc.passes.layout import IoLayout, lay_out

from .functions import group
from .graph import LOWERINGS, Builder, numpy_dtype, onnx_dtype, unique_name
from .ops import Body, Function, Op, OpGraph, Tensor, left_out
from .opsets import IR_VERSIONS, convert, known_opset, oldest_opset
from .precision import known_precision, lower_precision
from .rewriting import rewritten
from .wire import ModelFile, Stored

TYPED_FUNCTIONS = 21
"""The opset from whose version of the format on functions have `value_info`."""


def model_file(
    graph: Graph,
    weights: Mapping[str, NDArray[Any]] | None,
    io_layout: IoLayout | None,
    *,
    least_opset: int = OPSETS[0],
    **options: Unpack[FileOptions],
) -> ModelFile:
    """The ONNX file of a graph. Raises `SpecError`: see `OnnxBackend.compile`.

    weights: by canonical key. If None, each is a `Constant` node with a sparse value that has no
        entries: zeros of the right shape in a few bytes, which viewers and checkers take.
    io_layout: how images lie at the boundary; channels first if None. It stands in the metadata,
        so that `specc predict` need not guess it.
    least_opset: none older is chosen.
    """
    layout: IoLayout = io_layout or "channels_first"
    asked = known_opset(options.get("opset"))
    precision = known_precision(options.get("precision", "float32"))
    ops = rewritten(lower(lay_out(graph, layout)), with_weights=weights is not None)
    opset = asked or oldest_opset(ops, least_opset)
    convert(ops, opset)
    if precision != "float32":
        # Decided in an opset that takes the type nearly everywhere, then written in the oldest
        # that takes it wherever it is.
        lower_precision(graph, ops, precision, asked or max(opset, OPSET))
        opset = asked or oldest_opset(ops, least_opset)
    if options.get("functions"):
        group(graph, ops)
    if ops.functions:
        opset = asked or max(opset, TYPED_FUNCTIONS)
    domains = dict.fromkeys(function.domain for function in ops.functions)
    imports = [make_operatorsetid("", opset), *(make_operatorsetid(each, 1) for each in domains)]
    writer = _Writer(ops, name_tensors(graph, ops))
    model = ModelProto(
        ir_version=IR_VERSIONS[opset],
        producer_name="specc",
        producer_version=_version(),
        doc_string=graph.description,
        opset_import=imports,
        functions=[
            replace(writer, names=each.names, path=each.path).function(each, imports, opset)
            for each in ops.functions
        ],
        metadata_props=[
            StringStringEntryProto(key=key, value=value)
            for key, value in {"io_layout": layout, **options.get("metadata", {})}.items()
        ],
    )
    structure = writer.graph(graph.name, without_weights=weights is None)
    return ModelFile(model, structure, tuple(writer.stored(weights)))


@cache
def _version() -> str:
    """Of specc; to look it up takes as long as half of a small export."""
    return version("specc")


def lower(graph: Graph) -> OpGraph:
    """A graph that is laid out, as ops. Raises `SpecError` for a layer without a lowering."""
    tensors = {value: Tensor(value.physical) for value in graph.inputs.values()}
    ops = OpGraph(tuple(tensors.values()))
    for node in graph.nodes:
        given = [tensors[value] for value in node.inputs]
        result = LOWERINGS.find(node)(Builder(node, ops), *given)
        results = result if isinstance(result, tuple) else (result,)
        for value, tensor in zip(node.outputs, results, strict=True):
            tensors[value] = tensor
            if tensor not in given:
                ops.names[tensor] = value.name
    ops.outputs = tuple(_outputs(graph, ops, tensors))
    return ops


def _outputs(graph: Graph, ops: OpGraph, tensors: Mapping[Value, Tensor]) -> Iterable[Tensor]:
    """A tensor of its own for each output: an input, or what is an output already, is copied."""
    taken = set(ops.inputs)
    for name, value in graph.outputs.items():
        tensor = tensors[value]
        if tensor in taken:
            tensor = Tensor(tensor.type)
            ops.ops.append(Op("Identity", f"{name}.identity", (tensors[value],), (tensor,), {}))
        taken.add(tensor)
        yield tensor


def name_tensors(graph: Graph, ops: OpGraph) -> dict[Tensor, str]:
    """A name for each tensor that is left; those that users know come first.

    Those are inputs, outputs and weights; what a file holds in place of a weight has its key.
    """
    made, read = chain.from_iterable(op.makes for op in ops.ops), {*ops.reads}
    left = {*ops.inputs, *read, *made} - left_out(ops.ops, read)
    wishes = [
        *zip(ops.inputs, graph.inputs, strict=True),
        *zip(ops.outputs, graph.outputs, strict=True),
        *((tensor, key) for key, tensor in ops.weights.items()),
        *((tensor, key) for key, tensor in ops.shared.items()),
        *ops.names.items(),
    ]
    names: dict[Tensor, str] = {}
    taken: set[str] = set()
    for tensor, wish in wishes:
        if tensor in left and tensor not in names:
            names[tensor] = unique_name(wish, taken)
    return names


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes protocol buffers for tensors that have a name; an output without one is left out.

    path: that the names of the nodes do without.
    """

    ops: OpGraph
    names: Mapping[Tensor, str]
    path: str = ""

    def graph(self, name: str, *, without_weights: bool) -> GraphProto:
        """All of the graph but its initializers; weights that are not given are constants."""
        ops, boundary = self.ops, {*self.ops.inputs, *self.ops.outputs}
        zeros = [tensor for tensor in self._held() if tensor not in ops.constants]
        zeros = zeros if without_weights else []
        made = [tensor for op in ops.ops for tensor in op.outputs if tensor in self.names]
        return GraphProto(
            name=name,
            input=map(self._info, ops.inputs),
            output=map(self._info, ops.outputs),
            value_info=[self._info(tensor) for tensor in zeros + made if tensor not in boundary],
            node=[*map(self._zeros, zeros), *map(self._node, ops.ops)],
        )

    def stored(self, weights: Mapping[str, NDArray[Any]] | None) -> Iterator[Stored]:
        """The tensors that the file holds: constants, and what is made of weights, if there are."""
        keys = {tensor: key for key, tensor in self.ops.weights.items()}

        def value(tensor: Tensor) -> NDArray[Any]:
            if tensor in self.ops.constants:
                return self.ops.constants[tensor]
            if tensor in keys:
                return np.asarray((weights or {})[keys[tensor]], np.float32)
            derived = self.ops.derived[tensor]
            return derived.make(*map(shaped, derived.sources))

        def shaped(tensor: Tensor) -> NDArray[Any]:
            return value(tensor).reshape([known(size) for size in tensor.type.shape])

        for tensor in self._held():
            if weights is not None or tensor in self.ops.constants:
                dtype = tensor.type.dtype
                shape = tuple(map(known, tensor.type.shape))
                itemsize = numpy_dtype(dtype).itemsize
                make = partial(value, tensor)
                yield Stored(self.names[tensor], onnx_dtype(dtype), itemsize, shape, make)

    def _held(self) -> Iterator[Tensor]:
        """Each stored tensor that something reads, once."""
        stored = self.ops.stored
        return iter(dict.fromkeys(tensor for tensor in self.ops.reads if tensor in stored))

    def function(
        self, function: Function, imports: Sequence[OperatorSetIdProto], opset: int
    ) -> FunctionProto:
        """A function; its tensors have types from the version of the format that knows them."""
        typed = function.typed if opset >= TYPED_FUNCTIONS else ()
        return FunctionProto(
            domain=function.domain,
            name=function.name,
            input=[self.names[tensor] for tensor in function.inputs],
            output=[self.names[tensor] for tensor in function.outputs],
            node=[*map(self._constant, function.constants), *map(self._node, function.ops)],
            value_info=map(self._info, typed),
            opset_import=imports,
        )

    def _constant(self, tensor: Tensor) -> NodeProto:
        name, array = self.names[tensor], self.ops.constants[tensor]
        return make_node("Constant", [], [name], name, value=from_array(array, name))

    def _info(self, tensor: Tensor) -> ValueInfoProto:
        shape = [dim if isinstance(dim, int) else str(dim) for dim in tensor.type.shape]
        return make_tensor_value_info(self.names[tensor], onnx_dtype(tensor.type.dtype), shape)

    def _node(self, op: Op) -> NodeProto:
        inputs = ["" if tensor is None else self.names[tensor] for tensor in op.inputs]
        outputs = [self.names.get(tensor, "") for tensor in op.outputs]
        while not outputs[-1]:  # only one before others has to be told as left out
            outputs.pop()
        attributes: dict[str, Any] = {
            name: self._body(value, f"{op.name}.{name}") if isinstance(value, Body) else value
            for name, value in op.attributes.items()
        }
        name, domain = relative(op.name, self.path), op.domain or None
        return make_node(op.kind, inputs, outputs, name, domain=domain, **attributes)

    def _body(self, body: Body, name: str) -> GraphProto:
        made = [tensor for op in body.ops for tensor in op.outputs if tensor in self.names]
        return GraphProto(
            name=name,
            input=map(self._info, body.inputs),
            output=map(self._info, body.outputs),
            value_info=[self._info(tensor) for tensor in made if tensor not in body.outputs],
            node=map(self._node, body.ops),
        )

    def _zeros(self, tensor: Tensor) -> NodeProto:
        """A constant of zeros: a sparse tensor without entries, or one number."""
        name, dtype = self.names[tensor], onnx_dtype(tensor.type.dtype)
        if tensor.type.rank == 0:
            return make_node("Constant", [], [name], name, value_float=0.0)
        zeros = SparseTensorProto(
            values=TensorProto(name=name, data_type=dtype, dims=[0]),
            indices=TensorProto(data_type=TensorProto.INT64, dims=[0]),
            dims=[known(dim) for dim in tensor.type.shape],
        )
        return make_node("Constant", [], [name], name, sparse_value=zeros)

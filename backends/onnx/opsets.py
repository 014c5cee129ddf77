"""The ops as an opset has them: lowerings write those of opset 22, others may have them otherwise.

What an older opset lacks is written with the ops that it has, or refused. Each op is held against
ONNX's own declaration of it, so no file asks for what its opset does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import pi, sqrt

import numpy as np
from onnx import defs

from specc.diagnostics import SpecError
from specc.exporting import OPSET, OPSETS
from specc.tensor import DType

from .graph import ONNX_DTYPES, numpy_dtype, unique_name
from .ops import Op, OpGraph, Tensor, nested

IR_VERSIONS = dict(zip(OPSETS, (8, 8, 9, 9, 10, 10, 11, 12, 13, 13), strict=True))
"""By opset, that of the ONNX release which brought it."""


def known_opset(opset: int | None) -> int:
    """The opset to write. Raises `SpecError` (`unknown-opset`) if there is none such."""
    if opset is None:
        return OPSET
    if opset in OPSETS:
        return opset
    raise SpecError.of(
        "unknown-opset",
        f"expected an opset from {OPSETS[0]} to {OPSETS[-1]}, received {opset!r}",
        help=f"leave it out for {OPSET}; onnxruntime runs none newer than {OPSETS[-1]}",
    )


def convert(graph: OpGraph, opset: int) -> None:
    """Write the ops of `graph` as `opset` has them.

    Raises `SpecError`: `unsupported-layer` for an op that it cannot express.
    """
    names = {op.name for op in nested(graph.ops)}
    graph.ops = [new for op in graph.ops for new in _converted(graph, op, opset, names)]


def misfit(op: Op, opset: int) -> str:
    """Why an op is none of `opset`; empty if it is, or if no opset of ONNX knows it."""
    if not defs.has(op.kind, ""):
        return ""
    if not defs.has(op.kind, opset, ""):
        return f"there is no {op.kind}"
    schema = defs.get_schema(op.kind, opset, "")
    if unknown := op.attributes.keys() - schema.attributes.keys():
        return f"{op.kind} has no `{min(unknown)}`"
    if len(op.inputs) > schema.max_input:
        return f"{op.kind} has {schema.max_input} inputs, not {len(op.inputs)}"
    for declared, tensor in zip(_declared(schema, len(op.inputs)), op.inputs, strict=True):
        if tensor is not None and _type_name(tensor.type.dtype) not in declared.types:
            return f"{op.kind} takes no {tensor.type.dtype} as `{declared.name}`"
    return ""


def takes(op: Op, dtype: DType, opset: int) -> list[bool]:
    """Whether each input of an op may be of `dtype`; none of an op that the opset has not."""
    if not defs.has(op.kind, opset, ""):
        return [False] * len(op.inputs)
    declared = _declared(defs.get_schema(op.kind, opset, ""), len(op.inputs))
    return [_type_name(dtype) in each.types for each in declared]


def _declared(schema: defs.OpSchema, count: int) -> Iterator[defs.OpSchema.FormalParameter]:
    """What is declared of each of `count` inputs; the last of a variadic op stands for the rest."""
    last = len(schema.inputs) - 1
    return (schema.inputs[min(index, last)] for index in range(count))


def _type_name(dtype: DType) -> str:
    return f"tensor({ONNX_DTYPES.get(dtype, dtype).lower()})"


def _converted(graph: OpGraph, op: Op, opset: int, names: set[str]) -> Sequence[Op]:
    """The ops for one, which may be itself, with its bodies converted."""
    bodies = {
        name: replace(
            body,
            ops=tuple(new for inner in body.ops for new in _converted(graph, inner, opset, names)),
        )
        for name, body in op.bodies.items()
    }
    op = replace(op, attributes={**op.attributes, **bodies}) if bodies else op
    since, rewrite = CHANGES.get(op.kind, (0, _same))
    steps = _Steps(graph, op, names)
    if opset < since:
        rewrite(steps)
    for new in steps.ops or [op]:
        _require(new, opset)
    return steps.ops or [op]


def _require(op: Op, opset: int) -> None:
    reason = misfit(op, opset)
    if not reason:
        return
    fitting = next((each for each in OPSETS if each > opset and not misfit(op, each)), None)
    raise SpecError.of(
        "unsupported-layer",
        f"`{op.name}` cannot be written in opset {opset}: {reason}",
        help=f"from opset {fitting} on it can" if fitting else "",
    )


@dataclass(slots=True)
class _Steps:
    """The ops that take the place of one, and are named after it; without any it stays."""

    graph: OpGraph
    op: Op
    names: set[str]
    ops: list[Op] = field(default_factory=list[Op])

    def __call__(self, kind: str, *inputs: Tensor | float) -> Tensor:
        """The output of an op of `kind`, like the old op's; numbers become constants."""
        (like,) = self.op.outputs
        given = tuple(x if isinstance(x, Tensor) else self._constant(x, like) for x in inputs)
        name = unique_name(f"{self.op.name}.{kind.lower()}", self.names)
        output = Tensor(like.type)
        self.graph.names[output] = name
        self.ops.append(Op(kind, name, given, (output,), {}))
        return output

    def last(self, kind: str, *inputs: Tensor | float) -> None:
        """The op that gives what the old one gave."""
        self(kind, *inputs)
        self.ops[-1] = replace(self.ops[-1], name=self.op.name, outputs=self.op.outputs)

    def instead(self, op: Op) -> None:
        """Put one op in the place of the old one."""
        self.ops.append(op)

    def _constant(self, value: float, like: Tensor) -> Tensor:
        tensor = Tensor(like.type.with_shape(()))
        self.graph.constants[tensor] = np.asarray(value, numpy_dtype(like.type.dtype))
        self.graph.names[tensor] = f"{self.op.name}.constant"
        return tensor


def _same(write: _Steps) -> None:
    """Every opset has it alike."""


def _axes_as_attribute(write: _Steps) -> None:
    """The axes of a reduction, which were no input yet."""
    op = write.op
    x, *axes = op.inputs
    if not axes or axes[0] not in write.graph.constants:
        return
    attributes = {**op.attributes, "axes": write.graph.constants[axes[0]].tolist()}
    write.instead(replace(op, inputs=(x,), attributes=attributes))


def _pad_of_all_axes(write: _Steps) -> None:
    """Pads without their axes, which could not be named yet, if they are all in order."""
    x, pads, value, axes = (*write.op.inputs, None, None)[:4]
    if x is None or axes not in write.graph.constants:
        return
    if write.graph.constants[axes].tolist() == [*range(x.type.rank)]:
        kept = (x, pads) if value is None else (x, pads, value)
        write.instead(replace(write.op, inputs=kept))


def _split_evenly(write: _Steps) -> None:
    """The number of the parts was that of the outputs."""
    attributes = {**write.op.attributes}
    attributes.pop("num_outputs", None)
    write.instead(replace(write.op, attributes=attributes))


def _gelu(write: _Steps) -> None:
    """Half of x (1 + erf(x / √2)), or its approximation: the function that ONNX declares."""
    (x,) = write.op.inputs
    if write.op.attributes.get("approximate", "none") == "tanh":
        cube = write("Mul", write("Mul", write("Mul", x, x), x), 0.044715)
        inner = write("Tanh", write("Mul", write("Add", x, cube), sqrt(2 / pi)))
    else:
        inner = write("Erf", write("Div", x, sqrt(2)))
    write.last("Mul", write("Mul", x, 0.5), write("Add", inner, 1.0))


def _mish(write: _Steps) -> None:
    (x,) = write.op.inputs
    write.last("Mul", x, write("Tanh", write("Softplus", x)))


_REDUCTIONS = "L1 L2 LogSum LogSumExp Max Mean Min Prod SumSquare".split()

CHANGES: dict[str, tuple[int, Callable[[_Steps], None]]] = {
    **{f"Reduce{name}": (18, _axes_as_attribute) for name in _REDUCTIONS},
    "Gelu": (20, _gelu),
    "Mish": (18, _mish),
    "Pad": (18, _pad_of_all_axes),
    "Split": (18, _split_evenly),
}
"""The opset that brought an op as we write it, and what there is for it in an older one."""

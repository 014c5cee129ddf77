"""The ops as an opset has them: lowerings write those of `OPSET`, others may have them otherwise.

What an older opset lacks is written with the ops that it has, or refused. Each op is held against
ONNX's own declaration of it, so no file asks for what its opset does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from math import pi, sqrt

import numpy as np
from onnx import __version__ as onnx_version
from onnx import defs

from specc.diagnostics import SpecError
from specc.exporting import OPSET, OPSETS
from specc.tensor import FLOATS, DType

from .graph import ONNX_DTYPES, numpy_dtype, unique_name
from .ops import Op, OpGraph, Tensor, nested

IR_VERSIONS = dict(zip(OPSETS, (8, 8, 9, 9, 10, 10, 11, 12, 13, 13, 13, 14), strict=True))
"""By opset, that of the ONNX release which brought it."""


def known_opset(opset: int | None) -> int | None:
    """The opset that is asked for, if one is. Raises `SpecError` (`unknown-opset`)."""
    if opset is None or opset in _known_opsets():
        return opset
    *_, newest = _known_opsets()
    raise SpecError.of(
        "unknown-opset",
        f"expected an opset from {OPSETS[0]} to {newest}, received {opset!r}",
        help="leave it out for the oldest that has what the network needs"
        + ("" if newest == OPSETS[-1] else f"; a newer onnx than {onnx_version} knows newer ones"),
    )


def _known_opsets() -> range:
    """Those that the installed onnx knows."""
    return range(OPSETS[0], min(OPSETS[-1], defs.onnx_opset_version()) + 1)


def oldest_opset(graph: OpGraph, least: int) -> int:
    """The first from `least` on that has each op as it is: most runtimes read such a file.

    Old ones are also faster: onnxruntime has its own kernel of `AveragePool` up to opset 18 alone.
    """
    ops = [*nested(graph.ops)]
    opsets = range(least, _known_opsets().stop)
    fitting = (opset for opset in opsets if all(_is_written(op, opset) for op in ops))
    return next(fitting, OPSET)


def _is_written(op: Op, opset: int) -> bool:
    """Whether an opset has an op as the lowerings write it."""
    since, _ = CHANGES.get(op.kind, (0, _same))
    return opset >= since and not misfit(op, opset)


def convert(graph: OpGraph, opset: int) -> None:
    """Write the ops of `graph` as `opset` has them.

    Raises `SpecError`: `unsupported-layer` for an op that it cannot express.
    """
    names = {op.name for op in nested(graph.ops)}
    graph.ops = [new for op in graph.ops for new in _converted(graph, op, opset, names)]


@dataclass(frozen=True, slots=True)
class _Declaration:
    """What ONNX declares of an op in an opset.

    inputs: the name of each and the types that it takes.
    most_inputs: how many an op may have; the last of `inputs` stands for all that follow it.
    """

    attributes: frozenset[str]
    inputs: tuple[tuple[str, frozenset[str]], ...]
    most_inputs: int

    def of_each(self, count: int) -> Iterator[tuple[str, frozenset[str]]]:
        """The first `count` inputs."""
        last = len(self.inputs) - 1
        return (self.inputs[min(index, last)] for index in range(count))


@cache
def _declaration(kind: str, opset: int) -> _Declaration | None:
    """None if the opset has no such op."""
    if not defs.has(kind, opset, ""):
        return None
    schema = defs.get_schema(kind, opset, "")
    inputs = tuple((each.name, frozenset(each.types)) for each in schema.inputs)
    return _Declaration(frozenset(schema.attributes), inputs, schema.max_input)


def misfit(op: Op, opset: int) -> str:
    """Why an op is none of `opset`; empty if it is, or if no opset of ONNX knows it."""
    declared = _declaration(op.kind, opset)
    if declared is None:
        return f"there is no {op.kind}" if defs.has(op.kind, "") else ""
    if unknown := op.attributes.keys() - declared.attributes:
        return f"{op.kind} has no `{min(unknown)}`"
    if len(op.inputs) > declared.most_inputs:
        return f"{op.kind} has {declared.most_inputs} inputs, not {len(op.inputs)}"
    for (name, types), tensor in zip(declared.of_each(len(op.inputs)), op.inputs, strict=True):
        if tensor is not None and _type_name(tensor.type.dtype) not in types:
            return f"{op.kind} takes no {tensor.type.dtype} as `{name}`"
    return ""


def takes(op: Op, dtype: DType, opset: int) -> list[bool]:
    """Whether each input of an op may be of `dtype`; none of an op that the opset has not."""
    declared = _declaration(op.kind, opset)
    if declared is None:
        return [False] * len(op.inputs)
    return [_type_name(dtype) in types for _, types in declared.of_each(len(op.inputs))]


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
        given = tuple(x if isinstance(x, Tensor) else self.constant(x, like) for x in inputs)
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

    def constant(self, value: float, like: Tensor) -> Tensor:
        """A number of the type of another tensor."""
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
    """Pads without their axes, which could not be named yet, if they are all in order.

    Zeros without axes onnxruntime (1.17 to 1.31) would take for the pads of a pooling behind them:
    those of a MaxPool are no zeros, and those of an AveragePool may not count. It knows zeros by
    their bits, and lets -0 be.
    """
    x, pads, value, axes = (*write.op.inputs, None, None)[:4]
    if x is None or axes not in write.graph.constants:
        return
    if write.graph.constants[axes].tolist() == [*range(x.type.rank)]:
        if _pads_with_zeros(write, value):
            value = write.constant(-0.0, x)
        kept = (x, pads) if value is None else (x, pads, value)
        write.instead(replace(write.op, inputs=kept))


def _pads_with_zeros(write: _Steps, value: Tensor | None) -> bool:
    """Whether an op puts floats around its input that are all 0."""
    constants = write.graph.constants
    zeros = value is None or (value in constants and not constants[value].any())
    is_constant = write.op.attributes.get("mode", "constant") == "constant"
    return zeros and is_constant and write.op.outputs[0].type.dtype in FLOATS


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

"""Layers that take tensors apart, or put parts of one in another place."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from specc.dims import Shape, Size
from specc.layer import Fault, Layer, Layout, Sample
from specc.proofs import Proof, at_least, compare, hint
from specc.shapes import Axes, Positive, feature_axes
from specc.tensor import TensorType, shape_text

Index = Annotated[int, Field(gt=-(2**31), lt=2**31)]
OptionalIndices = Index | Annotated[tuple[Index | None, ...], Field(min_length=1)] | None


Part: TypeAlias = "slice[int, int | None, int]"
"""Positions along an axis, as Python takes them: negative bounds count from the end."""


def _length(part: Part, size: Size) -> Size:
    """How many positions a part of an axis of `size` has, if its bounds are on the axis."""
    start = part.start + (size if part.start < 0 else 0)
    stop = size if part.stop is None else part.stop + (size if part.stop < 0 else 0)
    return -((start - stop) // part.step)


def _require_reach(x: TensorType, axis: int, needed: int, what: str, parameter: str) -> None:
    """Refuse an axis that has, or may have, fewer than `needed` positions."""
    size = x.shape[axis]
    reaches = at_least(size, needed)
    if reaches:
        return
    message = f"expected at least {needed} along axis {axis} for {what}, received {size}"
    if reaches is False:
        raise Fault(
            "invalid-parameter",
            message,
            parameter=parameter,
            help="positions count from 0, and from the end with negative numbers",
        )
    raise Fault(
        "unprovable",
        f"{message}, which may be less",
        parameter=parameter,
        help=f"declare it as {size + (needed - 1)}",
    )


def _for_each(
    value: int | tuple[int | None, ...] | None, count: int, parameter: str
) -> tuple[int | None, ...]:
    """One value for each of `count` axes, that are all the same if `value` is one."""
    values = value if isinstance(value, tuple) else (value,) * count
    if len(values) == count:
        return values
    raise Fault(
        "invalid-parameter",
        f"expected {count}, one for each axis, received {len(values)}",
        parameter=parameter,
        help="write one number if all axes share it",
    )


class Slice(Layer):
    """A part of a tensor: along each of `axis`, from `start` to before `stop`, as in Python.

    Bounds must be on the axis. Source: ONNX's operator `Slice`.
    """

    layout = "any"

    start: OptionalIndices = Field(
        None, description="The first position, from the end if negative; null is the first of all."
    )
    stop: OptionalIndices = Field(
        None, description="The position after the last one; null goes on to the end."
    )
    step: Positive | Annotated[tuple[Positive, ...], Field(min_length=1)] = Field(
        1, description="The distance between the positions taken."
    )
    axis: Axes = Field(
        description=(
            "The axis, or several, counted with the batch axis, which is 0; start, stop and step "
            "are then one for all, or one for each."
        )
    )

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        shape = [*x.shape]
        for axis, part in self.parts(x).items():
            _check_part(x, axis, part)
            shape[axis] = _length(part, x.shape[axis])
        return (x.with_shape(shape),)

    def parts(self, x: TensorType) -> Mapping[int, Part]:
        """What is taken, by the axis counted from the front."""
        given = self.axis if isinstance(self.axis, tuple) else (self.axis,)
        feature_axes(given, x.rank)
        starts, stops, steps = (
            _for_each(getattr(self, name), len(given), name) for name in ("start", "stop", "step")
        )
        parts = zip(given, starts, stops, steps, strict=True)
        return {axis % x.rank: slice(a or 0, b, step or 1) for axis, a, b, step in parts}

    samples = (
        Sample({"stop": 1, "axis": 1}, ("float32[N, T, 3]",), ("float32[N, 1, 3]",)),
        Sample({"start": 1, "axis": 1}, ("float32[N, T, 3]",), ("float32[N, T - 1, 3]",)),
        Sample({"stop": -1, "axis": -2}, ("float32[N, T, 3]",), ("float32[N, T - 1, 3]",)),
        Sample({"start": -1, "axis": 1}, ("float32[N, T, 3]",), ("float32[N, 1, 3]",)),
        Sample(
            {"start": (1, None), "stop": (-1, 3), "axis": (1, 3)},
            ("float32[2, 4, 5, 6]",),
            ("float32[2, 2, 5, 3]",),
        ),
        Sample(
            {"start": (0, 1), "step": 2, "axis": (2, 1)},
            ("float32[N, h, w, 3]",),
            ("float32[N, h//2, (w + 1)//2, 3]",),
        ),
        Sample(
            {"start": -5, "stop": -1, "step": (3,), "axis": (1,)},
            ("int32[2, 6]",),
            ("int32[2, 2]",),
        ),
    )


def _check_part(x: TensorType, axis: int, part: Part) -> None:
    """Refuse bounds that are not on the axis, and a part that holds nothing.

    A start that is counted from the front, and a stop from the end, may be off an axis whose size
    is not known: the length then says so by being less than 1.
    """
    if part.start < 0:
        _require_reach(x, axis, -part.start, f"the start {part.start}", "start")
    if part.stop is not None and part.stop > 0:
        _require_reach(x, axis, part.stop, f"the stop {part.stop}", "stop")
    if at_least(_length(part, x.shape[axis]), 1) is False:
        stop = "the end" if part.stop is None else part.stop
        raise Fault(
            "invalid-parameter",
            f"expected a part of the {x.shape[axis]} along axis {axis}, "
            f"received nothing: from {part.start} to {stop}",
            parameter="start" if part.stop is None else "stop",
            help="a slice ends before its `stop`; negative numbers count from the end",
        )


class Take(Layer):
    """What is at one position along an axis, which goes away; or at several, in that order.

    Source: `keras.ops.take`, ONNX's operator `Gather` with constant indices.
    """

    primary = "indices"

    indices: Index | Annotated[tuple[Index, ...], Field(min_length=1)] = Field(
        description="The position, or a list of them; from the end if negative."
    )
    axis: int = Field(
        1, description="The axis to take from, counted with the batch axis, which is 0."
    )

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        (axis,) = feature_axes(self.axis, x.rank)
        for index in self.indices if isinstance(self.indices, tuple) else (self.indices,):
            needed = index + 1 if index >= 0 else -index
            _require_reach(x, axis, needed, f"the index {index}", "indices")
        taken = (len(self.indices),) if isinstance(self.indices, tuple) else ()
        return (x.with_shape((*x.shape[:axis], *taken, *x.shape[axis + 1 :])),)

    def layout_for(self, *inputs: TensorType) -> Layout:
        """Without an axis, what is left must lie as in the spec: the one axis beside the batch."""
        (x,) = inputs
        return "any" if isinstance(self.indices, tuple) or x.rank <= 3 else "channels_last"

    samples = (
        Sample({"indices": 0}, ("float32[N, T, 3]",), ("float32[N, 3]",)),
        Sample({"indices": -1, "axis": 1}, ("float32[N, T, 3]",), ("float32[N, 3]",)),
        Sample({"indices": 2, "axis": -1}, ("float32[N, h, w, 3]",), ("float32[N, h, w]",)),
        Sample({"indices": 1, "axis": 1}, ("int32[2, 3]",), ("int32[2]",)),
        Sample(
            {"indices": (2, 0, -1, 2), "axis": 3},
            ("float32[N, h, w, 4]",),
            ("float32[N, h, w, 4]",),
        ),
        Sample({"indices": (1,)}, ("float32[2, 3, 4]",), ("float32[2, 1, 4]",)),
    )


def _checked_sections(sections: int | tuple[int, ...]) -> int | tuple[int, ...]:
    if isinstance(sections, tuple) and sections.count(-1) > 1:
        raise ValueError(f"expected at most one -1, received {list(sections)}")
    if isinstance(sections, tuple) and 0 in sections:
        raise ValueError(f"expected sizes of at least 1, or one -1, received {list(sections)}")
    return sections


Sections = Annotated[
    Annotated[int, Field(ge=2, le=1000)]
    | Annotated[
        tuple[Annotated[int, Field(ge=-1, lt=2**31)], ...], Field(min_length=2, max_length=1000)
    ],
    AfterValidator(_checked_sections),
]


class Split(Layer):
    """Consecutive parts of a tensor along an axis, each an output: name them with `outputs`.

    Source: ONNX's operator `Split`.
    """

    primary = "sections"
    layout = "any"

    sections: Sections = Field(
        description="How many equal parts; or the size of each, of which one may be -1: the rest."
    )
    axis: int = Field(-1, description="The axis to split, counted with the batch axis, which is 0.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        (axis,) = feature_axes(self.axis, x.rank)
        return tuple(x.with_size(axis, size) for size in self.sizes(x.shape[axis]))

    def sizes(self, size: Size) -> Shape:
        """The sizes of the parts of an axis. Raises `Fault` if they do not make it up."""
        if isinstance(self.sections, int):
            part = size // self.sections
            self._require_whole(size, part * self.sections, "not-divisible")
            return (part,) * self.sections
        known = sum(part for part in self.sections if part != -1)
        rest = size - known
        if -1 not in self.sections:
            self._require_whole(size, known, "shape-mismatch")
        elif at_least(rest, 1) is False:
            raise self._fault("shape-mismatch", size)
        return tuple(rest if part == -1 else part for part in self.sections)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of given sizes: those after the -1 are counted from the end."""
        assert isinstance(self.sections, tuple)
        rest = self.sections.index(-1) if -1 in self.sections else len(self.sections)
        before, after = self.sections[:rest], self.sections[rest + 1 :]
        starts = [*accumulate(before, initial=0)][: len(self.sections)]
        starts += [-left for left in reversed([*accumulate(reversed(after))])]
        stops = [*starts[1:], None]
        return tuple(slice(*bounds, 1) for bounds in zip(starts, stops, strict=True))

    def _require_whole(self, size: Size, parts: Size, code: str) -> None:
        proof = compare(size, parts)
        if proof is Proof.DIFFERENT or (proof is Proof.UNKNOWN and isinstance(size, int)):
            raise self._fault(code, size)
        if proof is Proof.UNKNOWN:
            raise self._fault("unprovable", size, hint(size, parts))

    def _fault(self, code: str, size: Size, help: str = "") -> Fault:
        if isinstance(self.sections, int):
            message = f"expected a multiple of {self.sections} along axis {self.axis}"
            help = help or "write another number, or the size of each part"
        else:
            message = f"expected parts that make up axis {self.axis}: {shape_text(self.sections)}"
            help = help or "write -1 for the size that follows from the others"
        return Fault(code, f"{message}, received {size}", parameter="sections", help=help)

    samples = (
        Sample({"sections": 3}, ("float32[N, T, 6]",), ("float32[N, T, 2]",) * 3),
        Sample(
            {"sections": 2, "axis": 1}, ("float32[N, 2*h, w, 3]",), ("float32[N, h, w, 3]",) * 2
        ),
        Sample(
            {"sections": (1, 3, 2)},
            ("float32[2, 4, 5, 6]",),
            ("float32[2, 4, 5, 1]", "float32[2, 4, 5, 3]", "float32[2, 4, 5, 2]"),
        ),
        Sample(
            {"sections": (-1, 1, 1), "axis": 1},
            ("float32[N, T, 3]",),
            ("float32[N, T - 2, 3]", "float32[N, 1, 3]", "float32[N, 1, 3]"),
        ),
        Sample(
            {"sections": (1, -1, 1), "axis": -2},
            ("float32[N, h, w, 3]",),
            ("float32[N, h, 1, 3]", "float32[N, h, w - 2, 3]", "float32[N, h, 1, 3]"),
        ),
        Sample({"sections": (2, -1)}, ("int32[2, 5]",), ("int32[2, 2]", "int32[2, 3]")),
    )


class _Rearranged(Layer):
    """What the layers that only move elements along axes share."""

    layout = "any"

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        return inputs


class Flip(_Rearranged):
    """The elements along an axis, or several, in opposite order.

    Source: `keras.ops.flip`.
    """

    primary = "axis"

    axis: Axes = Field(description="The axis, or several, counted with the batch axis, which is 0.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        feature_axes(self.axis, inputs[0].rank)
        return inputs

    samples = (
        Sample({"axis": 1}, ("float32[N, T, 3]",), ("float32[N, T, 3]",)),
        Sample({"axis": (1, -1)}, ("float32[2, 3, 4, 3]",), ("float32[2, 3, 4, 3]",)),
        Sample({"axis": -2}, ("int32[N, h, w, 3]",), ("int32[N, h, w, 3]",)),
    )


class Roll(_Rearranged):
    """The elements along an axis shifted, those that fall off the end coming in at the begin.

    Source: `keras.ops.roll`.
    """

    shift: Index | Annotated[tuple[Index, ...], Field(min_length=1)] = Field(
        description="How far towards the end, or the begin if negative: one for all axes, or each."
    )
    axis: Axes = Field(description="The axis, or several, counted with the batch axis, which is 0.")

    def infer(self, *inputs: TensorType) -> tuple[TensorType, ...]:
        (x,) = inputs
        for axis, shift in self.shifts(x).items():
            if not isinstance(x.shape[axis], int):
                _require_reach(x, axis, abs(shift), f"the shift {shift}", "shift")
        return inputs

    def shifts(self, x: TensorType) -> Mapping[int, int]:
        """How far each axis is shifted, by the axis counted from the front."""
        axes = self.axis if isinstance(self.axis, tuple) else (self.axis,)
        feature_axes(axes, x.rank)
        shifts = _for_each(self.shift, len(axes), "shift")
        return {axis % x.rank: shift or 0 for axis, shift in zip(axes, shifts, strict=True)}

    samples = (
        Sample({"shift": 1, "axis": 1}, ("float32[N, T, 3]",), ("float32[N, T, 3]",)),
        Sample(
            {"shift": (-3, 2), "axis": (1, 2)}, ("float32[2, 7, 5, 3]",), ("float32[2, 7, 5, 3]",)
        ),
        Sample(
            {"shift": (-2, -2), "axis": (1, 2)},
            ("float32[N, 2*h, 2*w, 3]",),
            ("float32[N, 2*h, 2*w, 3]",),
        ),
        Sample({"shift": 7, "axis": -1}, ("int32[2, 3]",), ("int32[2, 3]",)),
        Sample({"shift": 0, "axis": 1}, ("float32[2, 3]",), ("float32[2, 3]",)),
    )

"""Reshapes and transposes that follow each other become as few as can do it: at most three.

Each axis is taken for a row of factors, fine enough that no op takes one of them apart. Then a
transpose puts factors into another order, a reshape only draws other borders between them, and all
together are one reshape into factors, one transpose of them, and one reshape into the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from specc.backends.onnx.graph import reshape_target
from specc.backends.onnx.ops import Op, Tensor
from specc.dims import Shape, Size, product
from specc.tensor import TensorType

from .rewriter import Rewriter, Rewrites

RESHAPES = ("Flatten", "Reshape", "Squeeze", "Unsqueeze")


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """A part of an axis, with the numbers that its elements go by in the order of memory."""

    size: Size


@dataclass(slots=True)
class Layout:
    """The factors of a tensor as they lay at first, and by axes as they lie now."""

    first: list[Factor]
    axes: list[list[Factor]]

    @classmethod
    def of(cls, shape: Shape) -> Layout:
        """A factor for each axis that is not of size 1."""
        axes = [[] if size == 1 else [Factor(size)] for size in shape]
        return cls([*chain.from_iterable(axes)], axes)

    @property
    def now(self) -> list[Factor]:
        """The factors in the order in which they lie."""
        return [*chain.from_iterable(self.axes)]

    def transpose(self, perm: Sequence[int]) -> None:
        """Move the axes as `numpy.transpose` does."""
        self.axes = [self.axes[axis] for axis in perm]

    def reshape(self, shape: Shape) -> bool:
        """Draw the borders anew; whether it could be done, with factors of these sizes."""
        left = self.now[::-1]
        axes = [self._axis(size, left) for size in shape]
        self.axes = [axis for axis in axes if axis is not None]
        return not left and len(self.axes) == len(axes)

    def _axis(self, size: Size, left: list[Factor]) -> list[Factor] | None:
        """The next factors that are as many elements together; the last may be split for it."""
        axis, found = list[Factor](), 1
        while found != size and left:
            factor = left.pop()
            rest = _excess(found * factor.size, size)
            if rest > 1 and isinstance(factor.size, int):
                factor, second = self._split(factor, factor.size // rest, rest)
                left.append(second)
            axis.append(factor)
            found = found * factor.size
        return axis if found == size else None

    def _split(self, factor: Factor, *sizes: int) -> list[Factor]:
        parts = [Factor(size) for size in sizes]
        at = self.first.index(factor)
        self.first[at : at + 1] = parts
        return parts

    def join(self) -> None:
        """Make one factor of those that stay side by side."""
        places = {factor: place for place, factor in enumerate(self.first)}
        rows = list[list[Factor]]()
        for factor in self.now:
            if rows and places[factor] == places[rows[-1][-1]] + 1:
                rows[-1].append(factor)
            else:
                rows.append([factor])
        joined = {row[0]: Factor(product(each.size for each in row)) for row in rows}
        self.first = [joined[factor] for factor in self.first if factor in joined]
        self.axes = [[joined[row[0]] for row in rows]]


def _excess(found: Size, wanted: Size) -> int:
    """How many times too many elements there are, if that is a number; else 1."""
    if isinstance(found, int) and isinstance(wanted, int) and found % wanted == 0:
        return found // wanted
    return 1


def simplify(rewriter: Rewriter, op: Op) -> Sequence[Op]:
    """Take the shortest way from what the first of them reads to what the last one gives."""
    moves = [*_moves(rewriter, op)][::-1]
    source = moves[0].inputs[0]
    if len(moves) < 3 or source is None:
        return ()
    ways = [_way(source.type, moves, joined=joined) for joined in (True, False)]
    shortest = min((way for way in ways if way is not None), key=len, default=None)
    if shortest is None or not 0 < len(shortest) < len(moves):
        return ()
    return [*_ops(rewriter, source, shortest, moves)]


def _moves(rewriter: Rewriter, op: Op) -> Iterator[Op]:
    """The op and those before it that move what it moves, the last one first."""
    before: Op | None = op
    while before is not None:
        yield before
        before = rewriter.maker(before.inputs[0], *RESHAPES, "Transpose")


Step = Shape | list[int]
"""Of a way: the shape to take, or the axes to transpose as a list."""


def _way(given: TensorType, moves: Sequence[Op], *, joined: bool) -> list[Step] | None:
    """The steps that do the same, if they can be told from the static types."""
    layout = Layout.of(given.shape)
    for op in moves:
        if op.kind == "Transpose":
            layout.transpose(op.attributes["perm"])
        elif not layout.reshape(op.outputs[0].type.shape):
            return None
    if joined:
        layout.join()
    steps = [*_steps(layout, given.shape, moves[-1].outputs[0].type.shape)]
    return steps if _can_be_told(given.shape, steps) else None


def _can_be_told(shape: Shape, steps: Sequence[Step]) -> bool:
    """Whether each reshape has one size at most that is to be found out."""
    for step in steps:
        if isinstance(step, list):
            shape = tuple(shape[axis] for axis in step)
        elif reshape_target(shape, step).count(-1) > 1:
            return False
        else:
            shape = step
    return True


def _steps(layout: Layout, given: Shape, wanted: Shape) -> Iterator[Step]:
    factors = tuple(factor.size for factor in layout.first)
    if factors != given:
        yield factors
    places = {factor: place for place, factor in enumerate(layout.first)}
    perm = [places[factor] for factor in layout.now]
    if perm != sorted(perm):
        yield perm
    if tuple(factor.size for factor in layout.now) != wanted:
        yield wanted


def _ops(
    rewriter: Rewriter, source: Tensor, steps: Sequence[Step], moves: Sequence[Op]
) -> Iterator[Op]:
    """The ops of a way, called as those whose place they take."""
    x, last = source, moves[-1]
    for step, move in zip(steps, (*moves[: len(steps) - 1], last), strict=True):
        shape = tuple(x.type.shape[axis] for axis in step) if isinstance(step, list) else step
        output = rewriter.like(move.outputs[0], shape) if move is not last else last.outputs[0]
        if isinstance(step, list):
            yield Op("Transpose", move.name, (x,), (output,), {"perm": step})
        else:
            target = reshape_target(x.type.shape, output.type.shape)
            name = f"{rewriter.graph.names[output]}.shape"
            yield Op("Reshape", move.name, (x, rewriter.store(name, target)), (output,), {})
        x = output


MOVES: Rewrites = dict.fromkeys((*RESHAPES, "Transpose"), (simplify,))

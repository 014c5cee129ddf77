"""Statements of `forward`, and how they are written once their tensors have names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from specc.emit.code import Code, Join, Literal, join, name_tensors, tensors
from specc.emit.template import Line
from specc.emit.variables import Step
from specc.ir import Value

from .names import LOOP_VARIABLE

AXIS_LETTERS = {
    "batch": "N",
    "channels": "C",
    "depth": "D",
    "height": "H",
    "width": "W",
    "length": "T",
}


@dataclass(frozen=True)
class Statement:
    """A line of `forward`, before its tensors have names.

    loop: the modules of which each is applied in turn, in a `for`; then `carry` is the value that
        goes in where the output comes out.
    """

    code: Code
    outputs: tuple[Value, ...]
    names: tuple[str, ...]
    loop: Code | None = None
    carry: Value | None = None

    @cached_property
    def comment(self) -> tuple[tuple[Literal, ...], ...]:
        """The physical shapes of the outputs."""
        return tuple(map(_shape, self.outputs))

    @cached_property
    def step(self) -> Step:
        """What it takes and makes. A loop needs what it takes in every turn."""
        inputs = tuple(tensors(self.code))
        kept = () if self.loop is None else tuple(item for item in inputs if item is not self.carry)
        return Step(inputs, self.outputs, self.names, kept)


def lines(item: Statement, names: Mapping[Value, str]) -> Iterator[Line]:
    """The lines of a statement, with the shape that it gives; none if it renames nothing."""
    code = name_tensors(item.code, names)
    targets = ", ".join(names[value] for value in item.outputs)
    if item.loop is None:
        if code != targets:  # as of a linear activation
            yield Line(join(targets, " = ", code), item.comment)
        return
    if item.carry is not None and names[item.carry] != targets:
        yield Line(join(targets, " = ", names[item.carry]))
        code = name_tensors(item.code, {**names, item.carry: targets})
    yield Line(join(f"for {LOOP_VARIABLE} in ", item.loop, ":"))
    yield Line(join(targets, " = ", code), item.comment, 1)


def assigned(line: Line) -> str:
    """The attribute that a line of `__init__` makes; empty if it makes none."""
    match line.code:
        case Join((str(reference), " = ", _)):
            return reference.removeprefix("self.")
        case _:  # as it starts the weights of a module
            return ""


def _shape(value: Value) -> tuple[Literal, ...]:
    """A literal for each dim, with the letter of its axis."""
    order = value.order or range(value.type.rank)
    return tuple(
        Literal(
            size if isinstance(size := value.type.shape[axis], int) else str(size),
            AXIS_LETTERS.get(value.type.axis_name(axis), "D"),
        )
        for axis in order
    )

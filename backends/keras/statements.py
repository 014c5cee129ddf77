"""Statements of emitted functions, before their tensors have names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from specc.emit.code import Code, Literal, join, name_tensors, tensors
from specc.emit.template import Line
from specc.emit.variables import Step
from specc.ir import Value

AXIS_LETTERS = {
    "batch": "N",
    "channels": "C",
    "depth": "D",
    "height": "H",
    "width": "W",
    "length": "T",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """A line of a function, before its tensors have names.

    names: wishes for the names of the outputs.
    comment: the shapes of the outputs.
    loop: the arguments of the `range` over which a `for` repeats the line, if one does; then
        `carry` is the value that goes in where the output comes out.
    """

    code: Code
    outputs: tuple[Value, ...]
    names: tuple[str, ...]
    comment: tuple[tuple[Literal, ...], ...] = ()
    loop: Code | None = None
    carry: Value | None = None

    def step(self) -> Step:
        """What it takes and makes. A loop needs what it takes in every turn."""
        inputs = tuple(tensors(self.code))
        kept = () if self.loop is None else tuple(item for item in inputs if item is not self.carry)
        return Step(inputs, self.outputs, self.names, kept)

    def lines(self, names: Mapping[Value, str]) -> Iterator[Line]:
        """Its text, with `names` for the tensors."""
        targets = ", ".join(names[value] for value in self.outputs)
        if self.carry is None or self.loop is None:
            yield Line(join(targets, " = ", name_tensors(self.code, names)), self.comment)
            return
        if names[self.carry] != targets:
            yield Line(join(targets, " = ", names[self.carry]))
        yield Line(join("for i in range(", self.loop, "):"))
        code = name_tensors(self.code, {**names, self.carry: targets})
        yield Line(join(targets, " = ", code), self.comment, 1)


def shape_comment(*alternatives: tuple[Value, ...]) -> tuple[tuple[Literal, ...], ...]:
    """The shapes of values, with letters for the sizes in which their `alternatives` differ."""
    return tuple(_shape(*values) for values in zip(*alternatives, strict=True))


def _shape(*alternatives: Value) -> tuple[Literal, ...]:
    types = [value.type for value in alternatives]
    letters = [AXIS_LETTERS.get(types[0].axis_name(axis), "D") for axis in range(types[0].rank)]
    columns = zip(*(type.shape for type in types), strict=True)
    return tuple(
        Literal(sizes[0] if len({*map(str, sizes)}) == 1 else letter, letter)
        for sizes, letter in zip(columns, letters, strict=True)
    )

"""Templates: bodies that differ in their literals only become one class or function.

Where all uses have the same literal it is written out; where they differ it is a parameter, and
literals that differ in the same way are the same parameter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count

from specc.emit.code import (
    Argument,
    Code,
    Literal,
    Place,
    literals,
    places,
    python,
    render,
    skeleton,
)
from specc.emit.parameters import Parameter, Use, parameters


@dataclass(frozen=True)
class Line:
    """One statement. `comment`: the shapes it gives, each a literal for each dim."""

    code: Code
    comment: tuple[tuple[Literal, ...], ...] = ()
    level: int = 0

    @cached_property
    def skeleton(self) -> object:
        """Equal for lines of one template."""
        return (skeleton(self.code), tuple(map(len, self.comment)), self.level)


@dataclass(frozen=True, eq=False)
class Body:
    """What one region is lowered to.

    label: the name of the block or loop, from which the template's name is made.
    arguments: the variables it takes: their names and annotations.
    sections: its statements; PyTorch has two sections, the set-up and the forward pass, Keras has
        one.
    members: names that no parameter may have, since the template has them as attributes.
    """

    label: str
    arguments: tuple[tuple[str, str], ...]
    sections: tuple[tuple[Line, ...], ...]
    results: int = 1
    members: tuple[str, ...] = ()

    def places(self) -> Iterator[Place]:
        """The literals of all statements, in order; those of comments are not among them.

        What stands first, which makes layers, says how its parameters are passed.
        """
        for number, section in enumerate(self.sections):
            for line in section:
                for place in places(line.code):
                    yield Place(place.literal) if number else place

    def channels(self) -> object:
        """The number of channels of what it gives, if known."""
        comments = [line.comment for line in self.lines() if line.comment]
        shape = comments[-1][0] if comments else ()
        return next((dim.value for dim in shape if dim.hint == "C"), None)

    def lines(self) -> Iterator[Line]:
        for section in self.sections:
            yield from section

    @cached_property
    def skeleton(self) -> object:
        """Equal for bodies of one template."""
        return (
            self.label,
            self.arguments,
            self.results,
            tuple(tuple(line.skeleton for line in section) for section in self.sections),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A class or function of the emitted source.

    bodies: the uses; the first stands for all.
    parameters: what differs between them.
    positions: what is written for each literal of a body, None where it is the literal itself.
    """

    name: str
    bodies: tuple[Body, ...]
    parameters: tuple[Parameter, ...]
    positions: tuple[Use | None, ...]

    @property
    def body(self) -> Body:
        return self.bodies[0]

    def arguments_of(self, body: Body) -> tuple[Argument, ...]:
        """The arguments that make this use of the template."""
        index = next(i for i, known in enumerate(self.bodies) if known is body)
        return tuple(item.argument(index) for item in self.parameters)

    def section(self, number: int, prefix: str = "") -> Iterator[tuple[str, str, int]]:
        """The statements of a section as (text, comment, level).

        `prefix` goes before parameters.
        """
        position = sum(
            len(list(literals(line.code)))
            for section in self.body.sections[:number]
            for line in section
        )
        positions = count(position)

        def show(literal: Literal) -> str:
            use = self.positions[next(positions)]
            return python(literal.value) if use is None else prefix + use.text

        for index, line in enumerate(self.body.sections[number]):
            yield render(line.code, show), self._comment(number, index), line.level

    def used_in(self, number: int) -> tuple[Parameter, ...]:
        """The parameters that a section uses."""
        counts = [
            sum(1 for line in section for _ in literals(line.code))
            for section in self.body.sections
        ]
        start = sum(counts[:number])
        used = self.positions[start : start + counts[number]]
        return tuple(dict.fromkeys(use.parameter for use in used if use is not None))

    def _comment(self, number: int, index: int) -> str:
        """The shapes a statement gives.

        A dim that differs between uses is named or left as a letter.
        """
        comments = (body.sections[number][index].comment for body in self.bodies)
        return ", ".join(self._shape(shapes) for shapes in zip(*comments, strict=True))

    def _shape(self, shapes: tuple[tuple[Literal, ...], ...]) -> str:
        dims = [self._dim(column) for column in zip(*shapes, strict=True)]
        if ("H" in dims) != ("W" in dims):  # what has one of them is no image
            dims = ["T" if dim in ("H", "W") else dim for dim in dims]
        return f"[{', '.join(dims)}]"

    def _dim(self, column: tuple[Literal, ...]) -> str:
        values = tuple(item.value for item in column)
        if len(set(map(str, values))) == 1:
            return str(values[0])
        offsets = {item.name: _offset(values, item.values) for item in self.parameters}
        for name, offset in sorted(offsets.items(), key=lambda item: item[1] != 0):
            if offset is not None:
                return f"{name} + {offset}" if offset else name
        return column[0].hint


def merge(bodies: Iterable[Body], names: dict[Body, str]) -> dict[Body, Template]:
    """Each body's template; `names` has the name for the first body of each."""
    groups: dict[object, list[Body]] = {}
    for body in bodies:
        groups.setdefault(body.skeleton, []).append(body)
    templates = (_template(tuple(group), names[group[0]]) for group in groups.values())
    return {body: template for template in templates for body in template.bodies}


def group_first(bodies: Iterable[Body]) -> list[Body]:
    """The first body of each group that becomes one template, in order."""
    firsts: dict[object, Body] = {}
    for body in bodies:
        firsts.setdefault(body.skeleton, body)
    return list(firsts.values())


def _template(bodies: tuple[Body, ...], name: str) -> Template:
    taken = {*bodies[0].members, *(name for name, _ in bodies[0].arguments)}
    rows = [list(body.places()) for body in bodies]
    result = tuple(body.channels() for body in bodies)
    return Template(name, bodies, *parameters(rows, result, taken))


def _offset(values: tuple[object, ...], base: tuple[object, ...]) -> int | None:
    """What `values` is more than `base`, if that is the same everywhere and not negative."""
    differences = {
        value - start
        for value, start in zip(values, base, strict=True)
        if isinstance(value, int) and isinstance(start, int)
    }
    if len(differences) != 1 or not all(type(item) is int for item in (*values, *base)):
        return None
    (offset,) = differences
    return offset if offset >= 0 else None

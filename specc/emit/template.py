"""Templates: bodies that differ in their literals only become one class or function.

Where all uses have the same literal it is written out; where they differ it is a parameter, and
literals that differ in the same way are the same parameter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count, pairwise

from specc.emit.code import (
    Argument,
    Code,
    Join,
    Literal,
    literals,
    python,
    render,
    replace_literals,
    skeleton,
)


@dataclass(frozen=True, slots=True)
class Line:
    """One statement. `comment`: the shapes it gives, each a literal for each dim."""

    code: Code
    comment: tuple[tuple[Literal, ...], ...] = ()
    level: int = 0


@dataclass(frozen=True, slots=True, eq=False)
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

    def literals(self) -> list[Literal]:
        """The literals of all statements, in order; those of comments are not among them."""
        return [item for line in self.lines() for item in literals(line.code)]

    def lines(self) -> Iterator[Line]:
        for section in self.sections:
            yield from section

    def skeleton(self) -> object:
        """Equal for bodies of one template."""
        return (
            self.label,
            self.arguments,
            self.results,
            tuple(
                tuple(
                    (skeleton(line.code), tuple(map(len, line.comment)), line.level)
                    for line in section
                )
                for section in self.sections
            ),
        )


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a template: its name, and its value for each body."""

    name: str
    values: tuple[object, ...]

    @property
    def annotation(self) -> str:
        """The type of its values, as Python writes it."""
        names = dict.fromkeys(_type_name(value) for value in self.values)
        return " | ".join(sorted(names, key=lambda name: name == "None"))


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A class or function of the emitted source.

    bodies: the uses; the first stands for all.
    parameters: what differs between them.
    positions: the parameter at each literal of a body, None where the literal is written out.
    """

    name: str
    bodies: tuple[Body, ...]
    parameters: tuple[Parameter, ...]
    positions: tuple[Parameter | None, ...]

    @property
    def body(self) -> Body:
        return self.bodies[0]

    def arguments_of(self, body: Body) -> tuple[Argument, ...]:
        """The arguments that make this use of the template."""
        index = next(i for i, known in enumerate(self.bodies) if known is body)
        single = len(self.parameters) == 1
        return tuple(
            Argument(Literal(item.values[index], item.name), "" if single else item.name)
            for item in self.parameters
        )

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
            parameter = self.positions[next(positions)]
            return python(literal.value) if parameter is None else prefix + parameter.name

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
        return tuple(dict.fromkeys(item for item in used if item is not None))

    def _comment(self, number: int, index: int) -> str:
        """The shapes a statement gives.

        A dim that differs between uses is named or left as a letter.
        """
        comments = (body.sections[number][index].comment for body in self.bodies)
        return ", ".join(self._shape(shapes) for shapes in zip(*comments, strict=True))

    def _shape(self, shapes: tuple[tuple[Literal, ...], ...]) -> str:
        return f"[{', '.join(self._dim(column) for column in zip(*shapes, strict=True))}]"

    def _dim(self, column: tuple[Literal, ...]) -> str:
        values = tuple(item.value for item in column)
        if len(set(map(str, values))) == 1:
            return str(values[0])
        for parameter in self.parameters:
            offset = _offset(values, parameter.values)
            if offset is not None:
                return f"{parameter.name} + {offset}" if offset else parameter.name
        return column[0].hint


def merge(bodies: Iterable[Body], names: dict[Body, str]) -> dict[Body, Template]:
    """Each body's template; `names` has the name for the first body of each."""
    groups: dict[object, list[Body]] = {}
    for body in bodies:
        groups.setdefault(body.skeleton(), []).append(body)
    templates = (_template(tuple(group), names[group[0]]) for group in groups.values())
    return {body: template for template in templates for body in template.bodies}


def group_first(bodies: Iterable[Body]) -> list[Body]:
    """The first body of each group that becomes one template, in order."""
    firsts: dict[object, Body] = {}
    for body in bodies:
        firsts.setdefault(body.skeleton(), body)
    return list(firsts.values())


def _template(bodies: tuple[Body, ...], name: str) -> Template:
    rows = [body.literals() for body in bodies]
    taken = {*bodies[0].members, *(name for name, _ in bodies[0].arguments)}
    known: dict[tuple[str, ...], Parameter] = {}
    positions: list[Parameter | None] = []
    for column in zip(*rows, strict=True):
        values = tuple(item.value for item in column)
        key = tuple(python(value) for value in values)
        if len(set(key)) == 1:
            positions.append(None)
            continue
        if key not in known:
            known[key] = Parameter(_parameter_name(column[0], taken), values)
        positions.append(known[key])
    return Template(name, bodies, tuple(known.values()), tuple(positions))


def _parameter_name(literal: Literal, taken: set[str]) -> str:
    """The literal's hint; if that is taken, with its scope before it, or a number after it."""
    name = literal.hint or "value"
    scoped = f"{literal.scope}_{name}" if literal.scope else name
    return _free(scoped if name in taken else name, taken)


def _free(name: str, taken: set[str]) -> str:
    """`name`, numbered if it is taken; taken from now on."""
    free = name
    for number in count(2):
        if free not in taken:
            break
        free = f"{name}{number}"
    taken.add(free)
    return free


def _offset(values: tuple[object, ...], base: tuple[object, ...]) -> int | None:
    """What `values` is more than `base`, if that is the same everywhere and not negative."""
    differences = {
        value - start
        for value, start in zip(values, base, strict=True)
        if isinstance(value, int) and isinstance(start, int)
    }
    if len(differences) != 1 or not all(isinstance(item, int) for item in (*values, *base)):
        return None
    (offset,) = differences
    return offset if offset >= 0 else None


def _type_name(value: object) -> str:
    if isinstance(value, tuple):
        return f"tuple[{', '.join(_type_name(item) for item in value)}]"  # type: ignore[misc]
    return "None" if value is None else type(value).__name__


def progression(codes: list[Code]) -> Code | None:
    """One expression in `i` for all of `codes`, the i-th being its value at i.

    None if there is none.
    """
    if len({skeleton(code) for code in codes}) != 1:
        return None
    columns = list(zip(*(literals(code) for code in codes), strict=True))
    terms = [_term(column) for column in columns]
    if any(term is None for term in terms):
        return None
    return replace_literals(codes[0], iter([term for term in terms if term is not None]))


def _term(column: tuple[Literal, ...]) -> Code | None:
    """A literal for all, or `start + step * i`."""
    first = column[0]
    values = [item.value for item in column]
    if all(python(value) == python(values[0]) for value in values):
        return first
    if not all(type(value) is int for value in values):
        return None
    numbers = [value for value in values if isinstance(value, int)]
    step = numbers[1] - numbers[0]
    if any(b - a != step for a, b in pairwise(numbers)) or step < 0:
        return None
    return Join((first, " + ", Literal(step, f"{first.hint}_step"), " * i"))


def segments(codes: list[Code]) -> list[tuple[int, int, Code]]:
    """The codes as runs (start, length, expression in `i`); a run of one is the code itself.

    Two codes are a run only if they are equal: any two numbers are a progression.
    """
    runs: list[tuple[int, int, Code]] = []
    start = 0
    while start < len(codes):
        length = _run_length(codes, start)
        code = progression(codes[start : start + length])
        if code is None or (length == 2 and codes[start] != codes[start + 1]):
            length, code = 1, codes[start]
        runs.append((start, length, code))
        start += length
    return runs


def _run_length(codes: list[Code], start: int) -> int:
    """How many codes from `start` on are in one progression: each step is that of the first two."""
    length = min(2, len(codes) - start)
    while start + length < len(codes):
        if progression(codes[start + length - 2 : start + length + 1]) is None:
            break
        length += 1
    return length if progression(codes[start : start + length]) else 1

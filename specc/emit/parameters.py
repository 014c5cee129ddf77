"""The parameters of a template: the literals in which its uses differ, and what they are called.

Literals that differ in the same way are one parameter. It is named and passed as a person would:
after the argument that it is, with that argument's default, and whole numbers that layers take by
position by position.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import count

from specc.emit.code import NO_DEFAULT, Argument, Call, Function, Literal, Place, python

TAKEN = ("in_channels", "in_features", "normalized_shape")
"""What layers call the number of channels that they take."""

GIVEN = ("out_channels", "out_features", "filters", "units")
"""What they call the number that they give: hidden, unless the whole region gives as many."""

MANY = 8
"""So many parameters are hard to read; passed by position they cannot be told apart."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a template: its name, and its value for each body.

    default: what it is where nothing is passed. positional: whether it is passed by position.
    """

    name: str
    values: tuple[object, ...]
    default: object = NO_DEFAULT
    positional: bool = False

    @property
    def is_optional(self) -> bool:
        return self.default is not NO_DEFAULT

    @property
    def annotation(self) -> str:
        """The type of its values, as Python writes it."""
        names = dict.fromkeys(_type_name(value) for value in self.values)
        return " | ".join(sorted(names, key=lambda name: name == "None"))

    def argument(self, index: int) -> Argument:
        """The argument of the call that stands for the body at `index`."""
        value, keyword = self.values[index], "" if self.positional else self.name
        if isinstance(value, Call):
            return Argument(value, keyword)
        return Argument(Literal(value, self.name), keyword, self.default)


@dataclass(frozen=True, slots=True)
class Use:
    """What is written for a literal: a parameter, or what comes of it by `operation`."""

    parameter: Parameter
    operation: str = ""

    @property
    def text(self) -> str:
        return self.parameter.name + self.operation


Key = tuple[str, ...]
"""The values of a column as text: equal for literals that differ in the same way."""


def _key(values: Iterable[object]) -> Key:
    return tuple(python(value) for value in values)


@dataclass(frozen=True, slots=True)
class _Column:
    """One literal of a template: its place in each body."""

    places: tuple[Place, ...]

    @property
    def values(self) -> tuple[object, ...]:
        return tuple(place.literal.value for place in self.places)

    @property
    def key(self) -> Key:
        """Empty where all are alike.

        Modules are never one parameter, however alike: each has weights of its own.
        """
        texts = _key(self.values)
        if len({*texts}) == 1:
            return ()
        is_module = isinstance(self.literal.value, Call)
        return (*texts, self.literal.hint) if is_module else texts

    @property
    def literal(self) -> Literal:
        return self.places[0].literal

    @property
    def default(self) -> object:
        argument = self.places[0].argument
        return self.literal.default if argument is None else argument.default

    @property
    def is_padding(self) -> bool:
        argument = self.places[0].argument
        return argument is not None and argument.keyword == "padding"

    @property
    def halves(self) -> tuple[object, ...]:
        """Half of each value, if all are whole numbers."""
        numbers = [value for value in self.values if isinstance(value, int)]
        return tuple(number // 2 for number in numbers) if len(numbers) == len(self.values) else ()

    @property
    def by_position(self) -> bool:
        """Whether it is a whole number that its layer takes by position."""
        argument = self.places[0].argument
        if argument is None or argument.keyword or argument.default is not NO_DEFAULT:
            return False
        return all(type(value) is int for value in self.values)


def parameters(
    rows: list[list[Place]], result: tuple[object, ...], taken: set[str]
) -> tuple[tuple[Parameter, ...], tuple[Use | None, ...]]:
    """The parameters in the order of the signature, and what is written at each place.

    rows: the places of each body. result: the channels of what each gives.
    taken: names that no parameter may have.
    """
    columns = [_Column(places) for places in zip(*rows, strict=True)]
    keys = [column.key for column in columns]
    groups: dict[Key, list[_Column]] = {}
    for values, column in zip(keys, columns, strict=True):
        if values:
            groups.setdefault(values, []).append(column)
    halves = _halves(groups)
    groups = {values: group for values, group in groups.items() if values not in halves}
    names = _names({values: group[0].literal for values, group in groups.items()}, result, taken)
    made = [_parameter(names[values], group) for values, group in groups.items()]
    known = dict(zip(groups, _readably_passed(made), strict=True))
    ordered = sorted(known.values(), key=lambda item: (item.is_optional, not item.positional))
    uses = {values: Use(item) for values, item in known.items()}
    uses |= {values: Use(known[of], " // 2") for values, of in halves.items()}
    return tuple(ordered), tuple(uses.get(values) for values in keys)


def _readably_passed(made: list[Parameter]) -> list[Parameter]:
    """None of many by position; one alone so, unless it has a default."""
    if sum(item.positional for item in made) >= MANY:
        return [replace(item, positional=False) for item in made]
    if len(made) == 1:
        return [replace(item, positional=not item.is_optional) for item in made]
    return made


def _halves(groups: Mapping[Key, list[_Column]]) -> dict[Key, Key]:
    """The pads that are half a kernel, as those that leave sizes alone are, with that kernel."""
    return {
        pads: kernel
        for pads, group in groups.items()
        for kernel, (first, *_) in groups.items()
        if first.literal.hint == "kernel_size"
        and all(column.is_padding for column in group)
        and group[0].values == first.halves
    }


def _parameter(name: str, columns: list[_Column]) -> Parameter:
    first = columns[0]
    defaults = {python(column.default) for column in columns if column.default is not NO_DEFAULT}
    shared = len(defaults) == 1 and all(column.default is not NO_DEFAULT for column in columns)
    default = first.default if shared else NO_DEFAULT
    return Parameter(name, first.values, default, first.by_position)


def _names(
    literals: dict[Key, Literal], result: tuple[object, ...], taken: set[str]
) -> dict[Key, str]:
    """A name for each parameter: that of what the region gives comes first."""
    given = _key(result)
    wishes = {values: _wish(literal) for values, literal in literals.items()}
    if given in literals:
        wishes[given] = _result_name(literals, given)
    names = {given: _free(wishes.pop(given), taken)} if given in literals else {}
    for values, wish in wishes.items():
        literal = literals[values]
        if isinstance(literal.value, Call):  # a module, which becomes the attribute of that name
            names[values] = wish
            continue
        is_scoped = wish in taken and literal.scope
        names[values] = _free(_scoped(literal) if is_scoped else wish, taken)
    return names


def _wish(literal: Literal) -> str:
    """The hint, but for what only an inner layer or block gives."""
    if literal.hint not in GIVEN:
        return literal.hint or "value"
    return _scoped(literal) if literal.scope else "hidden"


def _scoped(literal: Literal) -> str:
    return f"{literal.scope}_{literal.hint.removeprefix('out_')}"


def _result_name(literals: dict[Key, Literal], given: Key) -> str:
    """The name of the number of channels that a region gives: `channels` if it takes as many."""
    hint = literals[given].hint
    taken = next((values for values, item in literals.items() if item.hint in TAKEN), None)
    if taken == given or (taken is None and hint not in GIVEN):
        return "channels"
    return hint if hint in GIVEN else "out_channels"


def _free(name: str, taken: set[str]) -> str:
    """`name`, numbered if it is taken; taken from now on."""
    free = name
    for number in count(2):
        if free not in taken:
            break
        free = f"{name}{number}"
    taken.add(free)
    return free


def _type_name(value: object) -> str:
    match value:
        case None:
            return "None"
        case Call():
            return "nn.Module"
        case Function():
            return "Callable[[Tensor], Tensor]"
        case tuple():
            return f"tuple[{', '.join(_type_name(item) for item in value)}]"  # type: ignore[misc]
        case _:
            return type(value).__name__

"""The parameters of a template: the literals in which its uses differ, and what they are called.

Literals that differ in the same way are one parameter. It is named and passed as a person would:
after the argument that it is, with that argument's default, and whole numbers that layers take by
position by position.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import count

from specc.emit.code import NO_DEFAULT, Argument, Call, Literal, Place, python

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
        """Modules are never one parameter, however alike: each has weights of its own."""
        is_module = isinstance(self.literal.value, Call)
        return (*_key(self.values), self.literal.hint) if is_module else _key(self.values)

    @property
    def literal(self) -> Literal:
        return self.places[0].literal

    @property
    def default(self) -> object:
        argument = self.places[0].argument
        return NO_DEFAULT if argument is None else argument.default

    @property
    def by_position(self) -> bool:
        """Whether it is a whole number that its layer takes by position."""
        argument = self.places[0].argument
        if argument is None or argument.keyword or argument.default is not NO_DEFAULT:
            return False
        return all(type(value) is int for value in self.values)


def parameters(
    rows: list[list[Place]], result: tuple[object, ...], taken: set[str]
) -> tuple[tuple[Parameter, ...], tuple[Parameter | None, ...]]:
    """The parameters in the order of the signature, and the one at each place.

    rows: the places of each body. result: the channels of what each gives.
    taken: names that no parameter may have.
    """
    columns = [_Column(places) for places in zip(*rows, strict=True)]
    keys = [column.key for column in columns]
    groups: dict[Key, list[_Column]] = {}
    for values, column in zip(keys, columns, strict=True):
        if len({*map(python, column.values)}) > 1:
            groups.setdefault(values, []).append(column)
    names = _names({values: group[0].literal for values, group in groups.items()}, result, taken)
    known = {values: _parameter(names[values], group) for values, group in groups.items()}
    by_position = sum(item.positional for item in known.values())
    if by_position >= MANY:
        known = {values: replace(item, positional=False) for values, item in known.items()}
    if len(known) == 1:
        known = {
            values: replace(item, positional=not item.is_optional) for values, item in known.items()
        }
    ordered = sorted(known.values(), key=lambda item: (item.is_optional, not item.positional))
    return tuple(ordered), tuple(known.get(values) for values in keys)


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
        case tuple():
            return f"tuple[{', '.join(_type_name(item) for item in value)}]"  # type: ignore[misc]
        case _:
            return type(value).__name__

"""Names for the tensors of one function: `x` for what flows through, own names for what waits."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from specc.ir import Value

CHAIN = ("x", "y", "z")
"""Names for the one tensor that only the next statement uses, the first that is free."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one statement takes and makes; `names` are the wishes for what it makes.

    kept: what must outlive the statement's own assignment, since it is a loop.
    """

    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    names: tuple[str, ...]
    kept: tuple[Value, ...] = ()


def name_values(
    arguments: Mapping[Value, str],
    steps: Iterable[Step],
    results: Iterable[Value],
    reserved: Iterable[str] = (),
) -> dict[Value, str]:
    """A variable for each value of a function.

    arguments: the values that are there from the start, with their names.
    results: the values that are returned. `reserved`: names that mean something else.
    """
    return _Namer(list(steps), tuple(results), set(reserved)).run(arguments)


class _Namer:
    def __init__(self, steps: list[Step], results: tuple[Value, ...], reserved: set[str]) -> None:
        self.steps = steps
        self.reserved = reserved
        self.last: dict[Value, int] = {}
        for index, step in enumerate(steps):
            self.last.update(dict.fromkeys(step.inputs, index))
            self.last.update(dict.fromkeys(step.kept, index + 1))
        self.last.update(dict.fromkeys(results, len(steps)))
        self.holders: dict[str, Value] = {}
        self.names: dict[Value, str] = {}

    def run(self, arguments: Mapping[Value, str]) -> dict[Value, str]:
        for value, name in arguments.items():
            self._give(value, name)
        for index, step in enumerate(self.steps):
            flowing = [value for value in step.outputs if self.last.get(value) == index + 1]
            for value, wish in zip(step.outputs, step.names, strict=True):
                self._give(value, self._choose(value, wish, index, flows=flowing == [value]))
        return self.names

    def _give(self, value: Value, name: str) -> None:
        self.names[value] = name
        self.holders[name] = value

    def _choose(self, value: Value, wish: str, index: int, *, flows: bool) -> str:
        """A name for what the statement at `index` makes; `flows` if it alone goes to the next."""
        if value not in self.last:
            return "_"
        if flows:
            for name in CHAIN:
                if self._free(name, index):
                    return name
        name = wish if not keyword.iskeyword(wish) and wish not in CHAIN else f"{wish}_"
        number = 2
        while not self._free(name, index) or name in self.holders:
            name = f"{wish}_{number}"
            number += 1
        return name

    def _free(self, name: str, index: int) -> bool:
        """Whether a name holds nothing that is used after the statement at `index`."""
        if name in self.reserved:
            return False
        holder = self.holders.get(name)
        return holder is None or self.last.get(holder, -1) <= index

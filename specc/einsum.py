"""Equations of einsum: which axis of the output is which of the inputs, by letter."""

from __future__ import annotations

import re
import string
from typing import NamedTuple

from specc.layer import Fault
from specc.source import printable
from specc.tensor import TensorType, shape_text

EQUATION = re.compile(
    r"(?P<before>\.\.\.)?(?P<input>[a-zA-Z]+)(?P<after>\.\.\.)?,(?P<kernel>[a-zA-Z]+)->"
    r"(?(before)\.\.\.)(?P<output>[a-zA-Z]+)(?(after)\.\.\.)"
)
"""`ab,bc->ac`, `...b,bc->...c` or `ab...,bc->ac...`."""


class Letters(NamedTuple):
    """A letter for each axis; `elided` are those that `...` stands for."""

    input: str
    kernel: str
    output: str
    elided: str

    @property
    def equation(self) -> str:
        """The equation with all letters written out."""
        return f"{self.input},{self.kernel}->{self.output}"


def einsum_letters(equation: str, x: TensorType) -> Letters:
    """The letters of `equation` for an input like `x`. Raises `Fault` if they do not fit."""
    match = EQUATION.fullmatch(equation)
    if match is None or (match["before"] and match["after"]):
        raise _refusal(equation, "an equation such as `abc,cd->abd` or `...c,cd->...d`")
    given, kernel, output = match["input"], match["kernel"], match["output"]
    for letters in (given, kernel, output):
        if len({*letters}) < len(letters):
            raise _refusal(equation, "each letter of input, kernel and output once there")
    if not {*output} <= {*given, *kernel} or not {*kernel} <= {*given, *output}:
        raise _refusal(equation, "each letter of output and kernel in another place, too")
    elided = _elided(equation, given, x, free="".join(_unused(given + kernel + output)))
    if match["before"]:
        return Letters(elided + given, kernel, elided + output, elided)
    if given[0] != output[0]:
        raise _refusal(equation, "the batch first in input and output")
    return Letters(given + elided, kernel, output + elided, elided)


def _elided(equation: str, given: str, x: TensorType, free: str) -> str:
    """Letters for what `...` stands for: the axes of `x` that have none."""
    count, dots = x.rank - len(given), "..." in equation
    least = 1 if equation.startswith("...") else 0  # the batch
    if least <= count <= (x.rank if dots else 0):
        return free[:count]
    wanted = f"at least {len(given) + least}" if dots else str(len(given))
    raise Fault(
        "rank-mismatch",
        f"expected {wanted} axes, as `{equation}` has, received {x.rank}: {shape_text(x.shape)}",
        input=0,
    )


def _unused(letters: str) -> list[str]:
    return [letter for letter in string.ascii_letters if letter not in letters]


def _refusal(equation: str, expected: str) -> Fault:
    message = f"expected {expected}, received `{printable(equation)}`"
    return Fault("invalid-parameter", message, parameter="equation")


def dot_equation(rank: int, other_rank: int, axes: tuple[int, int]) -> str:
    """The equation of a dot product along an axis of each of two inputs: `abc,adc->abd`."""
    first = string.ascii_lowercase[:rank]
    rest = iter(string.ascii_lowercase[rank:])
    shared = {0: first[0], axes[1]: first[axes[0]]}
    second = "".join(shared.get(axis) or next(rest) for axis in range(other_rank))
    kept = (letter for letter in first + second[1:] if letter != first[axes[0]])
    return f"{first},{second}->{''.join(kept)}"

"""What the operators and functions of `${…}` compute, each within bounds.

The values of the language are booleans, integers, floats, strings, lists (tuples here), symbolic
sizes and tensor types. Kinds do not mix: a boolean is not a number, and nothing is converted
silently. Work is bounded before it is done: no operation here takes long or makes much, whatever
it is given. Arithmetic on a `Dim` is exact and may stay symbolic; where only a constant will do, a
`Dim` is the fault `unknown-size`, which names it.

An operation that refuses its operands raises `OperationError`; `specc.expressions` adds where.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial, reduce
from typing import TypeAlias

from specc.dims import Dim, DimError, Size
from specc.proofs import Proof, at_least, compare
from specc.tensor import TensorType

Constant: TypeAlias = "bool | int | float | str | tuple[Constant, ...] | Dim | TensorType"
Number: TypeAlias = "int | float | Dim"

NUMBER_LIMIT = 2**53
"""The largest magnitude of an integer: up to here each is exact as a float too."""
DEPTH_LIMIT = 32
"""Lists within lists."""
LIST_LIMIT = 10_000
"""Items of a list, those of the lists inside it counted with it."""
STRING_LIMIT = 1_000
"""Characters of a string."""

_LARGEST_EXPONENT = 53
_TOO_LARGE = "the result is beyond 2^53"
_NOT_FINITE = "the result is not a finite number"
_ANY_NUMBER = 1_000
"""The most arguments of a function that takes any number of them."""


class OperationError(Exception):
    """An operation refuses its operands.

    code: `expression-type`, `-value`, `-limit`, or `unknown-size`.
    operand: the operand at fault by position; None where it is the operation. `{operand}` in the
        message stands for the text of that operand.
    help: what to do, as one line; may be empty.
    """

    def __init__(self, code: str, message: str, operand: int | None = None, help: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.operand = operand
        self.help = help


_ITSELF = "{operand}"
_AN_ITEM = "an item of {operand}"


def _wrong_type(
    value: Constant, takes: str, operand: int, subject: str = _ITSELF
) -> OperationError:
    message = f"{subject} is {_kind(value)}: {takes}"
    return OperationError("expression-type", message, operand)


def _unknown_size(size: Dim, operand: int, subject: str = _ITSELF) -> OperationError:
    return OperationError(
        "unknown-size",
        f"{subject} is {size}: a constant is needed here",
        operand,
        "declare that size as a number in `inputs`, or use it with + - * // % alone",
    )


def _no_value(message: str, operand: int | None = None) -> OperationError:
    return OperationError("expression-value", message, operand)


def _beyond_limit(message: str) -> OperationError:
    return OperationError("expression-limit", message)


def _kind(value: Constant) -> str:
    """What a value is called in messages."""
    match value:
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a float"
        case str():
            return "a string"
        case tuple():
            return "a list"
        case Dim():
            return "a symbolic size"
        case TensorType():
            return "a tensor"


# --- what an operation takes --------------------------------------------------------------------


def _number(value: Constant, takes: str, operand: int, subject: str = _ITSELF) -> Number:
    if isinstance(value, bool) or not isinstance(value, (int, float, Dim)):
        raise _wrong_type(value, takes, operand, subject)
    return value


def _constant(value: Constant, takes: str, operand: int) -> int | float:
    """A number that is known; a symbolic size is not."""
    number = _number(value, takes, operand)
    if isinstance(number, Dim):
        raise _unknown_size(number, operand)
    return number


def _integer(value: Constant, takes: str, operand: int) -> int:
    number = _constant(value, takes, operand)
    if isinstance(number, float):
        raise _wrong_type(number, takes, operand)
    return number


def truth(value: Constant, word: str) -> bool:
    """A condition of `if`, or an operand of `and`, `or` and `not`: nothing but a boolean."""
    if not isinstance(value, bool):
        raise _wrong_type(value, f"{word} takes true or false", 0)
    return value


def _list(value: Constant, takes: str, operand: int) -> tuple[Constant, ...]:
    if not isinstance(value, tuple):
        raise _wrong_type(value, takes, operand)
    return value


def _numbers(function: str, value: Constant) -> tuple[Number, ...]:
    """The numbers of the list that is a function's only argument."""
    items = _list(value, f"{function} takes a list of numbers", 0)
    takes = f"{function} takes numbers"
    return tuple(_number(item, takes, 0, f"item {i} of {_ITSELF}") for i, item in enumerate(items))


# --- what an operation may give -----------------------------------------------------------------


def bounded(number: Number) -> Number:
    """`number`, unless it is beyond what the language has."""
    if isinstance(number, int):
        _check_magnitude(number)
    if isinstance(number, float) and not math.isfinite(number):
        raise _no_value(_NOT_FINITE)
    return number


def _check_magnitude(number: float) -> None:
    if abs(number) > NUMBER_LIMIT:
        raise _beyond_limit(_TOO_LARGE)


def _check_items(items: int) -> None:
    if items > LIST_LIMIT:
        raise _beyond_limit(
            f"a list has at most {LIST_LIMIT:,} items, this one would have {items:,}"
        )


def _check_characters(characters: int) -> None:
    if characters > STRING_LIMIT:
        raise _beyond_limit(
            f"a string has at most {STRING_LIMIT:,} characters, this one would have {characters:,}"
        )


def _weight(value: Constant, depth: int = 1) -> int:
    """The items of a list and of the lists inside it; 0 for any other value."""
    if not isinstance(value, tuple):
        return 0
    if depth > DEPTH_LIMIT:
        raise _beyond_limit(f"lists are nested at most {DEPTH_LIMIT} deep")
    return len(value) + sum(_weight(item, depth + 1) for item in value if isinstance(item, tuple))


# --- arithmetic ---------------------------------------------------------------------------------

_ON_SIZES: Mapping[str, Callable[[Size, Size], Size]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
}
_ON_FLOATS: Mapping[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": math.pow,
}


def _arithmetic(symbol: str, left: Constant, right: Constant) -> Number:
    takes = f"{symbol} takes numbers"
    return _compute(symbol, _number(left, takes, 0), _number(right, takes, 1))


def _compute(symbol: str, a: Number, b: Number) -> Number:
    """`a symbol b`: exact on integers and sizes, in floating point where one of them is a float."""
    try:
        if isinstance(a, (int, Dim)) and isinstance(b, (int, Dim)):
            return bounded(_ON_SIZES[symbol](a, b))
        return _compute_floats(symbol, _constant(a, symbol, 0), _constant(b, symbol, 1))
    except ZeroDivisionError:
        raise _no_value("division by zero", 1) from None
    except DimError as error:
        raise _beyond_limit(str(error)) from None


def _compute_floats(symbol: str, a: float, b: float) -> Number:
    try:
        return bounded(_ON_FLOATS[symbol](a, b))
    except OverflowError:
        raise _no_value(_NOT_FINITE) from None


def _add(left: Constant, right: Constant) -> Constant:
    if isinstance(left, str) and isinstance(right, str):
        _check_characters(len(left) + len(right))
        return left + right
    if isinstance(left, tuple) and isinstance(right, tuple):
        _check_items(_weight(left) + _weight(right))
        return left + right
    if isinstance(left, (str, tuple)) or isinstance(right, (str, tuple)):
        raise _wrong_type(right, f"it cannot be added to {_kind(left)}", 1)
    return _arithmetic("+", left, right)


def _multiply(left: Constant, right: Constant) -> Constant:
    takes = "a list is repeated an integer number of times"
    if isinstance(left, tuple):
        return _repeat(left, _integer(right, takes, 1))
    if isinstance(right, tuple):
        return _repeat(right, _integer(left, takes, 0))
    return _arithmetic("*", left, right)


def _repeat(items: tuple[Constant, ...], times: int) -> tuple[Constant, ...]:
    _check_items(_weight(items) * times)
    return items * times


def _divide(left: Constant, right: Constant) -> Constant:
    dividend, divisor = (_constant(v, "/ takes numbers", i) for i, v in enumerate((left, right)))
    if divisor == 0:
        raise _no_value("division by zero", 1)
    return _compute_floats("/", dividend, divisor)


def _power(left: Constant, right: Constant) -> Constant:
    base, exponent = (_constant(v, "** takes numbers", i) for i, v in enumerate((left, right)))
    if isinstance(base, int) and isinstance(exponent, int) and exponent >= 0:
        return _integer_power(base, exponent)
    if base == 0 and exponent < 0:
        raise _no_value("0 has no negative power", 1)
    if base < 0 and not float(exponent).is_integer():
        raise _no_value("a negative number has no fractional power", 0)
    return _compute_floats("**", base, exponent)


def _integer_power(base: int, exponent: int) -> int:
    if abs(base) > 1 and exponent > _LARGEST_EXPONENT:
        raise _beyond_limit(_TOO_LARGE)
    power: int = base**exponent
    _check_magnitude(power)
    return power


def _negative(value: Constant) -> Constant:
    return -_number(value, "- takes a number", 0)


def _positive(value: Constant) -> Constant:
    return _number(value, "+ takes a number", 0)


def _not(value: Constant) -> Constant:
    return not truth(value, "not")


OPERATORS: Mapping[str, Callable[[Constant, Constant], Constant]] = {
    "+": _add,
    "-": partial(_arithmetic, "-"),
    "*": _multiply,
    "/": _divide,
    "//": partial(_arithmetic, "//"),
    "%": partial(_arithmetic, "%"),
    "**": _power,
}
PREFIXES: Mapping[str, Callable[[Constant], Constant]] = {
    "-": _negative,
    "+": _positive,
    "not": _not,
}


# --- comparisons; the answer None means that it depends on a symbolic size ----------------------

_ORDERS: Mapping[str, Callable[[int | float | str, int | float | str], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(symbol: str, left: Constant, right: Constant) -> bool:
    """Whether `left symbol right` is so, for a symbol of `COMPARISONS`."""
    answer = COMPARISONS[symbol](left, right)
    if answer is None:
        raise _undecided(left, right)
    return answer


def _undecided(left: Constant, right: Constant) -> OperationError:
    """The fault that names a symbolic size on which a comparison depends."""
    sides = (left, right)
    operand, size = next((i, size) for i, side in enumerate(sides) for size in _sizes(side))
    return _unknown_size(size, operand, _ITSELF if sides[operand] is size else _AN_ITEM)


def _sizes(value: Constant) -> Iterator[Dim]:
    """The symbolic sizes in a list, however deep."""
    if isinstance(value, Dim):
        yield value
    if isinstance(value, tuple):
        for item in value:
            yield from _sizes(item)


def _negated(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _equal(left: Constant, right: Constant) -> bool | None:
    """Whether two values are equal. Values of different kinds are not; `true` is not 1."""
    if isinstance(left, tuple) and isinstance(right, tuple):
        return _equal_lists(left, right)
    if isinstance(left, Dim) or isinstance(right, Dim):
        return _equal_sizes(left, right)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left == right


def _equal_lists(left: tuple[Constant, ...], right: tuple[Constant, ...]) -> bool | None:
    if len(left) != len(right):
        return False
    answers = set(map(_equal, left, right))
    return False if False in answers else None if None in answers else True


def _equal_sizes(left: Constant, right: Constant) -> bool | None:
    if isinstance(left, (bool, str, tuple, TensorType)):
        return False
    if isinstance(right, (bool, str, tuple, TensorType)):
        return False
    if isinstance(left, float) or isinstance(right, float):
        return None
    proof = compare(left, right)
    return None if proof is Proof.UNKNOWN else proof is Proof.EQUAL


def _contains(symbol: str, value: Constant, items: Constant) -> bool | None:
    answers = {_equal(item, value) for item in _list(items, f"{symbol} takes a list", 1)}
    return True if True in answers else None if None in answers else False


def _ordered(symbol: str, left: Constant, right: Constant) -> bool | None:
    if isinstance(left, str) and isinstance(right, str):
        return _ORDERS[symbol](left, right)
    takes = f"{symbol} takes two numbers or two strings"
    a, b = _number(left, takes, 0), _number(right, takes, 1)
    if not isinstance(a, Dim) and not isinstance(b, Dim):
        return _ORDERS[symbol](a, b)
    if isinstance(a, float) or isinstance(b, float):
        return None
    return _ordered_sizes(symbol, a, b)


def _ordered_sizes(symbol: str, left: Size, right: Size) -> bool | None:
    """`a < b` is `not a >= b`, and `a <= b` is `b >= a`: all four come down to `at_least`."""
    if symbol in ("<=", ">"):
        left, right = right, left
    answer = at_least(left, right)
    return answer if symbol in ("<=", ">=") else _negated(answer)


COMPARISONS: Mapping[str, Callable[[Constant, Constant], bool | None]] = {
    "==": _equal,
    "!=": lambda left, right: _negated(_equal(left, right)),
    "in": partial(_contains, "in"),
    "not in": lambda left, right: _negated(_contains("not in", left, right)),
    **{symbol: partial(_ordered, symbol) for symbol in _ORDERS},
}


# --- lists, attributes and text -----------------------------------------------------------------


def make_list(*items: Constant) -> Constant:
    """The list of `items`."""
    _check_items(_weight(items))
    return items


def item(items: Constant, index: Constant) -> Constant:
    """`items[index]`; a negative index counts from the end."""
    values = _list(items, "only a list has items", 0)
    position = _integer(index, "an index is an integer", 1)
    if not -len(values) <= position < len(values):
        raise _no_value(f"the index {position} is outside a list of {len(values)} items", 1)
    return values[position]


def part(items: Constant, begin: Constant, end: Constant) -> Constant:
    """`items[begin:end]`, as in Python: of what is outside the list there is nothing."""
    values = _list(items, "only a list has parts", 0)
    first, last = (_integer(v, "an index is an integer", i) for i, v in ((1, begin), (2, end)))
    return values[first:last]


ATTRIBUTES: Mapping[str, Callable[[TensorType], Constant]] = {
    "channels": lambda tensor: tensor.channels,
    "height": lambda tensor: tensor.height,
    "width": lambda tensor: tensor.width,
    "depth": lambda tensor: tensor.depth,
    "length": lambda tensor: tensor.length,
    "rank": lambda tensor: tensor.rank,
    "shape": lambda tensor: tensor.shape,
}


def attribute(name: str, value: Constant) -> Constant:
    """The attribute `name`, one of `ATTRIBUTES`, of a tensor."""
    if not isinstance(value, TensorType):
        raise _wrong_type(value, "only a tensor has attributes", 0)
    try:
        return ATTRIBUTES[name](value)
    except LookupError as error:
        raise OperationError("expression-type", str(error.args[0])) from None


def join(*parts: Constant) -> Constant:
    """The values as they read in a longer scalar, one after the other."""
    texts = [_as_text(part, operand) for operand, part in enumerate(parts)]
    _check_characters(sum(map(len, texts)))
    return "".join(texts)


def _as_text(value: Constant, operand: int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (tuple, TensorType)):
        takes = "only numbers, booleans, strings and sizes can stand inside text"
        raise _wrong_type(value, takes, operand)
    return str(value)


# --- functions ----------------------------------------------------------------------------------


def _extreme(function: str, order: str, *values: Constant) -> Constant:
    """The least (order `<=`) or the largest (`>=`), which must be provable for symbolic sizes."""
    if len(values) == 1:
        numbers = _numbers(function, values[0])
    else:
        numbers = [_number(v, f"{function} takes numbers", i) for i, v in enumerate(values)]
    if not numbers:
        raise _no_value(f"an empty list has no {function}", 0)
    constants_first = sorted(numbers, key=lambda number: isinstance(number, Dim))
    return reduce(partial(_better, order), constants_first)


def _better(order: str, left: Number, right: Number) -> Number:
    # That 16*h >= 16 is provable; that 16 >= 16*h is neither true nor false. So both are asked.
    for one, other in ((left, right), (right, left)):
        if _ordered(order, one, other):
            return one
    message = f"it is not known which is larger, {left} or {right}: constants are needed here"
    raise OperationError("unknown-size", message)


def _sum(values: Constant) -> Constant:
    numbers = _numbers("sum", values)
    sizes = [number for number in numbers if isinstance(number, Dim)]
    if sizes and any(isinstance(number, float) for number in numbers):
        raise _unknown_size(sizes[0], 0, _AN_ITEM)
    return reduce(partial(_compute, "+"), numbers, 0)


def _len(value: Constant) -> Constant:
    return len(_list(value, "len takes a list", 0))


def _range(*bounds: Constant) -> Constant:
    integers = [_integer(bound, "range takes integers", i) for i, bound in enumerate(bounds)]
    if len(integers) == 3 and integers[2] == 0:
        raise _no_value("range takes a step other than 0", 2)
    items = range(*integers)
    _check_items(len(items))
    return tuple(items)


def _whole(name: str, rounding: Callable[[float], int], value: Constant) -> Constant:
    """A number made an integer, after a look at its magnitude."""
    number = _constant(value, f"{name} takes a number", 0)
    _check_magnitude(number)
    return rounding(number)


def _float(value: Constant) -> Constant:
    return float(_constant(value, "float takes a number", 0))


def _sqrt(value: Constant) -> Constant:
    number = _constant(value, "sqrt takes a number", 0)
    if number < 0:
        raise _no_value(f"sqrt takes a number of at least 0, received {number}", 0)
    return math.sqrt(number)


def _log2(value: Constant) -> Constant:
    number = _constant(value, "log2 takes a number", 0)
    if number <= 0:
        raise _no_value(f"log2 takes a number above 0, received {number}", 0)
    return math.log2(number)


def _round_to(value: Constant, multiple: Constant, least: Constant = 0) -> Constant:
    number = _constant(value, "round_to takes a number", 0)
    fraction = _constant(least, "round_to takes a fraction that is a number", 2)
    step = _integer(multiple, "round_to takes a multiple that is an integer", 1)
    if step < 1:
        raise _no_value(f"round_to takes a multiple of at least 1, received {step}", 1)
    if not 0 <= fraction <= 1:
        raise _no_value(f"round_to takes a fraction from 0 to 1, received {fraction}", 2)
    _check_magnitude(number)
    nearest = max(step, math.floor((2 * number + step) // (2 * step)) * step)
    return bounded(nearest if nearest >= fraction * number else nearest + step)


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the language: its line in the manual, its work, how many arguments it takes."""

    description: str
    call: Callable[..., Constant]
    fewest: int = 1
    most: int = 1

    @property
    def arity(self) -> str:
        """The number of arguments, in words."""
        if self.fewest == self.most:
            return f"{self.most} argument{'s' if self.most > 1 else ''}"
        if self.most >= _ANY_NUMBER:
            return f"at least {self.fewest} argument"
        return f"{self.fewest} to {self.most} arguments"


FUNCTIONS: Mapping[str, Function] = {
    "min": Function(
        "min(a, b, …) or min(list): the least of some numbers",
        partial(_extreme, "min", "<="),
        most=_ANY_NUMBER,
    ),
    "max": Function(
        "max(a, b, …) or max(list): the largest of some numbers",
        partial(_extreme, "max", ">="),
        most=_ANY_NUMBER,
    ),
    "sum": Function("sum(list): the sum of the numbers of a list; 0 if it is empty", _sum),
    "len": Function("len(list): the number of items of a list", _len),
    "range": Function(
        "range(stop), range(start, stop) or range(start, stop, step): as in Python", _range, most=3
    ),
    "round": Function(
        "round(v): the nearest integer, and of two that are as near the even one",
        partial(_whole, "round", round),
    ),
    "floor": Function(
        "floor(v): the largest integer not above v", partial(_whole, "floor", math.floor)
    ),
    "ceil": Function(
        "ceil(v): the smallest integer not below v", partial(_whole, "ceil", math.ceil)
    ),
    "int": Function(
        "int(v): the integer part of v; rounds towards zero", partial(_whole, "int", math.trunc)
    ),
    "float": Function("float(v): the number v as a float", _float),
    "sqrt": Function("sqrt(v): the square root of v, a float", _sqrt),
    "log2": Function("log2(v): the logarithm of v to the base 2, a float", _log2),
    "round_to": Function(
        "round_to(v, multiple) or round_to(v, multiple, least): the multiple nearest to v, of two "
        "as near the larger, and never below one: max(multiple, floor(v / multiple + 1/2) * "
        "multiple); the next above it if that is less than least * v",
        _round_to,
        fewest=2,
        most=3,
    ),
}

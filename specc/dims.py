"""Exact symbolic integers: the sizes of a tensor's axes.

A size is a plain `int` where it is known and a `Dim` where it depends on symbols, which stand for
unknown integers of at least 1. `Dim` is an integer polynomial over symbols and floor divisions,
kept in one canonical form, so `==` means "equal by normal form": `(32*h) // 2 == 16*h`. The same
arithmetic serves both kinds: a layer writes `(n + 2*p - k) // s + 1` and need not ask which it has.

Nothing here rounds, guesses or grows without bound: a result beyond the limits below is a
`DimError`, and a comparison that cannot be settled is `Proof.UNKNOWN`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from itertools import chain
from math import gcd, lcm, prod
from operator import index
from typing import NamedTuple, TypeAlias

MAX_COEFFICIENT = 2**63
MAX_TERMS = 64
MAX_DEGREE = 16
MAX_DEPTH = 16
MAX_FLOOR_ATOMS = 64

MAX_TEXT = 256
MAX_TEXT_DEPTH = 32
MAX_TEXT_NUMBER = 2**53

_FAR = 2**20
_MAX_HINT_FACTOR = 4096
_MAX_HINT_SYMBOLS = 8


class DimError(ValueError):
    """A size left the bounds of exact arithmetic: too many terms, too deep, or too large."""


class DimSyntaxError(ValueError):
    """A text is not a size; `start` and `end` are character offsets into it, `end` exclusive."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end


class Proof(Enum):
    """What is known of the equality of two sizes, for all values of their symbols."""

    EQUAL = auto()
    DIFFERENT = auto()
    UNKNOWN = auto()


Atom: TypeAlias = "str | Floor"
Monomial: TypeAlias = (
    "tuple[Atom, ...]"  # symbols first, then by text; a power repeats its atom; () is 1
)


@dataclass(frozen=True, slots=True, repr=False)
class Dim:
    """A size that depends on at least one symbol: immutable, hashable, canonical.

    `terms` maps each monomial to its coefficient, which is never 0. Make one with `symbol` and
    arithmetic, never directly. Every operator takes and returns `int | Dim`; a constant result is
    always an `int`. Raises `DimError` beyond the module's limits and `ZeroDivisionError` for a
    divisor that is 0. There is no ordering: ask `at_least`.
    """

    terms: Mapping[Monomial, int]

    def __hash__(self) -> int:
        return hash(frozenset(self.terms.items()))

    def __str__(self) -> str:
        return _text(self)

    def __repr__(self) -> str:
        return f"<Dim {self}>"

    def __neg__(self) -> Size:
        return self * -1

    def __add__(self, other: Size) -> Size:
        return _plus(self, other, 1)

    __radd__ = __add__

    def __sub__(self, other: Size) -> Size:
        return _plus(self, other, -1)

    def __rsub__(self, other: Size) -> Size:
        return _plus(other, self, -1)

    def __mul__(self, other: Size) -> Size:
        if not isinstance(other, Dim):
            times = index(other)
            return _size({m: c * times for m, c in self.terms.items()})
        terms: dict[Monomial, int] = {}
        for left, a in self.terms.items():
            for right, b in other.terms.items():
                monomial = _times(left, right)
                terms[monomial] = terms.get(monomial, 0) + a * b
        return _size(terms)

    __rmul__ = __mul__

    def __floordiv__(self, other: Size) -> Size:
        """Round down, as Python does.

        By a `Dim` that divides exactly, the quotient, which holds wherever the divisor is not 0.
        """
        return _quotient(self, other)

    def __rfloordiv__(self, other: Size) -> Size:
        return _quotient(other, self)

    def __mod__(self, other: Size) -> Size:
        return self - other * (self // other)

    def __rmod__(self, other: Size) -> Size:
        return other - self * (other // self)


Size: TypeAlias = int | Dim
Shape: TypeAlias = tuple[Size, ...]


class Floor(NamedTuple):
    """The atom `numerator // divisor`, in normal form.

    For an integer divisor d > 1: each coefficient of the numerator is in 0..d-1, those of its terms
    that are not constant have no factor in common with d, and it does not hold, as its only floor,
    plus or minus one floor modulo d.
    """

    numerator: Size
    divisor: Size

    def __str__(self) -> str:
        return _floor_text(self)


def symbol(name: str) -> Dim:
    """The unknown positive integer called `name`."""
    return _atom(name)


def product(sizes: Iterable[Size]) -> Size:
    """The product of `sizes`; 1 if there are none."""
    result: Size = 1
    for size in sizes:
        result = result * size
    return result


def symbols(size: Size) -> frozenset[str]:
    """The names of the symbols that `size` depends on."""
    if isinstance(size, int):
        return frozenset()
    names: set[str] = set()
    for atom in chain.from_iterable(size.terms):
        if isinstance(atom, str):
            names.add(atom)
        else:
            names |= symbols(atom.numerator) | symbols(atom.divisor)
    return frozenset(names)


def substitute(size: Size, bindings: Mapping[str, Size]) -> Size:
    """`size` with the symbols in `bindings` replaced, all at once; the others stay."""
    if isinstance(size, int):
        return size
    total: Size = 0
    for monomial, coefficient in size.terms.items():
        term: Size = coefficient
        for atom in monomial:
            term = term * _bound(atom, bindings)
        total = total + term
    return total


def evaluate(size: Size, bindings: Mapping[str, int]) -> int:
    """The integer that `size` is under `bindings`. Raises `KeyError` for a symbol left out."""
    value = substitute(size, bindings)
    if isinstance(value, Dim):
        raise KeyError(min(symbols(value)))
    return value


# --- the canonical form -----------------------------------------------------------------------


def _atom(atom: Atom) -> Dim:
    return Dim({(atom,): 1})


def _terms(size: Size) -> Mapping[Monomial, int]:
    return size.terms if isinstance(size, Dim) else {(): index(size)}  # a float is a TypeError


def _constant(size: Size) -> int:
    return size if isinstance(size, int) else size.terms.get((), 0)


def _coefficients(size: Size) -> list[int]:
    """The coefficients of the terms that are not constant."""
    return [c for m, c in _terms(size).items() if m]


def _size(terms: Mapping[Monomial, int]) -> Size:
    """The canonical size of a sum of terms: no zero terms, and a constant is an int."""
    floors = [m for m in terms if _lone_floor(m)]
    if floors:
        terms = _without_complements(terms, floors)
    kept = {m: c for m, c in terms.items() if c}
    if not kept:
        return 0
    if len(kept) == 1 and () in kept:
        return kept[()]
    if len(kept) > MAX_TERMS:
        raise DimError(f"a size has more than {MAX_TERMS} terms")
    if any(abs(c) >= MAX_COEFFICIENT for c in kept.values()):
        raise DimError("a size has a coefficient beyond 2^63")
    return Dim(kept)


def _plus(left: Size, right: Size, factor: int) -> Size:
    """`left + factor * right`."""
    terms = dict(_terms(left))
    for monomial, coefficient in _terms(right).items():
        terms[monomial] = terms.get(monomial, 0) + factor * coefficient
    return _size(terms)


def _times(left: Monomial, right: Monomial) -> Monomial:
    if not left or not right:
        return left or right
    if len(left) + len(right) > MAX_DEGREE:
        raise DimError(f"a size has a product of more than {MAX_DEGREE} factors")
    return tuple(sorted(left + right, key=_atom_order))


def _without(monomial: Monomial, factor: Monomial) -> Monomial | None:
    """`monomial / factor`, or None where it does not divide."""
    rest = list(monomial)
    for atom in factor:
        if atom not in rest:
            return None
        rest.remove(atom)
    return tuple(rest)


def _atom_order(atom: Atom) -> tuple[bool, str]:
    return isinstance(atom, Floor), str(atom)


def _order(monomial: Monomial) -> tuple[int, list[tuple[bool, str]]]:
    """Graded lexicographic, the highest first: a monomial order, so long division by it ends."""
    return -len(monomial), [_atom_order(atom) for atom in monomial]


def _bound(atom: Atom, bindings: Mapping[str, Size]) -> Size:
    if isinstance(atom, str):
        return bindings[atom] if atom in bindings else _atom(atom)
    return substitute(atom.numerator, bindings) // substitute(atom.divisor, bindings)


# --- complementary floors: h//2 and (h + 1)//2 add up to h -------------------------------------


def _lone_floor(monomial: Monomial) -> Floor | None:
    """The floor by an integer in a monomial that has no other floor."""
    floors = [atom for atom in monomial if isinstance(atom, Floor)]
    return floors[0] if len(floors) == 1 and isinstance(floors[0].divisor, int) else None


def _complement(floor: Floor) -> tuple[Floor, tuple[Monomial, ...]]:
    """The floor g, in normal form, and the monomials of the sum m, with `floor + g == m`.

    From -floor(p/d) = floor((d - 1 - p) / d), with the coefficients reduced modulo d.
    """
    divisor = _constant(floor.divisor)
    terms = {m: divisor - c for m, c in _terms(floor.numerator).items() if m}
    rest = divisor - 1 - _constant(floor.numerator)
    return Floor(_size({**terms, (): rest}), divisor), tuple(terms)


def _without_complements(
    terms: Mapping[Monomial, int], floors: Iterable[Monomial]
) -> dict[Monomial, int]:
    """The same sum with no negative floor and no floor beside its complement.

    So `h - h//2` is `(h + 1)//2`. Monomials with several floors stay as they are.
    """
    result = dict(terms)
    pending = list(floors)
    alone = len(pending) == 1  # the usual case, which need not build the complement
    while pending:
        monomial = pending.pop()
        floor = _lone_floor(monomial)
        if floor is None or (alone and result[monomial] > 0):
            continue
        other = _swap(monomial, floor)[0]
        shared = min(result[monomial], result.get(other, 0))
        if shared:
            _move(result, monomial, floor, shared)
            pending += [m for m in result if _lone_floor(m)]
            alone = False
    return result


def _swap(monomial: Monomial, floor: Floor) -> tuple[Monomial, list[Monomial]]:
    """`monomial` with its floor's complement instead, and the monomials that both add up to."""
    cofactor = tuple(atom for atom in monomial if atom != floor)
    other, whole = _complement(floor)
    return _times(cofactor, (other,)), [_times(cofactor, m) for m in whole]


def _move(terms: dict[Monomial, int], monomial: Monomial, floor: Floor, count: int) -> None:
    """Write `count` of `monomial` in `terms` as what it and its complement add up to, less that."""
    other, whole = _swap(monomial, floor)
    for changed, step in ((monomial, -count), (other, -count), *((m, count) for m in whole)):
        terms[changed] = terms.get(changed, 0) + step


# --- floor division ---------------------------------------------------------------------------


def _quotient(size: Size, divisor: Size) -> Size:
    if isinstance(divisor, Dim):
        exact = _exact_quotient(size, divisor)
        return _floor(size, divisor) if exact is None else exact
    divisor = index(divisor)
    if divisor < 0:
        return _quotient(-size, -divisor)
    if isinstance(size, int) or divisor == 0:
        return _constant(size) // divisor
    # floor((d*q + r) / d) = q + floor(r / d): what is whole moves out, coefficient by coefficient.
    whole = _size({m: c // divisor for m, c in size.terms.items()})
    rest = _size({m: c % divisor for m, c in size.terms.items()})
    return whole if isinstance(rest, int) else whole + _proper_floor(rest, divisor)


def _proper_floor(size: Dim, divisor: int) -> Size:
    """`size // divisor` where every coefficient is already in 0..divisor-1."""
    common = gcd(divisor, *_coefficients(size))
    if common > 1:
        # floor((g*p + r) / (g*d)) = floor((p + floor(r/g)) / d)
        return _quotient(_size({m: c // common for m, c in size.terms.items()}), divisor // common)
    inner = _sole_floor(size, divisor)
    if inner is None:
        return _floor(size, divisor)
    coefficient = size.terms[(inner,)]
    rest = _size({m: c for m, c in size.terms.items() if m != (inner,)})
    if coefficient == 1:
        # floor((floor(p/b) + q) / c) = floor((p + b*q) / (b*c))
        return (inner.numerator + inner.divisor * rest) // (inner.divisor * divisor)
    # floor(((d-1)*f + q) / d) = f + floor((q - f) / d), and -f is g - m, which flattens as above.
    other, whole = _complement(inner)
    return _atom(inner) + (_atom(other) - _size(dict.fromkeys(whole, 1)) + rest) // divisor


def _sole_floor(size: Dim, divisor: int) -> Floor | None:
    """The floor by an integer f of a size `f + q` or `(divisor-1)*f + q` where q has no floors."""
    floors = [m for m in size.terms if any(isinstance(atom, Floor) for atom in m)]
    if len(floors) != 1 or len(floors[0]) != 1:
        return None
    return _lone_floor(floors[0]) if size.terms[floors[0]] in (1, divisor - 1) else None


def _exact_quotient(size: Size, divisor: Dim) -> Size | None:
    """The polynomial q with `q * divisor == size`, by long division, or None."""
    lead = min(divisor.terms, key=_order)
    result: Size = 0
    while size != 0:
        terms = _terms(size)
        top = min(terms, key=_order)
        monomial = _without(top, lead)
        coefficient, rest = divmod(terms[top], divisor.terms[lead])
        if monomial is None or rest:
            return None
        step = _size({monomial: coefficient})
        result = result + step
        size = size - step * divisor
        if top in _terms(size):
            return None  # complements put the leading term back
    return result


def _floor(numerator: Size, divisor: Size) -> Dim:
    """The atom `numerator // divisor`, which must be in normal form, within the limits."""
    if isinstance(divisor, int) and divisor >= MAX_COEFFICIENT:
        raise DimError("a size has a divisor beyond 2^63")
    floor = Floor(numerator, divisor)
    atoms = list(_nested(floor, 0))
    if len(atoms) > MAX_FLOOR_ATOMS:
        raise DimError(f"a floor division holds more than {MAX_FLOOR_ATOMS} symbols and floors")
    if max(atoms) > MAX_DEPTH:
        raise DimError(f"floor divisions are nested deeper than {MAX_DEPTH}")
    return _atom(floor)


def _nested(atom: Atom, depth: int) -> Iterator[int]:
    """The depth of each atom in `atom`, itself included."""
    yield depth
    if isinstance(atom, Floor):
        for part in (atom.numerator, atom.divisor):
            for inner in chain.from_iterable(_terms(part)):
                yield from _nested(inner, depth + 1)


# --- bounds and proofs ------------------------------------------------------------------------


def lower_bound(size: Size) -> int | None:
    """An integer that `size` is never below, whatever its symbols are; None if none is found."""
    if isinstance(size, int):
        return size
    relaxations = ((size, 1), *_relaxations(size))
    found = [(_corner(poly), scale) for poly, scale in relaxations]
    return max((-(-bound // scale) for bound, scale in found if bound is not None), default=None)


def upper_bound(size: Size) -> int | None:
    """An integer that `size` is never above, whatever its symbols are; None if none is found."""
    bound = lower_bound(-size)
    return None if bound is None else -bound


def value_at(size: Size, number: int) -> int:
    """The integer that `size` is where every symbol is `number`.

    Raises `ZeroDivisionError` where it has no value.
    """
    if isinstance(size, int):
        return size
    return sum(
        coefficient * prod(_atom_at(atom, number) for atom in monomial)
        for monomial, coefficient in size.terms.items()
    )


def _atom_at(atom: Atom, number: int) -> int:
    if isinstance(atom, str):
        return number
    return value_at(atom.numerator, number) // value_at(atom.divisor, number)


def _changes_sign(size: Size) -> bool:
    """Whether `size` is negative at one of two points and not at the other.

    If so, no bound can settle its sign, and the search for one is spared.
    """
    try:
        return (value_at(size, 1) < 0) is not (value_at(size, _FAR) < 0)
    except ZeroDivisionError:
        return False


def compare(a: Size, b: Size) -> Proof:
    """Whether `a` and `b` are equal for all values of their symbols, or for none."""
    if a == b:
        return Proof.EQUAL
    try:
        difference = a - b
    except DimError:
        return Proof.UNKNOWN
    if isinstance(difference, int):
        return Proof.DIFFERENT if difference else Proof.EQUAL
    if _constant(difference) % gcd(*_coefficients(difference)):
        return Proof.DIFFERENT  # as 2*h and 2*k + 1
    if _changes_sign(difference):
        return Proof.UNKNOWN
    low, high = lower_bound(difference), upper_bound(difference)
    excluded = (low is not None and low > 0) or (high is not None and high < 0)
    return Proof.DIFFERENT if excluded else Proof.UNKNOWN


def at_least(a: Size, b: Size) -> bool | None:
    """Whether `a >= b` for all values of their symbols (True), or for none (False).

    None if neither is provable.
    """
    try:
        difference = a - b
    except DimError:
        return None
    if _changes_sign(difference):
        return None
    low = lower_bound(difference)
    if low is not None and low >= 0:
        return True
    high = upper_bound(difference)
    return False if high is not None and high < 0 else None


def _corner(size: Size) -> int | None:
    """The value with every atom at its least, if `size` does not fall anywhere from there.

    Each atom a is written as its least value plus some a' >= 0, a symbol of its own; if no a' then
    has a negative coefficient, the constant is a lower bound. So `h*w - h` is found to be >= 0.
    """
    shifted: Size = 0
    try:
        for monomial, coefficient in _terms(size).items():
            term: Size = coefficient
            for atom in monomial:
                least = _least(atom)
                if least is None:
                    return None
                term = term * (symbol(str(atom)) + least)
            shifted = shifted + term
    except DimError:
        return None
    return None if any(c < 0 for c in _coefficients(shifted)) else _constant(shifted)


def _least(atom: Atom) -> int | None:
    if isinstance(atom, str):
        return 1
    # In normal form the numerator over an integer has no negative coefficient: its corner is exact.
    low = _corner(atom.numerator)
    if low is None or isinstance(atom.divisor, int):
        return None if low is None else low // _constant(atom.divisor)
    divisor = _corner(atom.divisor)
    return 0 if low >= 0 and divisor is not None and divisor >= 1 else None


def _is_natural(atom: Atom) -> bool:
    least = _least(atom)
    return least is not None and least >= 0


def _relaxations(size: Dim) -> Iterator[tuple[Size, int]]:
    """Pairs (poly, scale) with `scale * size >= poly`.

    First the floors that pull `size` down are gone from poly, then all of them, each replaced by
    one side of `(p - d + 1) / d <= p // d <= p / d`. So `h - 2*(h//2)` is found to be at least 0.
    """
    for every in (False, True):
        try:
            yield _relax(size, every)
        except DimError:
            continue


def _relax(size: Size, every: bool) -> tuple[Size, int]:
    scale = 1
    while (found := _relaxable(size, every)) is not None:
        cofactor, coefficient, floor, divisor = found
        slack = divisor - 1 if coefficient > 0 else 0
        factor = _size({cofactor: coefficient})
        size = divisor * (size - factor * _atom(floor)) + factor * (floor.numerator - slack)
        scale *= divisor
    return size, scale


def _relaxable(size: Size, every: bool) -> tuple[Monomial, int, Floor, int] | None:
    """A term as (cofactor, coefficient, floor, its divisor), with a cofactor that is at least 0."""
    for monomial, coefficient in _terms(size).items():
        if coefficient > 0 and not every:
            continue
        for position, atom in enumerate(monomial):
            if isinstance(atom, str) or isinstance(atom.divisor, Dim):
                continue
            cofactor = monomial[:position] + monomial[position + 1 :]
            if all(_is_natural(other) for other in cofactor):
                return cofactor, coefficient, atom, atom.divisor
    return None


# --- hints ------------------------------------------------------------------------------------


def hint(a: Size, b: Size) -> str:
    """Which declaration of symbols would make `a` and `b` equal, as an instruction to the user.

    For a comparison that was `Proof.UNKNOWN`. A declaration that is named has been tried: with it
    the two compare equal. Where no such declaration is found, the sentence is in general terms.
    """
    few = len(symbols(a) | symbols(b)) <= _MAX_HINT_SYMBOLS
    for search in (_same_symbol, _exact_multiples, _definition) if few else ():
        try:
            found = search(a, b)
        except DimError:
            continue
        if found is not None:
            return found
    floors = sorted(str(floor) for size in (a, b) for floor in _floors(size))
    if floors:
        return f"declare the inputs as multiples, so that {floors[0]} divides exactly"
    return f"declare the inputs so that {a} and {b} are the same expression"


def _same_symbol(a: Size, b: Size) -> str | None:
    """Two symbols that would settle it if they were one."""
    for left in sorted(symbols(a) - symbols(b)):
        for right in sorted(symbols(b) - symbols(a)):
            if _equal_under(a, b, {right: symbol(left)}):
                return f"write the same symbol for {left} and {right}"
    return None


def _exact_multiples(a: Size, b: Size) -> str | None:
    """The least multiples of symbols under which every floor that matters is exact."""
    floors = [floor for size in (a, b) for floor in _floors(size)]
    factor = lcm(*(floor.divisor for floor in floors if isinstance(floor.divisor, int)))
    if factor == 1 or factor > _MAX_HINT_FACTOR:
        return None
    names = sorted({name for floor in floors for name in symbols(floor.numerator)})
    factors = dict.fromkeys(names, factor)
    if not _equal_under(a, b, _multiples(factors)):
        return None
    for name in names:
        factors[name] = next(
            smaller
            for smaller in range(1, factor + 1)
            if factor % smaller == 0 and _equal_under(a, b, _multiples({**factors, name: smaller}))
        )
    wanted = [f"{name} as {times}*{name}" for name, times in factors.items() if times > 1]
    return f"declare {' and '.join(wanted)}"


def _definition(a: Size, b: Size) -> str | None:
    """One symbol solved for: `N` against 32, or `w` against `16*h`."""
    difference = a - b
    for name in sorted(symbols(difference)):
        coefficient = _terms(difference).get((name,), 0)
        if not coefficient:
            continue
        rest = difference - coefficient * symbol(name)
        value = -rest // coefficient
        if name in symbols(rest) or at_least(value, 1) is not True:
            continue
        if _equal_under(a, b, {name: value}):
            return f"declare {name} as {value}"
    return None


def _floors(size: Size) -> Iterator[Floor]:
    for atom in chain.from_iterable(_terms(size)):
        if isinstance(atom, Floor):
            yield atom
            yield from _floors(atom.numerator)


def _multiples(factors: Mapping[str, int]) -> dict[str, Size]:
    return {name: factor * symbol(name) for name, factor in factors.items()}


def _equal_under(a: Size, b: Size, bindings: Mapping[str, Size]) -> bool:
    try:
        return compare(substitute(a, bindings), substitute(b, bindings)) is Proof.EQUAL
    except DimError:
        return False


# --- text -------------------------------------------------------------------------------------


def _text(size: Dim) -> str:
    """The shortest of the spellings that differ in complementary floors."""
    terms = dict(size.terms)
    for monomial in sorted(filter(_lone_floor, terms), key=_order):
        floor = _lone_floor(monomial)
        if floor is not None:
            terms = min(terms, _spelled_without(terms, floor), key=_length)
    return _sum_text(terms)


def _length(terms: Mapping[Monomial, int]) -> tuple[int, int]:
    return len(terms), len(_sum_text(terms))


def _spelled_without(terms: Mapping[Monomial, int], floor: Floor) -> dict[Monomial, int]:
    result = dict(terms)
    for monomial, coefficient in terms.items():
        if _lone_floor(monomial) == floor:
            _move(result, monomial, floor, coefficient)
    return {m: c for m, c in result.items() if c}


def _sum_text(terms: Mapping[Monomial, int]) -> str:
    text = ""
    ordered = sorted(terms, key=_order)
    first = next((m for m in ordered if terms[m] > 0), ordered[0])  # 3 - h, rather than -h + 3
    for monomial in sorted(ordered, key=lambda m: m != first):
        coefficient = terms[monomial]
        if text:
            text += f" {'-' if coefficient < 0 else '+'} {_term_text(abs(coefficient), monomial)}"
        elif coefficient == -1 and monomial:
            text = f"-{_product_text(monomial)}"
        else:
            text = _term_text(coefficient, monomial)
    return text


def _term_text(coefficient: int, monomial: Monomial) -> str:
    if not monomial:
        return str(coefficient)
    if coefficient != 1:
        return f"{coefficient}*{_product_text(monomial)}"
    return str(monomial[0]) if len(monomial) == 1 else _product_text(monomial)


def _product_text(monomial: Monomial) -> str:
    return "*".join(atom if isinstance(atom, str) else f"({atom})" for atom in monomial)


@lru_cache(maxsize=4096)  # the order of atoms is that of their texts, which nest
def _floor_text(floor: Floor) -> str:
    return f"{_operand_text(floor.numerator)}//{_operand_text(floor.divisor)}"


def _operand_text(size: Size) -> str:
    """`size` as one side of `//`: what is more than a number or a symbol goes in parentheses."""
    text = str(size)
    return text if text.isalnum() or text.isidentifier() else f"({text})"


# --- the input language -----------------------------------------------------------------------

_TOKEN = re.compile(r"[0-9]+|[A-Za-z][A-Za-z0-9_]*|//|[-+*()]")
_SPACE = re.compile(r"\s*")

_Operator: TypeAlias = Callable[[Size, Size], Size]

_SUMS: dict[str, _Operator] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
}
_PRODUCTS: dict[str, _Operator] = {
    "*": lambda a, b: a * b,
    "//": lambda a, b: a // b,
}


def parse_size(text: str) -> Size:
    """The size that `text` denotes: integers, symbols, `+ - * //` and parentheses.

    Reads back what `str` of a size writes. Raises `DimSyntaxError` with offsets into `text`. The
    text has at most 256 characters, is nested at most 32 deep, and no number in it, or made by it,
    is beyond 2^53.
    """
    if len(text) > MAX_TEXT:
        raise DimSyntaxError(f"a size is at most {MAX_TEXT} characters long", 0, len(text))
    parser = _Parser(_tokens(text))
    size = parser.sum(0)
    token = parser.peek
    if token.text:
        raise DimSyntaxError(
            f"expected + - * or //, received {token.text!r}", token.start, token.end
        )
    return size


class _Token(NamedTuple):
    text: str  # empty at the end of the input
    start: int
    end: int


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = _skip_space(text, 0)
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            remedy = "; division is //" if text[position] == "/" else ""
            raise DimSyntaxError(
                f"unexpected {text[position]!r} in a size{remedy}", position, position + 1
            )
        tokens.append(_Token(match.group(), position, match.end()))
        position = _skip_space(text, match.end())
    return [*tokens, _Token("", len(text), len(text))]


def _skip_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


class _Parser:
    """Recursive descent; `*` and `//` bind equally, to the left, as in Python.

    sum: term (("+" | "-") term)*
    term: factor (("*" | "//") factor)*
    factor: "-" factor | "(" sum ")" | number | symbol
    """

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._position = 0

    @property
    def peek(self) -> _Token:
        return self._tokens[self._position]

    def _next(self) -> _Token:
        token = self.peek
        self._position += 1
        return token

    def sum(self, depth: int) -> Size:
        return self._chain(_SUMS, self._term, depth)

    def _term(self, depth: int) -> Size:
        return self._chain(_PRODUCTS, self._factor, depth)

    def _chain(
        self,
        operators: Mapping[str, _Operator],
        operand: Callable[[int], Size],
        depth: int,
    ) -> Size:
        start = self.peek.start
        size = operand(depth)
        while self.peek.text in operators:
            operator = operators[self._next().text]
            right = operand(depth)
            size = _bounded(operator, size, right, start, self._tokens[self._position - 1].end)
        return size

    def _factor(self, depth: int) -> Size:
        token = self.peek
        if depth > MAX_TEXT_DEPTH:
            raise DimSyntaxError(
                f"a size is nested deeper than {MAX_TEXT_DEPTH}", token.start, token.end
            )
        if not token.text or token.text in ")*+//":
            received = repr(token.text) if token.text else "the end"
            raise DimSyntaxError(
                f"expected a number or a symbol, received {received}", token.start, token.end
            )
        self._next()
        if token.text == "-":
            return -self._factor(depth + 1)
        if token.text == "(":
            return self._group(token, depth)
        return _number(token) if token.text[0].isdigit() else symbol(token.text)

    def _group(self, opening: _Token, depth: int) -> Size:
        size = self.sum(depth + 1)
        if self.peek.text != ")":
            raise DimSyntaxError("this parenthesis is not closed", opening.start, opening.end)
        self._next()
        return size


def _number(token: _Token) -> int:
    value = int(token.text)
    if value > MAX_TEXT_NUMBER:
        raise DimSyntaxError("a number in a size is at most 2^53", token.start, token.end)
    return value


def _bounded(operator: _Operator, left: Size, right: Size, start: int, end: int) -> Size:
    try:
        size = operator(left, right)
    except ZeroDivisionError:
        raise DimSyntaxError("a size is divided by zero", start, end) from None
    except DimError as error:
        raise DimSyntaxError(str(error), start, end) from None
    if any(abs(c) > MAX_TEXT_NUMBER for c in _terms(size).values()):
        raise DimSyntaxError("a number in a size is at most 2^53", start, end)
    return size

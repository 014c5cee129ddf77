"""What holds of sizes for all values of their symbols: bounds, proofs, and hints to the user.

Nothing here raises for a size it cannot settle: a bound that is not found is None, a comparison
that is not settled is `Proof.UNKNOWN`, and `hint` says which declaration would settle it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum, auto
from itertools import chain
from math import gcd, lcm

from specc.dims import (
    Atom,
    Dim,
    DimError,
    Floor,
    Monomial,
    Size,
    coefficients,
    constant_term,
    from_atom,
    from_terms,
    substitute,
    symbol,
    symbols,
    terms_of,
    value_at,
)

_FAR = 2**20
_MAX_HINT_FACTOR = 4096
_MAX_HINT_SYMBOLS = 8


class Proof(Enum):
    """What is known of the equality of two sizes, for all values of their symbols."""

    EQUAL = auto()
    DIFFERENT = auto()
    UNKNOWN = auto()


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
    if constant_term(difference) % gcd(*coefficients(difference)):
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
        for monomial, coefficient in terms_of(size).items():
            term: Size = coefficient
            for atom in monomial:
                least = _least(atom)
                if least is None:
                    return None
                term = term * (symbol(str(atom)) + least)
            shifted = shifted + term
    except DimError:
        return None
    return None if any(c < 0 for c in coefficients(shifted)) else constant_term(shifted)


def _least(atom: Atom) -> int | None:
    if isinstance(atom, str):
        return 1
    # In normal form the numerator over an integer has no negative coefficient: its corner is exact.
    low = _corner(atom.numerator)
    if low is None or isinstance(atom.divisor, int):
        return None if low is None else low // constant_term(atom.divisor)
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
        factor = from_terms({cofactor: coefficient})
        size = divisor * (size - factor * from_atom(floor)) + factor * (floor.numerator - slack)
        scale *= divisor
    return size, scale


def _relaxable(size: Size, every: bool) -> tuple[Monomial, int, Floor, int] | None:
    """A term as (cofactor, coefficient, floor, its divisor), with a cofactor that is at least 0."""
    for monomial, coefficient in terms_of(size).items():
        if coefficient > 0 and not every:
            continue
        for position, atom in enumerate(monomial):
            if isinstance(atom, str) or isinstance(atom.divisor, Dim):
                continue
            cofactor = monomial[:position] + monomial[position + 1 :]
            if all(_is_natural(other) for other in cofactor):
                return cofactor, coefficient, atom, atom.divisor
    return None


# --- hints --------------------------------------------------------------------------------------


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
        coefficient = terms_of(difference).get((name,), 0)
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
    for atom in chain.from_iterable(terms_of(size)):
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

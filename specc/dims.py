"""Exact symbolic integers: the sizes of a tensor's axes.

A size is a plain `int` where it is known and a `Dim` where it depends on symbols, which stand for
unknown integers of at least 1. `Dim` is an integer polynomial over symbols and floor divisions,
kept in one canonical form, so `==` means "equal by normal form": `(32*h) // 2 == 16*h`. The same
arithmetic serves both kinds: a layer writes `(n + 2*p - k) // s + 1` and need not ask which it has.

Nothing here rounds, guesses or grows without bound: a result beyond the limits below is a
`DimError`. What holds for all values of the symbols is asked of `specc.proofs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from math import gcd, prod
from operator import index
from typing import NamedTuple, TypeAlias

MAX_COEFFICIENT = 2**63
MAX_TERMS = 64
MAX_DEGREE = 16
MAX_DEPTH = 16
MAX_FLOOR_ATOMS = 64


class DimError(ValueError):
    """A size left the bounds of exact arithmetic: too many terms, too deep, or too large."""


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
    divisor that is 0. There is no ordering: ask `specc.proofs.at_least`.
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
            return from_terms({m: c * times for m, c in self.terms.items()})
        terms: dict[Monomial, int] = {}
        for left, a in self.terms.items():
            for right, b in other.terms.items():
                monomial = _times(left, right)
                terms[monomial] = terms.get(monomial, 0) + a * b
        return from_terms(terms)

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
    return from_atom(name)


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


def known(size: Size) -> int:
    """The integer that a size is which depends on no symbol. Raises `KeyError` for any other."""
    return evaluate(size, {})


def evaluate(size: Size, bindings: Mapping[str, int]) -> int:
    """The integer that `size` is under `bindings`. Raises `KeyError` for a symbol left out."""
    value = substitute(size, bindings)
    if isinstance(value, Dim):
        raise KeyError(min(symbols(value)))
    return value


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


# --- the canonical form -------------------------------------------------------------------------


def from_atom(atom: Atom) -> Dim:
    """The size that is `atom`: a symbol, or a floor in normal form."""
    return Dim({(atom,): 1})


def terms_of(size: Size) -> Mapping[Monomial, int]:
    """The coefficient of each monomial; the monomial of a constant is `()`."""
    return size.terms if isinstance(size, Dim) else {(): index(size)}  # a float is a TypeError


def constant_term(size: Size) -> int:
    """The coefficient of the monomial `()`; 0 if there is none."""
    return size if isinstance(size, int) else size.terms.get((), 0)


def coefficients(size: Size) -> list[int]:
    """The coefficients of the terms that are not constant."""
    return [c for m, c in terms_of(size).items() if m]


def from_terms(terms: Mapping[Monomial, int]) -> Size:
    """The canonical size of a sum of terms: no zero terms, and a constant is an int.

    Raises `DimError` beyond the module's limits.
    """
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
    terms = dict(terms_of(left))
    for monomial, coefficient in terms_of(right).items():
        terms[monomial] = terms.get(monomial, 0) + factor * coefficient
    return from_terms(terms)


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
        return bindings[atom] if atom in bindings else from_atom(atom)
    return substitute(atom.numerator, bindings) // substitute(atom.divisor, bindings)


# --- complementary floors: h//2 and (h + 1)//2 add up to h --------------------------------------


def _lone_floor(monomial: Monomial) -> Floor | None:
    """The floor by an integer in a monomial that has no other floor."""
    floors = [atom for atom in monomial if isinstance(atom, Floor)]
    return floors[0] if len(floors) == 1 and isinstance(floors[0].divisor, int) else None


def _complement(floor: Floor) -> tuple[Floor, tuple[Monomial, ...]]:
    """The floor g, in normal form, and the monomials of the sum m, with `floor + g == m`.

    From -floor(p/d) = floor((d - 1 - p) / d), with the coefficients reduced modulo d.
    """
    divisor = constant_term(floor.divisor)
    terms = {m: divisor - c for m, c in terms_of(floor.numerator).items() if m}
    rest = divisor - 1 - constant_term(floor.numerator)
    return Floor(from_terms({**terms, (): rest}), divisor), tuple(terms)


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


# --- floor division -----------------------------------------------------------------------------


def _quotient(size: Size, divisor: Size) -> Size:
    if isinstance(divisor, Dim):
        exact = _exact_quotient(size, divisor)
        return _floor(size, divisor) if exact is None else exact
    divisor = index(divisor)
    if divisor < 0:
        return _quotient(-size, -divisor)
    if isinstance(size, int) or divisor == 0:
        return constant_term(size) // divisor
    # floor((d*q + r) / d) = q + floor(r / d): what is whole moves out, coefficient by coefficient.
    whole = from_terms({m: c // divisor for m, c in size.terms.items()})
    rest = from_terms({m: c % divisor for m, c in size.terms.items()})
    return whole if isinstance(rest, int) else whole + _proper_floor(rest, divisor)


def _proper_floor(size: Dim, divisor: int) -> Size:
    """`size // divisor` where every coefficient is already in 0..divisor-1."""
    common = gcd(divisor, *coefficients(size))
    if common > 1:
        # floor((g*p + r) / (g*d)) = floor((p + floor(r/g)) / d)
        reduced = from_terms({m: c // common for m, c in size.terms.items()})
        return _quotient(reduced, divisor // common)
    inner = _sole_floor(size, divisor)
    if inner is None:
        return _floor(size, divisor)
    coefficient = size.terms[(inner,)]
    rest = from_terms({m: c for m, c in size.terms.items() if m != (inner,)})
    if coefficient == 1:
        # floor((floor(p/b) + q) / c) = floor((p + b*q) / (b*c))
        return (inner.numerator + inner.divisor * rest) // (inner.divisor * divisor)
    # floor(((d-1)*f + q) / d) = f + floor((q - f) / d), and -f is g - m, which flattens as above.
    other, whole = _complement(inner)
    rest = from_atom(other) - from_terms(dict.fromkeys(whole, 1)) + rest
    return from_atom(inner) + rest // divisor


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
        terms = terms_of(size)
        top = min(terms, key=_order)
        monomial = _without(top, lead)
        coefficient, rest = divmod(terms[top], divisor.terms[lead])
        if monomial is None or rest:
            return None
        step = from_terms({monomial: coefficient})
        result = result + step
        size = size - step * divisor
        if top in terms_of(size):
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
    return from_atom(floor)


def _nested(atom: Atom, depth: int) -> Iterator[int]:
    """The depth of each atom in `atom`, itself included."""
    yield depth
    if isinstance(atom, Floor):
        for part in (atom.numerator, atom.divisor):
            for inner in chain.from_iterable(terms_of(part)):
                yield from _nested(inner, depth + 1)


# --- text ---------------------------------------------------------------------------------------


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
        else:
            text = _first_text(coefficient, monomial)
    return text


def _first_text(coefficient: int, monomial: Monomial) -> str:
    """The first term, with its sign.

    The sign is that of the whole term: of `-(h//2)*(h//2)` it would be that of the first floor, and
    a floor of its own is never negative, so that it reads as `((h + 1)//2 - h)*(h//2)`.
    """
    if coefficient > 0 or not monomial:
        return _term_text(coefficient, monomial)
    text = _product_text(monomial)
    text = text if coefficient == -1 else f"{-coefficient}*{text}"
    return f"-({text})" if sum(isinstance(atom, Floor) for atom in monomial) > 1 else f"-{text}"


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

"""Regions of one label of which only some add what they take: `residual` says which.

As in hand-written files, the one class of them all ends in `return x + y if self.residual else y`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from specc.emit.code import Code, Join, Literal, Ref, join, replace_tensors, tensors
from specc.ir import Value

from .drafts import Draft, Forward
from .statements import Statement


@dataclass(frozen=True, slots=True)
class _Residual:
    """The sum, of what a region takes and what it makes of that, which is its result.

    is_optional: whether the result may be without what the region takes.
    """

    total: Join
    is_optional: bool = False

    def made(self, forward: Forward) -> Value:
        return next(value for value in tensors(self.total) if value not in forward.arguments)


def with_optional_residual(
    some: list[Draft], others: list[Draft]
) -> tuple[list[Draft], list[Draft]]:
    """The drafts of two classes; if those of one always or never add, as those that may."""
    firsts = (some[0].forward, others[0].forward)
    pairs = [(forward, _residual(forward)) for forward in firsts]
    known = [(forward, residual) for forward, residual in pairs if residual is not None]
    ends = {residual and residual.is_optional for _, residual in pairs}
    if not known or len(ends) == 1 or not all(forward.ends_in_result for forward in firsts):
        return some, others
    model, residual = known[0]

    def optional(draft: Draft) -> Draft:
        return replace(draft, forward=_optional(draft.forward, model, residual))

    return [*map(optional, some)], [*map(optional, others)]


def _residual(forward: Forward) -> _Residual | None:
    given = forward.arguments
    match forward.statements[-1].code if forward.ends_in_result else "":
        case Join((Join() as total, " if ", Literal(hint="residual"), " else ", Ref())):
            return _Residual(total, is_optional=True)
        case Join((Ref(a), " + ", Ref(b))) as total if (a in given) != (b in given):
            return _Residual(total)
        case _:
            return None


def _optional(forward: Forward, model: Forward, residual: _Residual) -> Forward:
    """It with the choice whether to add; what adds nothing could add as `model` does."""
    own = _residual(forward)
    if own is None:
        return _without(forward, model, residual)
    if own.is_optional:
        return forward
    *others, last = forward.statements
    chosen = replace(last, code=_choice(own.total, True, own.made(forward)))
    return replace(forward, statements=(*others, chosen))


def _without(forward: Forward, model: Forward, residual: _Residual) -> Forward:
    (made,) = forward.outputs
    own = dict(zip(model.arguments, forward.arguments, strict=True))
    own[residual.made(model)] = made
    result = replace(made, name=f"{made.name}.residual")
    code = _choice(replace_tensors(residual.total, own), False, made)
    statements = (*forward.statements, Statement(code, (result,), ("residual",)))
    return replace(forward, statements=statements, outputs=(result,))


def _choice(total: Code, adds: bool, made: Value) -> Code:
    residual = Literal(adds, "residual", default=True)
    return join(total, " if ", residual, " else ", Ref(made))

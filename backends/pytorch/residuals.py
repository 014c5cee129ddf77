"""Regions of one label of which only some add what they take: `residual` says which.

As in hand-written files, the one class of them all ends in `return x + y if self.residual else y`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from specc.emit.code import Code, Join, Literal, Ref, join, replace_tensors, tensors
from specc.ir import Value

from .statements import Statement

if TYPE_CHECKING:
    from .frames import Frame


@dataclass(frozen=True, slots=True)
class _Residual:
    """The sum, of what a region takes and what it makes of that, which is its result.

    is_optional: whether the result may be without what the region takes.
    """

    total: Join
    is_optional: bool = False

    def made(self, frame: Frame) -> Value:
        return next(value for value in tensors(self.total) if value not in frame.inputs)


def with_optional_residual(
    some: list[Frame], others: list[Frame]
) -> tuple[list[Frame], list[Frame]]:
    """The frames of two classes; if those of one always or never add, as those that may."""
    pairs = [(frames[0], _residual(frames[0])) for frames in (some, others)]
    known = [(frame, residual) for frame, residual in pairs if residual is not None]
    ends = {residual and residual.is_optional for _, residual in pairs}
    if not known or len(ends) == 1 or not all(frame.ends_in_result() for frame, _ in pairs):
        return some, others
    frame, residual = known[0]
    return (
        [_optional(item, frame, residual) for item in some],
        [_optional(item, frame, residual) for item in others],
    )


def _residual(frame: Frame) -> _Residual | None:
    match frame.statements[-1].code if frame.ends_in_result() else "":
        case Join((Join() as total, " if ", Literal(hint="residual"), " else ", Ref())):
            return _Residual(total, is_optional=True)
        case Join((Ref(a), " + ", Ref(b))) as total if (a in frame.inputs) != (b in frame.inputs):
            return _Residual(total)
        case _:
            return None


def _optional(frame: Frame, model: Frame, residual: _Residual) -> Frame:
    """The frame with the choice whether to add; one that adds nothing could add as `model` does."""
    own = _residual(frame)
    if own is None:
        return _without(frame, model, residual)
    if own.is_optional:
        return frame
    last = frame.statements[-1]
    chosen = replace(last, code=_choice(own.total, True, own.made(frame)))
    return replace(frame, statements=[*frame.statements[:-1], chosen])


def _without(frame: Frame, model: Frame, residual: _Residual) -> Frame:
    (made,) = frame.outputs
    own = dict(zip(model.inputs, frame.inputs, strict=True)) | {residual.made(model): made}
    result = replace(made, name=f"{frame.region.path}.residual")
    code = _choice(replace_tensors(residual.total, own), False, made)
    statements = [*frame.statements, Statement(code, (result,), ("residual",))]
    return replace(frame, statements=statements, outputs=(result,))


def _choice(total: Code, adds: bool, made: Value) -> Code:
    residual = Literal(adds, "residual", default=True)
    return join(total, " if ", residual, " else ", Ref(made))

"""Modules that only some regions of a kind have: handed to their class, an identity where none is.

As in hand-written files, `Stage(64, transition=Transition(64, 32))` and, of the last,
`Stage(32, transition=nn.Identity())` are one class.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING

from specc.emit.code import (
    Argument,
    Call,
    Join,
    Literal,
    Ref,
    call,
    join,
    literals,
    replace_literals,
    replace_tensors,
    skeleton,
)
from specc.emit.parameters import MANY
from specc.emit.template import Line, merge
from specc.ir import Value

from .names import RESERVED
from .statements import Statement

if TYPE_CHECKING:
    from .frames import Frame

IDENTITY = Call("nn.Identity", ())


def fill(frames: list[Frame]) -> list[Frame]:
    """The frames; those that lack one module of others of their label with an identity for it."""
    groups: dict[object, list[Frame]] = {}
    for frame in frames:
        groups.setdefault(frame.body().skeleton(), []).append(frame)
    new: dict[str, Frame] = {}
    for wide, narrow in permutations(groups.values(), 2):
        if new.keys().isdisjoint(frame.region.path for frame in (*wide, *narrow)):
            new |= {frame.region.path: frame for frame in _filled(wide, narrow)}
    return [new.get(frame.region.path, frame) for frame in frames]


def _filled(wide: list[Frame], narrow: list[Frame]) -> list[Frame]:
    """All frames, so that they are one class; none if they cannot be, or not in a readable way."""
    name = _lacking(wide[0], narrow[0])
    if not name:
        return []
    handed = [replace(frame, setup=_handed_in(frame.setup, name)) for frame in wide]
    filled = [_with_identity(wide[0], frame, name) for frame in narrow]
    known = [frame for frame in filled if frame is not None]
    if len(known) < len(narrow):
        return []
    bodies = [frame.body() for frame in (*handed, *known)]
    template = merge(bodies, {bodies[0]: ""})[bodies[0]]
    return [*handed, *known] if len(template.parameters) < MANY else []


def _lacking(wide: Frame, narrow: Frame) -> str:
    """The one module that `narrow` lacks of `wide`, which has the same label; empty if none."""
    names = list(_modules(wide.setup))
    lacking = {*names} - {*_modules(narrow.setup)}
    fits = wide.region.label == narrow.region.label and len(wide.inputs) == len(narrow.inputs)
    if not fits or len(lacking) != 1 or len(wide.setup) != len(narrow.setup) + 1:
        return ""
    (name,) = lacking
    return "" if name in RESERVED else name


def _modules(setup: list[Line]) -> Iterator[str]:
    """The names of the modules that each line makes."""
    for line in setup:
        is_module = isinstance(line.code, Join) and line.code.parts[1] == " = "
        yield str(line.code.parts[0]).removeprefix("self.") if is_module else ""


def _handed_in(setup: list[Line], name: str) -> list[Line]:
    """The set-up with the constructor of the module `name` as a literal, which uses differ in."""
    place = list(_modules(setup)).index(name)
    code = setup[place].code
    assert isinstance(code, Join)
    reference, equals, constructor = code.parts
    line = Line(join(reference, equals, Literal(constructor, name)))
    return [*setup[:place], line, *setup[place + 1 :]]


def _with_identity(wide: Frame, narrow: Frame, name: str) -> Frame | None:
    """`narrow` with an identity where `wide` has the module `name`; None if they differ in more."""
    place = list(_modules(wide.setup)).index(name)
    others = wide.setup[:place] + wide.setup[place + 1 :]
    if [skeleton(line.code) for line in others] != [skeleton(line.code) for line in narrow.setup]:
        return None
    found = _statements(wide, narrow, f"self.{name}")
    if found is None:
        return None
    line = Line(join(f"self.{name}", " = ", IDENTITY))
    setup = [*narrow.setup[:place], line, *narrow.setup[place:]]
    statements, outputs = found
    return replace(narrow, setup=_handed_in(setup, name), statements=statements, outputs=outputs)


def _statements(
    wide: Frame, narrow: Frame, module: str
) -> tuple[list[Statement], tuple[Value, ...]] | None:
    """The statements and outputs of `narrow` with `module` applied where `wide` applies it.

    None if they differ in more.
    """
    # The values of `narrow` for those of `wide`: as it was, and with what the module makes.
    given = dict(zip(wide.inputs, narrow.inputs, strict=True))
    made, rest, found = {**given}, iter(narrow.statements), list[Statement]()
    if len(wide.statements) != len(narrow.statements) + 1:
        return None
    for statement in wide.statements:
        if applied := _applied(statement, module):
            x, y = applied
            given[y] = given[x]
            made[y] = replace(given[x], name=f"{narrow.region.path}.{module}")
            found.append(Statement(call(module, Ref(made[x])), (made[y],), statement.names))
            continue
        known = next(rest, None)
        if known is None or not _is_alike(statement, known, given):
            return None
        given |= zip(statement.outputs, known.outputs, strict=True)
        made |= zip(statement.outputs, known.outputs, strict=True)
        new = replace_literals(replace_tensors(statement.code, made), literals(known.code))
        found.append(replace(known, code=new))
    if tuple(given.get(value) for value in wide.outputs) != narrow.outputs:
        return None
    return found, tuple(made[value] for value in wide.outputs)


def _applied(statement: Statement, module: str) -> tuple[Value, Value] | None:
    """What the statement takes and makes, if all it does is to apply the module."""
    match statement:
        case Statement(code=Call(function, (Argument(Ref(x), ""),)), outputs=(y,), loop=None) if (
            function == module
        ):
            return x, y
        case _:
            return None


def _is_alike(wide: Statement, narrow: Statement, given: Mapping[Value, Value]) -> bool:
    """Whether two statements do the same, but for their literals; a loop is none of these."""
    alike = skeleton(replace_tensors(wide.code, given)) == skeleton(narrow.code)
    return alike and len(wide.outputs) == len(narrow.outputs) and wide.loop is narrow.loop is None

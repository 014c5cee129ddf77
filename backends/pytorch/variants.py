"""Regions of one label that differ in a module: it is handed to the one class of them all.

As in hand-written files, `Stage(64, transition=Transition(64, 32))` and, of the last,
`Stage(32, transition=nn.Identity())` are one class; and so are two towers of other layers,
`Tower(nn.Sequential(…))`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING

from specc.emit.code import (
    Argument,
    Call,
    Code,
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


def unified(frames: list[Frame]) -> list[Frame]:
    """The frames, in their order, with modules handed in where that leaves fewer classes."""
    labels: dict[str, list[Frame]] = {}
    for frame in frames:
        labels.setdefault(frame.region.label, []).append(frame)
    found = [_with_identities(_with_one_handed_in(alike)) for alike in labels.values()]
    new = {frame.region.path: frame for alike in found for frame in alike}
    return [new[frame.region.path] for frame in frames]


def _groups(frames: list[Frame]) -> list[list[Frame]]:
    """The frames of each class."""
    groups: dict[object, list[Frame]] = {}
    for frame in frames:
        groups.setdefault(frame.body().skeleton(), []).append(frame)
    return list(groups.values())


def _with_one_handed_in(frames: list[Frame]) -> list[Frame]:
    """Frames of one label with the module handed in that leaves the fewest classes of them."""
    groups = _groups(frames)
    if len(groups) == 1:
        return frames
    firsts = [group[0] for group in groups]
    names = [name for name in _modules(firsts[0].setup) if all(map(_has(name), firsts))]
    counts = {name: len(_groups([_handing(frame, name) for frame in firsts])) for name in names}
    name = min(counts, key=lambda name: counts[name], default="")
    if not name or counts[name] == len(groups):
        return frames
    return [_handing(frame, name) for frame in frames]


def _with_identities(frames: list[Frame]) -> list[Frame]:
    """Frames of one label; those that lack one module of others with an identity for it."""
    new: dict[str, Frame] = {}
    for wide, narrow in permutations(_groups(frames), 2):
        if new.keys().isdisjoint(frame.region.path for frame in (*wide, *narrow)):
            new |= {frame.region.path: frame for frame in _filled(wide, narrow)}
    return [new.get(frame.region.path, frame) for frame in frames]


def _filled(wide: list[Frame], narrow: list[Frame]) -> list[Frame]:
    """All frames, so that they are one class; none if they cannot be, or not in a readable way."""
    name = _lacking(wide[0], narrow[0])
    if not name:
        return []
    filled = [_with_identity(wide[0], frame, name) for frame in narrow]
    known = [frame for frame in filled if frame is not None]
    if len(known) < len(narrow):
        return []
    known += (_handing(frame, name) for frame in wide)
    bodies = [frame.body() for frame in known]
    template = merge(bodies, {bodies[0]: ""})[bodies[0]]
    return known if len(template.parameters) < MANY else []


def _lacking(wide: Frame, narrow: Frame) -> str:
    """The one module that `narrow` lacks of `wide`; empty if there is no such."""
    lacking = {*_modules(wide.setup)} - {*_modules(narrow.setup)}
    fits = len(wide.inputs) == len(narrow.inputs) and len(wide.setup) == len(narrow.setup) + 1
    if not fits or len(lacking) != 1:
        return ""
    (name,) = lacking
    return name if _has(name)(wide) else ""


def _modules(setup: list[Line]) -> list[str]:
    """The name of the module that each line makes; empty if it makes none."""
    return [_module(line.code) for line in setup]


def _module(code: Code) -> str:
    match code:
        case Join((str(reference), " = ", Call())):
            return reference.removeprefix("self.")
        case _:
            return ""


def _has(name: str) -> Callable[[Frame], bool]:
    """Whether a frame has the module, under a name that can be a parameter's."""
    return lambda frame: name not in ("", *RESERVED) and name in _modules(frame.setup)


def _handing(frame: Frame, name: str) -> Frame:
    """The frame with the constructor of the module `name` as a literal, in which uses differ."""
    place = _modules(frame.setup).index(name)
    code = frame.setup[place].code
    assert isinstance(code, Join)
    reference, equals, constructor = code.parts
    line = Line(join(reference, equals, Literal(constructor, name)))
    return replace(frame, setup=[*frame.setup[:place], line, *frame.setup[place + 1 :]])


def _with_identity(wide: Frame, narrow: Frame, name: str) -> Frame | None:
    """`narrow` with an identity where `wide` has the module `name`; None if they differ in more."""
    place = _modules(wide.setup).index(name)
    others = wide.setup[:place] + wide.setup[place + 1 :]
    if [skeleton(line.code) for line in others] != [skeleton(line.code) for line in narrow.setup]:
        return None
    found = _statements(wide, narrow, f"self.{name}")
    if found is None:
        return None
    line = Line(join(f"self.{name}", " = ", IDENTITY))
    setup = [*narrow.setup[:place], line, *narrow.setup[place:]]
    statements, outputs = found
    filled = replace(narrow, setup=setup, statements=statements, outputs=outputs)
    return _handing(filled, name)


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

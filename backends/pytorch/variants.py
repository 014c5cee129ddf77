"""Regions of one label that differ in a module: it is handed to the one class of them all.

As in hand-written files, `Stage(64, transition=Transition(64, 32))` and, of the last,
`Stage(32, transition=nn.Identity())` are one class; and so are two towers of other layers,
`Tower(nn.Sequential(…))`. Where one drops what another does not, its rate is 0; and where one adds
what it takes and another does not, `residual` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
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

from .names import LOOP_VARIABLE, RESERVED
from .residuals import with_optional_residual
from .statements import Statement, assigned

if TYPE_CHECKING:
    from .frames import Frame

IDENTITY = Call("nn.Identity", ())

DROPPING = ("nn.Dropout", "nn.Dropout1d", "nn.Dropout2d", "nn.Dropout3d", "MaskDropout")
"""Modules that are the identity at a rate of 0, which is their first argument."""


def unified(frames: list[Frame]) -> list[Frame]:
    """The frames, in their order, with modules handed in where that leaves fewer classes."""
    labels: dict[str, list[Frame]] = {}
    for frame in frames:
        labels.setdefault(frame.region.label, []).append(frame)
    found = [_merged(_groups(_with_one_handed_in(alike))) for alike in labels.values()]
    new = {frame.region.path: frame for groups in found for group in groups for frame in group}
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
    names = [name for name in _modules(firsts[0]) if all(name in _modules(x) for x in firsts)]
    counts = {name: len(_groups([_handing(frame, name) for frame in firsts])) for name in names}
    name = min(counts, key=lambda name: counts[name], default="")
    if not name or counts[name] == len(groups):
        return frames
    return [_handing(frame, name) for frame in frames]


def _merged(groups: list[list[Frame]]) -> list[list[Frame]]:
    """The frames of each class of one label, two classes made one as long as there are such."""
    for wide, narrow in permutations(groups, 2):
        if one := _as_one(wide, narrow):
            rest = [group for group in groups if group is not wide and group is not narrow]
            return _merged([one, *rest])
    return groups


def _as_one(wide: list[Frame], narrow: list[Frame]) -> list[Frame]:
    """All frames, so that they are one class; none if they cannot be, or not in a readable way.

    `narrow` may lack one module of `wide`, and either of them the residual sum of the other.
    """
    lacking = {*_modules(wide[0])} - {*_modules(narrow[0])}
    if len(wide[0].inputs) != len(narrow[0].inputs) or len(lacking) > 1:
        return []
    name = next(iter(lacking), "")
    for pair in ((wide, narrow), with_optional_residual(wide, narrow)):
        if len(_groups(_alike(*(frames[:1] for frames in pair), name))) == 1:
            found = _alike(*pair, name)
            return found if _is_readable(found) else []
    return []


def _alike(wide: list[Frame], narrow: list[Frame], name: str) -> list[Frame]:
    """All frames, with the same modules handed in, and something for `name` where it lacks."""
    handed = {*_handed_in(wide[0]), *_handed_in(narrow[0])}
    wide = [_handing(frame, *handed) for frame in wide]
    narrow = [_handing(frame, *handed) for frame in narrow]
    if not name:
        return [*wide, *narrow]
    found = [*wide, *(_with_identity(wide[0], frame, name) for frame in narrow)]
    is_idle = len(_groups([wide[0], found[-1]])) == 1
    return found if is_idle else [_handing(frame, name) for frame in found]


def _is_readable(frames: list[Frame]) -> bool:
    """Whether they are one class, and one of few parameters."""
    bodies = [frame.body() for frame in frames]
    template, *others = {*merge(bodies, dict.fromkeys(bodies, "")).values()}
    return not others and len(template.parameters) < MANY


def _modules(frame: Frame) -> list[str]:
    """The names of its modules that can be those of parameters."""
    names = map(assigned, frame.setup)
    return [name for name in names if name not in ("", *RESERVED) or name == LOOP_VARIABLE]


def _handed_in(frame: Frame) -> list[str]:
    """The names of the modules that are handed to it."""
    return [assigned(line) for line in frame.setup if _is_handed_in(line)]


def _is_handed_in(line: Line) -> bool:
    match line.code:
        case Join((str(), " = ", Literal())):
            return True
        case _:
            return False


def _handing(frame: Frame, *names: str) -> Frame:
    """The frame with the constructors of these modules as literals, in which uses differ."""
    return replace(frame, setup=[_given(line, names) for line in frame.setup])


def _given(line: Line, names: tuple[str, ...]) -> Line:
    match line.code:
        case Join((str(reference), " = ", Call() as constructor)) if assigned(line) in names:
            return Line(join(reference, " = ", Literal(constructor, assigned(line))))
        case _:
            return line


def _with_identity(wide: Frame, narrow: Frame, name: str) -> Frame:
    """`narrow` with an identity where `wide` has the module `name`; as it is if it differs more."""
    place = next(i for i, line in enumerate(wide.setup) if assigned(line) == name)
    found = _statements(wide, narrow, f"self.{name}")
    if found is None:
        return narrow
    line = _idle(wide.setup[place], name)
    statements, outputs = found
    setup = [*narrow.setup[:place], line, *narrow.setup[place:]]
    return replace(narrow, setup=setup, statements=statements, outputs=outputs)


def _idle(line: Line, name: str) -> Line:
    """A line that makes an identity: what drops nothing is one, and needs no other class."""
    match line.code:
        case Join((reference, equals, Call(str(kind), (Argument(Literal() as rate), *rest)))) if (
            kind in DROPPING
        ):
            nothing = Argument(replace(rate, value=0.0))
            return Line(join(reference, equals, Call(kind, (nothing, *rest))))
        case _:
            return Line(join(f"self.{name}", " = ", IDENTITY))


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

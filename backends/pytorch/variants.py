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

from .drafts import Draft, Forward
from .names import LOOP_VARIABLE, RESERVED
from .residuals import with_optional_residual
from .statements import Statement, assigned

IDENTITY = Call("nn.Identity", ())

DROPPING = ("nn.Dropout", "nn.Dropout1d", "nn.Dropout2d", "nn.Dropout3d", "MaskDropout")
"""Modules that are the identity at a rate of 0, which is their first argument."""


def unified(drafts: list[Draft]) -> list[Draft]:
    """The drafts, in their order, with modules handed in where that leaves fewer classes."""
    labels: dict[str, list[Draft]] = {}
    for draft in drafts:
        labels.setdefault(draft.region.label, []).append(draft)
    found = [_merged(_groups(_with_one_handed_in(alike))) for alike in labels.values()]
    new = {draft.region.path: draft for groups in found for group in groups for draft in group}
    return [new[draft.region.path] for draft in drafts]


def _groups(drafts: list[Draft]) -> list[list[Draft]]:
    """The drafts of each class."""
    groups: dict[object, list[Draft]] = {}
    for draft in drafts:
        groups.setdefault(draft.body.skeleton, []).append(draft)
    return list(groups.values())


def _with_one_handed_in(drafts: list[Draft]) -> list[Draft]:
    """Drafts of one label with the module handed in that leaves the fewest classes of them."""
    groups = _groups(drafts)
    if len(groups) == 1:
        return drafts
    firsts = [group[0] for group in groups]
    first, *others = map(_modules, firsts)
    names = [name for name in first if all(name in modules for modules in others)]
    counts = {name: len(_groups([_handing(draft, name) for draft in firsts])) for name in names}
    name = min(counts, key=lambda name: counts[name], default="")
    if not name or counts[name] == len(groups):
        return drafts
    return [_handing(draft, name) for draft in drafts]


def _merged(groups: list[list[Draft]]) -> list[list[Draft]]:
    """The drafts of each class of one label, two classes made one as long as there are such."""
    for wide, narrow in permutations(groups, 2):
        if one := _as_one(wide, narrow):
            rest = [group for group in groups if group is not wide and group is not narrow]
            return _merged([one, *rest])
    return groups


def _as_one(wide: list[Draft], narrow: list[Draft]) -> list[Draft]:
    """All drafts, so that they are one class; none if they cannot be, or not in a readable way.

    `narrow` may lack one module of `wide`, and either of them the residual sum of the other.
    """
    modules, others = {*_modules(wide[0])}, {*_modules(narrow[0])}
    lacking = modules - others
    if len(lacking) > 1 or others - modules or _arity(wide) != _arity(narrow):
        return []
    name = next(iter(lacking), "")
    for pair in ((wide, narrow), with_optional_residual(wide, narrow)):
        if len(_groups(_alike(*(drafts[:1] for drafts in pair), name))) == 1:
            found = _alike(*pair, name)
            return found if _is_readable(found) else []
    return []


def _arity(drafts: list[Draft]) -> int:
    return len(drafts[0].forward.arguments)


def _alike(wide: list[Draft], narrow: list[Draft], name: str) -> list[Draft]:
    """All drafts, with the same modules handed in, and something for `name` where it lacks."""
    handed = {*_handed_in(wide[0]), *_handed_in(narrow[0])}
    wide = [_handing(draft, *handed) for draft in wide]
    narrow = [_handing(draft, *handed) for draft in narrow]
    if not name:
        return [*wide, *narrow]
    found = [*wide, *(_with_identity(wide[0], draft, name) for draft in narrow)]
    is_idle = len(_groups([wide[0], found[-1]])) == 1
    return found if is_idle else [_handing(draft, name) for draft in found]


def _is_readable(drafts: list[Draft]) -> bool:
    """Whether they are one class, and one of few parameters."""
    bodies = [draft.body for draft in drafts]
    template, *others = {*merge(bodies, dict.fromkeys(bodies, "")).values()}
    return not others and len(template.parameters) < MANY


def _modules(draft: Draft) -> list[str]:
    """The names of its modules that can be those of parameters."""
    names = map(assigned, draft.setup)
    return [name for name in names if name not in ("", *RESERVED) or name == LOOP_VARIABLE]


def _handed_in(draft: Draft) -> list[str]:
    """The names of the modules that are handed to it."""
    return [assigned(line) for line in draft.setup if _is_handed_in(line)]


def _is_handed_in(line: Line) -> bool:
    match line.code:
        case Join((str(), " = ", Literal())):
            return True
        case _:
            return False


def _handing(draft: Draft, *names: str) -> Draft:
    """The draft with the constructors of these modules as literals, in which uses differ."""
    return replace(draft, setup=tuple(_given(line, names) for line in draft.setup))


def _given(line: Line, names: tuple[str, ...]) -> Line:
    match line.code:
        case Join((str(reference), " = ", Call() as constructor)) if assigned(line) in names:
            return Line(join(reference, " = ", Literal(constructor, assigned(line))))
        case _:
            return line


def _with_identity(wide: Draft, narrow: Draft, name: str) -> Draft:
    """`narrow` with an identity where `wide` has the module `name`; as it is if it differs more."""
    place = next(i for i, line in enumerate(wide.setup) if assigned(line) == name)
    forward = _applying(wide.forward, narrow.forward, f"self.{name}")
    if forward is None:
        return narrow
    line = _idle(wide.setup[place], name)
    return Draft(narrow.region, (*narrow.setup[:place], line, *narrow.setup[place:]), forward)


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


def _applying(wide: Forward, narrow: Forward, module: str) -> Forward | None:
    """`narrow` with `module` applied where `wide` applies it; None if they differ in more."""
    # The values of `narrow` for those of `wide`: as it was, and with what the module makes.
    given = dict(zip(wide.arguments, narrow.arguments, strict=True))
    made, rest, found = {**given}, iter(narrow.statements), list[Statement]()
    if len(wide.statements) != len(narrow.statements) + 1:
        return None
    for statement in wide.statements:
        if applied := _applied(statement, module):
            x, y = applied
            given[y] = given[x]
            made[y] = replace(given[x], name=f"{given[x].name}.{module}")
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
    outputs = tuple(made[value] for value in wide.outputs)
    return replace(narrow, statements=tuple(found), outputs=outputs)


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

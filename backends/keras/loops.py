"""Loops: a chain of alike iterations is a `for`; all else is written out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from specc.emit.code import Call, Code, Join, Literal, join, replace_tensors
from specc.emit.naming import relative
from specc.emit.runs import segments
from specc.ir import Item, Region, Value

from .statements import Statement, shape_comment

if TYPE_CHECKING:
    from .frames import Frame

INDEX = "\0"
"""Stands for an iteration's index in the names of its layers: alike iterations are equal."""


def add_loop(frame: Frame, loop: Region) -> None:
    """Add the statements of a loop to the frame."""
    carried = _carried(frame, loop)
    if carried is None:
        for item in loop.items:
            frame.add(item)
        return
    prefix = relative(loop.path, frame.region.path)
    codes = [
        replace_tensors(frame.code(item, f"{prefix}.{INDEX}"), {value: carried[0]})
        for item, value in zip(loop.items, carried, strict=True)
    ]
    for first, length, code in segments(codes):
        code = replace_tensors(code, {carried[0]: carried[first]})
        _add_run(frame, loop.items[first : first + length], first, carried[first], code)


def _add_run(frame: Frame, items: tuple[Item, ...], first: int, carry: Value, code: Code) -> None:
    """The statement of alike iterations; `code` is the one at `i`, counted from 0."""
    if len(items) == 1:
        frame.state(items[0], _at_index(code, str(first)))
        return
    outputs = [frame.emitter.interfaces[item].outputs for item in items]
    stop = Literal(first + len(items), "count")
    statement = Statement(
        _at_index(_count_from(code, first), "{i}"),
        outputs[-1],
        frame.wishes(items[-1]),
        shape_comment(*outputs),
        loop=join(f"{first}, ", stop) if first else stop,
        carry=carry,
    )
    frame.statements.append(statement)


def _carried(frame: Frame, loop: Region) -> list[Value] | None:
    """What each iteration takes over from the one before; None if the loop is no such chain.

    In a chain each iteration makes one value, which only the next one takes.
    """
    if not _is_plain(loop):
        return None
    interfaces = [frame.emitter.interfaces[item] for item in loop.items]
    if any(len(item.outputs) != 1 for item in interfaces):
        return None
    made = [item.outputs[0] for item in interfaces]
    place = _place(interfaces[1].inputs, made[0]) if len(interfaces) > 1 else 0
    if any(place >= len(item.inputs) for item in interfaces):
        return None
    carried = [item.inputs[place] for item in interfaces]
    others = {
        value
        for item in interfaces[1:]
        for value in (*item.inputs[:place], *item.inputs[place + 1 :])
    }
    seen_outside = set(frame.emitter.interfaces[loop].outputs)
    is_chain = (
        carried[1:] == made[:-1]
        and others.isdisjoint((carried[0], *made))
        and seen_outside.isdisjoint(made[:-1])
    )
    return carried if is_chain else None


def _is_plain(loop: Region) -> bool:
    """Whether the iterations are numbered without a gap, and each is one call."""
    names = [item.name for item in loop.items]
    nodes_or_calls = all(not isinstance(item, Region) or item.kind != "loop" for item in loop.items)
    return bool(names) and names == [str(index) for index in range(len(names))] and nodes_or_calls


def _place(inputs: tuple[Value, ...], value: Value) -> int:
    """Where `value` stands among the inputs; beyond them if it is not there."""
    return inputs.index(value) if value in inputs else len(inputs)


def _at_index(code: Code, index: str) -> Code:
    """The code with `index` written in its names."""
    match code:
        case str():
            plain = INDEX in code and code.startswith('"') and "{" in index
            return ("f" if plain else "") + code.replace(INDEX, index)
        case Join(parts):
            return Join(tuple(_at_index(part, index) for part in parts))
        case Call(function, arguments):
            return Call(
                _at_index(function, index),
                tuple(replace(item, value=_at_index(item.value, index)) for item in arguments),
            )
        case _:
            return code


def _count_from(code: Code, first: int) -> Code:
    """A progression that counts its `i` from `first` instead of 0."""
    match code:
        case Join((Literal(int(start), hint), " + ", Literal(int(step)) as by, " * i")):
            return Join((Literal(start - step * first, hint), " + ", by, " * i"))
        case Join(parts):
            return Join(tuple(_count_from(part, first) for part in parts))
        case Call(function, arguments):
            return Call(
                _count_from(function, first),
                tuple(replace(item, value=_count_from(item.value, first)) for item in arguments),
            )
        case _:
            return code

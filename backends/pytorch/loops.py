"""Loops in PyTorch: `nn.Sequential` for a chain, a `for` over modules, or written out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from specc.emit.code import Argument, Call, Code, Join, Literal, Ref, join
from specc.emit.runs import segments
from specc.ir import Item, Node, Region

from .names import LOOP_VARIABLE
from .statements import Statement

if TYPE_CHECKING:
    from .frames import Frame

IDENTITY = "nn.Identity()"


def loop_container(frame: Frame, loop: Region, reference: str) -> Code | None:
    """Add the statements of a loop; gives the constructor of its modules.

    A chain of modules is an `nn.Sequential`; a chain whose modules take more than the chain's value
    is a `for`; all else is written out, iteration by iteration.
    """
    items = _live(loop)
    before = len(frame.statements)
    sequential = _is_sequential(frame, loop, items, reference)
    constructors = {item.name: frame.item(item, f"{reference}[{item.name}]") for item in items}
    if sequential:
        frame.statements[before:] = [_application(frame, loop, reference)]
        return _container("nn.Sequential", _filled(constructors))
    if _is_carried(frame, loop, items):
        frame.statements[before:] = [_for(frame, loop, items, reference)]
    if not any(constructors.values()):
        return None
    return _container("nn.ModuleList", _filled(constructors))


def _live(loop: Region) -> list[Item]:
    """The iterations that do anything."""
    return [item for item in loop.items if is_live(item)]


def is_live(item: Item) -> bool:
    """Whether an item has a layer in it, however deep."""
    return isinstance(item, Node) or any(True for _ in item.nodes())


def _application(frame: Frame, loop: Region, reference: str) -> Statement:
    """The one statement of a sequence of modules."""
    interface = frame.emitter.interfaces[loop]
    (value,) = interface.inputs
    code = Call(reference, (Argument(Ref(value)),))
    return Statement(code, interface.outputs, frame.wishes(loop))


def _for(frame: Frame, loop: Region, items: list[Item], reference: str) -> Statement:
    """The statement of a `for` over the modules of a loop."""
    first, last = items[0], items[-1]
    assert isinstance(first, Region)
    carry = frame.emitter.interfaces[first].inputs[0]
    outputs = frame.emitter.interfaces[last].outputs
    return Statement(
        frame.called(first, LOOP_VARIABLE), outputs, frame.wishes(loop), reference, carry
    )


def _is_sequential(frame: Frame, loop: Region, items: list[Item], reference: str) -> bool:
    """Whether each iteration is nothing but a module, applied to what the one before gives."""
    interfaces = [frame.emitter.interfaces[item] for item in items]
    if any(len(item.inputs) != 1 or item.borrowed for item in interfaces):
        return False
    plain = (_is_plain(frame, item, f"{reference}[{item.name}]") for item in items)
    return bool(items) and _is_chain(frame, loop, items) and all(plain)


def _is_carried(frame: Frame, loop: Region, items: list[Item]) -> bool:
    """Whether each iteration is a module, applied to what the one before gives and to more."""
    whole = len(items) == len(loop.items) >= 2
    regions = [item for item in items if isinstance(item, Region) and item.kind != "loop"]
    if not whole or len(regions) < len(items) or any(item.shared for item in regions):
        return False
    places = [int(item.name) for item in items]
    return places == list(range(len(items))) and _is_chain(frame, loop, items)


def _is_chain(frame: Frame, loop: Region, items: list[Item]) -> bool:
    """Whether each iteration makes one value, which only the next one uses.

    What else they take, values and modules from around the loop, is the same for all.
    """
    interfaces = [frame.emitter.interfaces[item] for item in items]
    if any(len(item.outputs) != 1 or not item.inputs for item in interfaces):
        return False
    if len({(item.inputs[1:], item.borrowed) for item in interfaces}) != 1:
        return False
    made = [item.outputs[0] for item in interfaces]
    taken = [item.inputs[0] for item in interfaces]
    seen_outside = set(frame.emitter.interfaces[loop].outputs)
    return taken[1:] == made[:-1] and seen_outside.isdisjoint(made[:-1])


def _is_plain(frame: Frame, item: Item, reference: str) -> bool:
    """Whether an item is nothing but a module applied to one value."""
    if isinstance(item, Region) and item.kind == "loop":
        return _is_sequential(frame, item, _live(item), reference)
    if isinstance(item, Region):
        return not item.shared
    if item.shared:
        return False
    site, code = frame.emitter.lowered(item, reference)
    applied = Call(reference, (Argument(Ref(item.inputs[0])),))
    return site.constructor is not None and not site.temporaries and code == applied


def _filled(constructors: dict[str, Code | None]) -> list[Code]:
    """The modules of a loop at the places their paths say; identities where there is none."""
    places = {int(name): code for name, code in constructors.items() if name.isdigit()}
    return [places.get(index) or IDENTITY for index in range(max(places) + 1)]


def _container(kind: str, modules: list[Code]) -> Code:
    """`nn.Sequential(…)` or `nn.ModuleList([…])`, with comprehensions for runs of like modules."""
    runs = segments(modules)
    if kind == "nn.ModuleList" and len(runs) == 1 and runs[0][1] > 1:
        return Call(kind, (Argument(join("[", _comprehension(*runs[0][1:]), "]")),))
    parts = [
        code if length == 1 else join("*(", _comprehension(length, code), ")")
        for _, length, code in runs
    ]
    if kind == "nn.Sequential":
        return Call(kind, tuple(Argument(part) for part in parts))
    return Call(kind, (Argument(join("[", *_commas(parts), "]")),))


def _comprehension(length: int, code: Code) -> Code:
    index = "i" if _mentions_index(code) else "_"
    return Join((code, f" for {index} in range(", Literal(length, "count"), ")"))


def _commas(parts: list[Code]) -> Iterator[Code]:
    for index, part in enumerate(parts):
        if index:
            yield ", "
        yield part


def _mentions_index(code: Code) -> bool:
    match code:
        case Join(parts):
            return any(part == " * i" or _mentions_index(part) for part in parts)
        case Call(_, arguments):
            return any(_mentions_index(item.value) for item in arguments)
        case _:
            return False

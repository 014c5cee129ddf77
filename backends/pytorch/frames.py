"""A region on its way to a class: the statements of its `__init__` and of its `forward`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from specc.emit.code import (
    Argument,
    Call,
    Code,
    Ref,
    join,
    scoped,
)
from specc.emit.interface import output_names
from specc.emit.naming import attribute, relative, scope, unique, variable
from specc.emit.template import Line
from specc.ir import Item, Node, Region, Value

from .drafts import Draft, Forward
from .loops import is_live, loop_container
from .names import RESERVED
from .statements import Statement

if TYPE_CHECKING:
    from .source import Emitter


@dataclass(slots=True)
class Frame:
    """One region on its way to a class.

    scope: the path that `self` stands for: the region's own, or of a region used again its owner's.
    borrowed: the names of the modules that `forward` takes, by their paths.
    """

    emitter: Emitter
    region: Region
    scope: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    borrowed: dict[str, str] = field(default_factory=dict[str, str])
    arguments: dict[Value, str] = field(default_factory=dict[Value, str])
    setup: list[Line] = field(default_factory=list[Line])
    statements: list[Statement] = field(default_factory=list[Statement])
    initial: list[Line] = field(default_factory=list[Line])

    @classmethod
    def of(cls, emitter: Emitter, region: Region) -> Frame:
        """The frame of a region, with names for what it takes."""
        interface = emitter.interface(region)
        frame = cls(emitter, region, region.owner, interface.inputs, interface.outputs)
        taken = {*RESERVED}
        wishes = [frame._input_name(value) for value in interface.inputs]
        frame.arguments = dict(zip(interface.inputs, unique(wishes, taken), strict=True))
        names = unique((variable(path) for path in interface.borrowed), taken)
        frame.borrowed = dict(zip(interface.borrowed, names, strict=True))
        return frame

    def _input_name(self, value: Value) -> str:
        """Its declared name; else `x` for what an iteration takes over, or what made it."""
        for name, declared in self.region.inputs:
            if declared is value:
                return name
        if value is self.inputs[0]:
            return "x"
        return [part for part in value.name.split(".") if not part.isdigit()][-1]

    def add(self, item: Item) -> None:
        """Lower one item of the region itself."""
        reference = f"self.{item.name}"
        constructor = self.item(item, reference)
        if constructor is not None:
            self.setup.append(Line(join(reference, " = ", constructor)))
        self.setup += self.initial
        self.initial.clear()

    def item(self, item: Item, reference: str) -> Code | None:
        """Add the statements of an item that lives at `reference`; gives its constructor."""
        if isinstance(item, Node):
            return self._node(item, reference)
        if not is_live(item):
            return None
        if item.kind == "loop":
            return loop_container(self, item, reference)
        return self._call(item, reference)

    # Nodes --------------------------------------------------------------------------------------

    def _node(self, node: Node, reference: str) -> Code | None:
        own = not node.shared or self.emitter.needs_own_module(node)
        site, code = self.emitter.lowered(node, reference if own else self.module(node.owner))
        self.emitter.helpers += site.helpers
        for value, expression in site.temporaries:
            name = value.name.rpartition(".")[2]
            self.statements.append(Statement(expression, (value,), (name,)))
        if any(self.emitter.interfaces.uses(x) or x in self.outputs for x in node.outputs):
            code = scoped(code, scope(node, self.region))
            self.statements.append(Statement(code, node.outputs, self.wishes(node)))
        if not own or site.constructor is None:
            return None
        self.initial += self.emitter.initialization.start(site, reference)
        return scoped(site.constructor, scope(node, self.region))

    def wishes(self, item: Item) -> tuple[str, ...]:
        """The names a reader would give to what an item makes."""
        outputs = self.emitter.interfaces[item].outputs
        return output_names(item, self.region.path, outputs)

    def module(self, path: str) -> str:
        """The text of the module at `path`: one in here, handed in, or in one that is handed in."""
        for borrowed, name in self.borrowed.items():
            if path == borrowed or path.startswith(f"{borrowed}."):
                return attribute(f"{name}{path.removeprefix(borrowed)}")
        return f"self.{attribute(relative(path, self.scope))}"

    # Blocks and iterations ----------------------------------------------------------------------

    def _call(self, region: Region, reference: str) -> Code | None:
        """A statement that calls a region; gives its constructor.

        A region used again whose body is not the very same (a pad may differ, with the sizes) is
        written out here, with the modules of the first use.
        """
        if region.shared and not self.emitter.is_same(region):
            self._write_out(region)
            return None
        module = self.module(region.owner) if region.shared else reference
        outputs = self.emitter.interfaces[region].outputs
        if outputs:  # what has none is there for weights that others use
            called = self.called(region, module)
            self.statements.append(Statement(called, outputs, self.wishes(region)))
        return None if region.shared else self._construction(region)

    def _write_out(self, region: Region) -> None:
        """The items of a region as items of this one; modules of their own have no other place."""
        taken = {item.name for item in self.region.items}
        for item in region.items:
            (name,) = unique([variable(relative(item.path, self.region.path))], taken)
            constructor = self.item(item, f"self.{name}")
            if constructor is not None:
                self.setup.append(Line(join(f"self.{name}", " = ", constructor)))

    def _construction(self, region: Region) -> Code:
        """The call that makes a region's module; what is passed on is called after the region."""
        return scoped(self.emitter.construction(region), scope(region, self.region))

    def called(self, region: Region, module: str) -> Call:
        """The call of a region's module: on the values it takes, and the modules it borrows."""
        interface = self.emitter.interfaces[region]
        owners = () if region.shared else interface.borrowed
        modules = (Argument(self.module(path)) for path in owners)
        return Call(module, (*(Argument(Ref(value)) for value in interface.inputs), *modules))

    # The draft ----------------------------------------------------------------------------------

    def draft(self) -> Draft:
        """The finished region."""
        borrowed, statements = tuple(self.borrowed.values()), tuple(self.statements)
        forward = Forward(self.arguments, borrowed, statements, self.outputs)
        return Draft(self.region, tuple(self.setup), forward)

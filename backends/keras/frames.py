"""A region on its way to a function: its statements, and the names of what they use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from specc.emit.code import Code, join, name_tensors, scoped
from specc.emit.interface import output_names
from specc.emit.naming import relative, scope, unique, variable
from specc.emit.template import Body, Line
from specc.emit.variables import name_values
from specc.ir import Item, Node, Region, Value

from . import helpers
from .loops import add_loop
from .site import LOWERINGS, Site, layer_name
from .statements import Statement, shape_comment

if TYPE_CHECKING:
    from .source import Emitter

RESERVED = (
    "enumerate",
    "float",
    "i",
    "int",
    "isinstance",
    "keras",
    "layers",
    "name",
    "ops",
    "range",
    "slice",
    "sum",
    "zip",
    *helpers.NAMES,
)
"""What emitted functions and helpers use by these names."""


@dataclass(slots=True)
class Frame:
    """One region on its way to a function.

    arguments: the names of the tensors that the function takes.
    borrowed: the variables of the layers that are made elsewhere, by their paths.
    """

    emitter: Emitter
    region: Region
    arguments: dict[Value, str]
    borrowed: dict[str, str]
    statements: list[Statement] = field(default_factory=list[Statement])

    @classmethod
    def of(cls, emitter: Emitter, region: Region) -> Frame:
        """The empty frame of a region, with names for what it takes.

        A layer is called as its owner's function calls it, so that all uses have one template.
        """
        interface = emitter.interfaces[region]
        wishes = (_input_name(region, value, interface.inputs) for value in interface.inputs)
        layers = (variable(relative(path, region.owner)) for path in interface.borrowed)
        taken = {*emitter.taken}
        arguments = dict(zip(interface.inputs, unique(wishes, taken), strict=True))
        return cls(emitter, region, arguments, _held(interface.borrowed, layers, taken))

    @classmethod
    def of_network(cls, emitter: Emitter) -> Frame:
        """The same of the whole network, whose function makes the layers that others borrow."""
        inputs, taken = emitter.graph.inputs, {*emitter.taken}
        arguments = dict(zip(inputs.values(), unique(inputs, taken), strict=True))
        held = _held(emitter.hoisted, map(variable, emitter.hoisted), taken)
        return cls(emitter, emitter.graph.body, arguments, held)

    def lowered(self) -> Frame:
        """The frame with the statements of all items of its region."""
        for item in self.region.items:
            self.add(item)
        return self

    # Items --------------------------------------------------------------------------------------

    def add(self, item: Item) -> None:
        """Lower one item of the region, or of a loop in it.

        What gives nothing is the identity, or there for layers that others use: those are made
        before all else.
        """
        if not self.emitter.interfaces[item].outputs:
            return
        if isinstance(item, Region) and item.kind == "loop":
            add_loop(self, item)
            return
        self.state(item, self.code(item, relative(item.path, self.region.path)))

    def state(self, item: Item, code: Code) -> None:
        """The statement that makes what `item` gives."""
        outputs = self.emitter.interfaces[item].outputs
        comment = shape_comment(outputs)
        self.statements.append(Statement(code, outputs, self.wishes(item), comment))

    def code(self, item: Item, path: str) -> Code:
        """What an item gives, as an expression; its layers stand under `path`, seen from here."""
        if isinstance(item, Region):
            called = self.emitter.application(item, self.name(path), self)
            return scoped(called, scope(item, self.region))
        site, code = self.site(item, path, self.borrowed.get(item.owner))
        self.emitter.note(site)
        return scoped(code, scope(item, self.region))

    def site(self, node: Node, path: str, holder: str | None = None) -> tuple[Site, Code]:
        """A node lowered, with the layer of its weights in the variable `holder`, if in any."""
        shared = self.emitter.hoisted.get(node.owner, ())
        site = Site(
            node, lambda part: self.name(f"{path}.{part}" if part else path), holder, shared=shared
        )
        return site, LOWERINGS.find(node)(node.layer, site)

    def name(self, path: str) -> Code:
        """The code of a layer's name: its path from here, below the name the function is given."""
        name = layer_name(path)
        return f'f"{{name}}-{name}"' if self.region.path else f'"{name}"'

    def wishes(self, item: Item) -> tuple[str, ...]:
        """The names a reader would give to what an item makes."""
        outputs = self.emitter.interfaces[item].outputs
        return output_names(item, self.region.path, outputs)

    # The body -----------------------------------------------------------------------------------

    def body(self) -> Body:
        """The function of a block or an iteration."""
        results = self.emitter.interfaces[self.region].outputs
        names = self.variables(results)
        lines = self.lines(names)
        last = self.statements[-1]
        if last.outputs == results and last.loop is None and len(results) == 1:
            lines[-1] = Line(join("return ", name_tensors(last.code, names)), last.comment)
        else:
            lines.append(Line("return " + ", ".join(names[value] for value in results)))
        arguments = tuple(
            (name, "") for name in (*self.arguments.values(), *self.borrowed.values())
        )
        members = (*self.emitter.taken, *names.values())
        return Body(self.region.label, arguments, (tuple(lines),), len(results), members)

    def variables(self, results: tuple[Value, ...]) -> dict[Value, str]:
        """A name for each tensor."""
        steps = [item.step() for item in self.statements]
        reserved = (*self.emitter.taken, *self.borrowed.values())
        return name_values(self.arguments, steps, results, reserved)

    def lines(self, names: Mapping[Value, str]) -> list[Line]:
        """The text of all statements."""
        return [line for item in self.statements for line in item.lines(names)]


def _held(paths: Iterable[str], wishes: Iterable[str], taken: set[str]) -> dict[str, str]:
    """A variable for the layer at each path."""
    return dict(zip(paths, unique((f"{name}_layer" for name in wishes), taken), strict=True))


def _input_name(region: Region, value: Value, inputs: tuple[Value, ...]) -> str:
    """A declared name; else `x` for what an iteration takes over, or the name of what made it."""
    for name, declared in region.inputs:
        if declared is value:
            return name
    if value is inputs[0]:
        return "x"
    return [part for part in value.name.split(".") if not part.isdigit()][-1]

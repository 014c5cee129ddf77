"""A graph as PyTorch source: a class for each block and each loop body, `nn.Sequential` for chains."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from specc.emit.code import (
    Argument,
    Call,
    Code,
    Join,
    Literal,
    Ref,
    join,
    name_tensors,
    tensors,
)
from specc.emit.format import statement
from specc.emit.interface import Interfaces
from specc.emit.naming import attribute, class_name, relative, unique, variable
from specc.emit.template import Body, Line, Template, group_first, merge, segments
from specc.emit.variables import Step, name_values
from specc.ir import Graph, Item, Node, Region, Value
from specc.passes.layout import IoLayout, lay_out

from .initialization import Initialization
from .site import LOWERINGS, Site

RESERVED = ("F", "Tensor", "i", "math", "nn", "self", "torch")
AXIS_LETTERS = {"batch": "N", "channels": "C", "height": "H", "width": "W", "length": "T", "depth": "D"}


def source(graph: Graph, io_layout: IoLayout | None = None) -> str:
    """The text of a module with one class for the network: see the package's docstring."""
    return _Emitter(graph, io_layout or "channels_first").text()


def network_class(graph: Graph) -> str:
    """The name of the network's class in the emitted source."""
    return class_name(graph.name)


@dataclass(slots=True)
class _Statement:
    """A line of `forward`, before its tensors have names.

    carry: for a loop over modules, the value that goes in where the output comes out.
    """

    code: Code
    outputs: tuple[Value, ...]
    names: tuple[str, ...]
    loop: Code | None = None
    carry: Value | None = None

    def step(self) -> Step:
        return Step(tuple(tensors(self.code)), self.outputs, self.names)


class _Emitter:
    """One file."""

    def __init__(self, graph: Graph, io_layout: IoLayout) -> None:
        self.io_layout = io_layout
        self.graph = lay_out(graph, io_layout)
        self.interfaces = Interfaces(self.graph)
        self.initialization = Initialization(self.graph)
        self.helpers: dict[str, Callable[..., Any]] = {}
        self.templates: dict[Region, tuple[Template, Body]] = {}
        self.order: list[Template] = []
        self.taken = {*RESERVED, network_class(graph)}

    def text(self) -> str:
        for regions in _by_height(self.graph.body):
            self._lower(regions)
        root = self._body(self.graph.body)
        (template,) = set(merge([root], {root: network_class(self.graph)}).values())
        classes = [_class_text(item, self._docstring(item)) for item in self.order]
        classes.append(_class_text(template, _network_docstring(self.graph)))
        parts = [*self._helper_texts(), *self.initialization.functions(), *classes]
        body = "\n\n\n".join(parts)
        return f"{self._header()}\n\n{_imports(body)}\n\n\n{body}\n"

    def _lower(self, regions: list[Region]) -> None:
        """Lower regions that contain only regions already lowered, and make their templates."""
        bodies = {self._body(region): region for region in regions}
        firsts = group_first(bodies)
        names = dict(
            zip(firsts, unique((class_name(body.label) for body in firsts), self.taken), strict=True)
        )
        templates = merge(bodies, names)
        for body, region in bodies.items():
            self.templates[region] = (templates[body], body)
        self.order += dict.fromkeys(templates.values())

    def _body(self, region: Region) -> Body:
        frame = _Frame(self, region)
        for item in region.items:
            frame.add(item)
        return frame.body()

    def _header(self) -> str:
        title = self.graph.description or f"The network `{self.graph.name}`."
        layout = "[N, C, H, W]" if self.io_layout == "channels_first" else "[N, H, W, C]"
        images = any(value.type.rank == 4 for value in self.graph.inputs.values())
        note = f"Compiled by specc from the spec `{self.graph.name}`."
        if images:
            note += f" Images are {layout}."
        return _docstring(f"{title}\n\n{note}", 0)

    def _docstring(self, template: Template) -> str:
        region = next(region for region, known in self.templates.items() if known[0] is template)
        what = "The block" if region.kind == "block" else "One iteration of the loop"
        return f"{what} `{region.label}`."

    def _helper_texts(self) -> Iterator[str]:
        for name in sorted(self.helpers):
            yield textwrap.dedent(inspect.getsource(self.helpers[name])).strip()


@dataclass(slots=True)
class _Frame:
    """One region on its way to a class: its set-up and its forward pass."""

    emitter: _Emitter
    region: Region
    setup: list[Line] = field(default_factory=list[Line])
    statements: list[_Statement] = field(default_factory=list[_Statement])

    def add(self, item: Item) -> None:
        """Lower one item of the region itself."""
        reference = f"self.{item.name}"
        constructor = self._item(item, reference)
        if constructor is not None:
            self.setup.append(Line(join(reference, " = ", constructor)))

    def _item(self, item: Item, reference: str) -> Code | None:
        """Add the statements of an item that lives at `reference`; gives its constructor."""
        if isinstance(item, Node):
            return self._node(item, reference)
        if item.kind == "loop":
            return self._loop(item, reference)
        return self._call(item, reference)

    # Nodes and blocks ---------------------------------------------------------------------------

    def _node(self, node: Node, reference: str) -> Code | None:
        site, code = self._lowered(node, reference)
        self._emit(node, site, code)
        return self._constructor(node, site)

    def _lowered(self, node: Node, reference: str) -> tuple[Site, Code]:
        site = Site(node, self._module_of(node, reference))
        code = LOWERINGS.find(node)(node.layer, site)
        self.emitter.helpers.update(site.helpers)
        return site, code

    def _constructor(self, node: Node, site: Site) -> Code | None:
        if node.shared or site.constructor is None:
            return None
        return self.emitter.initialization.wrap(node, site.constructor)

    def _emit(self, node: Node, site: Site, code: Code) -> None:
        for value, expression in site.temporaries:
            self.statements.append(
                _Statement(expression, (value,), (value.name.rpartition(".")[2],))
            )
        self.statements.append(_Statement(code, node.outputs, self._wishes(node)))

    def _wishes(self, item: Item) -> tuple[str, ...]:
        """The names a reader would give to what an item makes."""
        name = variable(relative(item.path, self.region.path))
        outputs = self.emitter.interfaces[item].outputs
        if len(outputs) == 1:
            return (name,)
        named = {} if isinstance(item, Node) else {value: key for key, value in item.outputs}
        return tuple(
            f"{name}_{named.get(value) or index}" for index, value in enumerate(outputs)
        )

    def _module_of(self, item: Item, reference: str) -> str:
        """The text of the module of an item: its own, or the one it borrows."""
        return self._owner(item.owner) if item.shared else reference

    def _owner(self, path: str) -> str:
        """The text of the module at `path`, here or handed in."""
        if not self.region.path or path.startswith(f"{self.region.path}."):
            return f"self.{attribute(relative(path, self.region.path))}"
        return variable(path)

    def _call(self, region: Region, reference: str) -> Code | None:
        """A statement that calls a block; gives its constructor."""
        interface = self.emitter.interfaces[region]
        borrowed = () if region.shared else interface.borrowed
        arguments = (*(Ref(value) for value in interface.inputs), *map(self._owner, borrowed))
        code = Call(self._module_of(region, reference), tuple(Argument(item) for item in arguments))
        self.statements.append(_Statement(code, interface.outputs, self._wishes(region)))
        return None if region.shared else self._construction(region)

    def _construction(self, region: Region) -> Code:
        template, body = self.emitter.templates[region]
        return Call(template.name, template.arguments_of(body))

    # Loops --------------------------------------------------------------------------------------

    def _loop(self, loop: Region, reference: str) -> Code | None:
        """The statements of a loop, and its container of modules.

        A chain of modules is an `nn.Sequential`; a chain whose modules take more than the chain's value is
        a `for`; all else is written out, iteration by iteration.
        """
        if self._is_sequential(loop, reference):
            return self._sequential(loop, reference)
        before = len(self.statements)
        constructors = [
            self._item(item, f"{reference}[{item.name}]") for item in loop.items
        ]
        carried = self._carried(loop)
        if carried is not None:
            carried.loop = reference
            self.statements[before:] = [carried]
        if not any(constructors):
            return None
        return _container("nn.ModuleList", _filled(loop, constructors))

    def _sequential(self, loop: Region, reference: str) -> Code | None:
        interface = self.emitter.interfaces[loop]
        constructors = [self._silently(item, f"{reference}[{item.name}]") for item in loop.items]
        (value,) = interface.inputs
        self.statements.append(
            _Statement(Call(reference, (Argument(Ref(value)),)), interface.outputs, self._wishes(loop))
        )
        return _container("nn.Sequential", _filled(loop, constructors))

    def _silently(self, item: Item, reference: str) -> Code | None:
        """The constructor of an item whose statements are not wanted."""
        before = len(self.statements)
        constructor = self._item(item, reference)
        del self.statements[before:]
        return constructor

    def _is_sequential(self, loop: Region, reference: str) -> bool:
        return bool(loop.items) and self._is_chain(loop, extra=False) and all(
            self._is_plain(item, f"{reference}[{item.name}]") for item in loop.items
        )

    def _is_chain(self, loop: Region, *, extra: bool) -> bool:
        """Whether each iteration makes one value, which only the next one uses.

        extra: whether iterations may also take values (always the same) and modules from around.
        """
        interfaces = [self.emitter.interfaces[item] for item in loop.items]
        if any(len(item.outputs) != 1 for item in interfaces):
            return False
        if any(len(item.inputs) != 1 or item.borrowed for item in interfaces) and not extra:
            return False
        if len({(item.inputs[1:], item.borrowed) for item in interfaces}) != 1:
            return False
        made = [item.outputs[0] for item in interfaces]
        taken = [item.inputs[0] for item in interfaces if item.inputs]
        once = all(self.emitter.interfaces.uses(value) >= 1 for value in made)
        inner = set(made[:-1])
        outer = {value for value in self.emitter.interfaces[loop].outputs}
        return once and taken[1:] == made[:-1] and not inner & outer

    def _is_plain(self, item: Item, reference: str) -> bool:
        """Whether an item is nothing but a module applied to one value."""
        if isinstance(item, Region):
            return item.kind != "loop" and not item.shared
        if item.shared:
            return False
        site, code = self._lowered(item, reference)
        applied = Call(reference, (Argument(Ref(item.inputs[0])),))
        return site.constructor is not None and not site.temporaries and code == applied

    def _carried(self, loop: Region) -> _Statement | None:
        """The body of a `for` over the modules of a loop; None if the loop is not of that kind."""
        regions = [item for item in loop.items if isinstance(item, Region) and item.kind != "loop"]
        if len(regions) < max(2, len(loop.items)) or any(item.shared for item in regions):
            return None
        if not self._is_chain(loop, extra=True):
            return None
        first = self.emitter.interfaces[regions[0]]
        carry = first.inputs[0]
        arguments = (*(Ref(value) for value in first.inputs), *map(self._owner, first.borrowed))
        code = Call("layer", tuple(Argument(item) for item in arguments))
        outputs = self.emitter.interfaces[regions[-1]].outputs
        return _Statement(code, outputs, self._wishes(loop), "", carry)

    # The body -----------------------------------------------------------------------------------

    def body(self) -> Body:
        """The finished region."""
        interface = self._interface()
        arguments = self._arguments(interface)
        variables = {value: name for value, (name, _) in zip(interface[0], arguments, strict=False)}
        steps = [item.step() for item in self.statements]
        reserved = (*RESERVED, *(name for name, _ in arguments[len(interface[0]) :]))
        names = name_values(variables, steps, interface[1], reserved)
        forward = [line for item in self.statements for line in _lines(item, names)]
        results = [names[value] for value in interface[1]]
        if self._ends_in(interface[1]):
            forward[-1] = Line(join("return ", name_tensors(self.statements[-1].code, names)), forward[-1].comment)
        else:
            forward.append(Line("return " + ", ".join(results)))
        if not self.region.path:
            self.setup += self.emitter.initialization.setup()
        return Body(
            self.region.label,
            tuple(arguments),
            (tuple(self.setup), tuple(forward)),
            len(interface[1]),
        )

    def _ends_in(self, results: tuple[Value, ...]) -> bool:
        """Whether the last statement makes the one result, so that it can be returned as it is."""
        if not self.statements or len(results) != 1:
            return False
        last = self.statements[-1]
        return last.loop is None and last.outputs == results

    def _interface(self) -> tuple[tuple[Value, ...], tuple[Value, ...], tuple[str, ...]]:
        graph = self.emitter.graph
        if self.region is graph.body:
            return tuple(graph.inputs.values()), tuple(graph.outputs.values()), ()
        found = self.emitter.interfaces[self.region]
        return found.inputs, found.outputs, found.borrowed

    def _arguments(
        self, interface: tuple[tuple[Value, ...], tuple[Value, ...], tuple[str, ...]]
    ) -> list[tuple[str, str]]:
        declared = {value: name for name, value in self.region.inputs}
        wishes = [declared.get(value) or self._input_name(value) for value in interface[0]]
        taken = {*RESERVED}
        tensors = [(name, "Tensor") for name in unique(wishes, taken)]
        modules = unique((variable(path) for path in interface[2]), taken)
        return [*tensors, *((name, "nn.Module") for name in modules)]

    def _input_name(self, value: Value) -> str:
        """`x` for what an iteration takes over, else the local name of what made it."""
        interface = self.emitter.interfaces[self.region]
        if value is interface.inputs[0]:
            return "x"
        return value.name.rpartition(".")[2] if not value.name[-1].isdigit() else variable(value.name)


def _lines(item: _Statement, names: dict[Value, str]) -> Iterator[Line]:
    code = name_tensors(item.code, names)
    targets = ", ".join(names[value] for value in item.outputs) or "_"
    comment = _comment(item.outputs[0]) if len(item.outputs) == 1 else None
    if item.loop is None:
        yield Line(join(targets, " = ", code), comment)
        return
    if item.carry is not None and names[item.carry] != targets:
        yield Line(join(targets, " = ", names[item.carry]))
        code = name_tensors(item.code, {**names, item.carry: targets})
    yield Line(join("for layer in ", item.loop, ":"))
    yield Line(join(targets, " = ", code), comment, 1)


def _comment(value: Value) -> tuple[Literal, ...]:
    """The physical shape: a literal for each dim, with the letter of its axis."""
    type = value.type
    order = value.order or tuple(range(type.rank))
    return tuple(
        Literal(str(type.shape[axis]) if not isinstance(type.shape[axis], int) else type.shape[axis],
                AXIS_LETTERS.get(type.axis_name(axis), "D"))
        for axis in order
    )  # fmt: skip


def _filled(loop: Region, constructors: list[Code | None]) -> list[Code]:
    """The modules of a loop at the places their paths say; identities where there is none."""
    places: dict[int, Code] = {}
    for item, constructor in zip(loop.items, constructors, strict=True):
        if item.name.isdigit():
            places[int(item.name)] = constructor or "nn.Identity()"
    return [places.get(index, "nn.Identity()") for index in range(max(places, default=-1) + 1)]


def _container(kind: str, modules: list[Code]) -> Code:
    """`nn.Sequential(…)` or `nn.ModuleList([…])`, with comprehensions for runs of like modules."""
    parts: list[Code] = []
    runs = segments(modules)
    for _, length, code in runs:
        if length == 1:
            parts.append(code)
        else:
            uses_index = _mentions_index(code)
            clause: Code = Join(
                (code, f" for {'i' if uses_index else '_'} in range(", Literal(length, "count"), ")")
            )
            alone = len(runs) == 1 and kind == "nn.ModuleList"
            parts.append(clause if alone else join("*(", clause, ")"))
    if kind == "nn.Sequential":
        return Call(kind, tuple(Argument(part) for part in parts))
    return Call(kind, (Argument(join("[", *_commas(parts), "]") if len(runs) > 1 or runs[0][1] == 1 else parts[0]),))


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


# Text -------------------------------------------------------------------------------------------


def _by_height(root: Region) -> list[list[Region]]:
    """The regions that become classes, those that contain none first."""
    heights: dict[Region, int] = {}

    def visit(region: Region) -> int:
        height = 1 + max((visit(item) for item in region.items if isinstance(item, Region)), default=-1)
        heights[region] = height
        return height

    visit(root)
    wanted = [item for item in heights if item.kind in ("block", "iteration") and not item.shared]
    return [
        [item for item in wanted if heights[item] == height]
        for height in sorted({heights[item] for item in wanted})
    ]


def _class_text(template: Template, docstring: str) -> str:
    lines = [f"class {template.name}(nn.Module):"]
    lines.append(textwrap.indent(_docstring(docstring, 4), "    "))
    lines += _init_lines(template)
    names = [f"{name}: {annotation}" for name, annotation in template.body.arguments]
    result = _result_annotation(template.body.results)
    lines += ["", statement(f"def forward({', '.join(['self', *names])}) -> {result}:", 1)]
    lines += _section(template, 1, "self.")
    return "\n".join(lines)


def _init_lines(template: Template) -> Iterator[str]:
    kept = template.used_in(1)
    if not template.body.sections[0] and not template.parameters:
        return
    parameters = [f"{item.name}: {item.annotation}" for item in template.parameters]
    yield ""
    yield statement(f"def __init__({', '.join(['self', *parameters])}) -> None:", 1)
    yield "        super().__init__()"
    for item in kept:
        yield f"        self.{item.name} = {item.name}"
    yield from _section(template, 0, "")


def _section(template: Template, number: int, prefix: str) -> Iterator[str]:
    for text, comment, level in template.section(number, prefix):
        line = statement(text, level + 2)
        if not comment:
            yield line
        elif "\n" not in line and len(line) + len(comment) + 4 <= 88:
            yield f"{line}  # {comment}"
        else:
            yield f"{'    ' * (level + 2)}# {comment}"
            yield line


def _result_annotation(results: int) -> str:
    return "Tensor" if results == 1 else f"tuple[{', '.join(['Tensor'] * results)}]"


def _network_docstring(graph: Graph) -> str:
    outputs = ", ".join(f"`{name}` {value.physical}" for name, value in graph.outputs.items())
    inputs = ", ".join(f"`{name}` {value.physical}" for name, value in graph.inputs.items())
    return f"From {inputs} to {outputs}."


def _docstring(text: str, indent: int) -> str:
    text = text.strip().replace("\\", "\\\\").replace('"""', "'''")
    paragraphs = [textwrap.wrap(part, 88 - indent) for part in text.split("\n\n")]
    first, *rest = paragraphs
    if not rest and len(first) == 1 and len(first[0]) + 6 <= 88 - indent:
        return f'"""{first[0]}"""'
    lines = textwrap.wrap(f'"""{" ".join(first)}', 88 - indent)
    for paragraph in rest:
        lines += ["", *paragraph]
    return "\n".join([*lines, '"""'])


def _imports(body: str) -> str:
    lines: list[str] = []
    if "math." in body:
        lines += ["import math", ""]
    if "torch." in body:
        lines.append("import torch")
    if "F." in body:
        lines.append("import torch.nn.functional as F")
    lines.append("from torch import Tensor, nn")
    return "\n".join(lines)

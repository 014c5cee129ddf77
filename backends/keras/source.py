"""A graph as Keras source: a function for each block and each loop body, a `for` for each chain.

A layer or block that is used more than once is made before its first use and handed to the functions
that use it; such a block is a function that makes its layers and returns a function that applies them.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from specc.emit.code import Argument, Call, Code, Join, Literal, Ref, join, name_tensors, tensors
from specc.emit.format import WIDTH, statement
from specc.emit.interface import Interfaces
from specc.emit.naming import relative, unique, variable
from specc.emit.template import Body, Line, Template, group_first, merge, segments
from specc.emit.variables import Step, name_values
from specc.ir import Graph, Item, Node, Region, Value
from specc.passes.layout import IoLayout

from .site import LOWERINGS, Site, Variable

RESERVED = ("i", "keras", "layers", "name", "ops")


@dataclass(frozen=True, slots=True)
class Emitted:
    """The source, the name of the function that makes the model, and where the weights live."""

    text: str
    function: str
    variables: tuple[Variable, ...]


def emit(graph: Graph, io_layout: IoLayout | None = None) -> Emitted:
    """The Keras source of a graph: see the package's docstring."""
    return _Emitter(graph, io_layout or "channels_last").emit()


@dataclass(slots=True)
class _Statement:
    """A line of a function, before its tensors have names.

    loop: the code of `range(…)`'s arguments, for a statement that a `for` repeats.
    carry: the value that goes in where the output comes out, for such a statement.
    """

    code: Code
    outputs: tuple[Value, ...]
    names: tuple[str, ...]
    loop: Code | None = None
    carry: Value | None = None

    def step(self) -> Step:
        return Step(tuple(tensors(self.code)), self.outputs, self.names)


def _owners(graph: Graph) -> frozenset[str]:
    """The paths of the layers and blocks that are used more than once, outermost only."""

    def visit(item: Item) -> Iterator[str]:
        if item.shared:
            yield item.owner
        elif isinstance(item, Region):
            for child in item.items:
                yield from visit(child)

    return frozenset(visit(graph.body))


class _Emitter:
    """One file."""

    def __init__(self, graph: Graph, io_layout: IoLayout) -> None:
        self.graph = graph
        self.io_layout = io_layout
        self.hoisted = _owners(graph)
        self.interfaces = Interfaces(graph, self.hoisted)
        self.function = unique([graph.name], {*RESERVED})[0]
        self.taken = {*RESERVED, self.function}
        self.variables: dict[str, Variable] = {}
        self.helpers: dict[str, Callable[..., Any]] = {}
        self.templates: dict[Region, tuple[Template, Body]] = {}
        self.order: list[Template] = []

    def emit(self) -> Emitted:
        for regions in _by_height(self.graph.body, self.hoisted):
            self._lower(regions)
        root = _Frame(self, self.graph.body, shared=False)
        for owner in sorted(self.hoisted):
            root.hoist(owner)
        for item in self.graph.body.items:
            root.add(item)
        body = root.body()
        template = merge([body], {body: self.function})[body]
        texts = [*self._helper_texts(), *(self._function(item) for item in self.order)]
        text = "\n\n\n".join([*texts, self._model(template)])
        text = f"{self._header()}\n\n{_imports(text)}\n\n\n{text}\n"
        return Emitted(text, self.function, tuple(self.variables.values()))

    def _lower(self, regions: list[tuple[Region, bool]]) -> None:
        """Lower regions that contain only regions already lowered, and make their templates."""
        bodies = {_lowered(self, region, shared): region for region, shared in regions}
        firsts = group_first(bodies)
        names = unique((body.label for body in firsts), self.taken)
        templates = merge(bodies, dict(zip(firsts, names, strict=True)))
        for body, region in bodies.items():
            self.templates[region] = (templates[body], body)
        self.order += dict.fromkeys(templates.values())

    # Text ---------------------------------------------------------------------------------------

    def _header(self) -> str:
        title = self.graph.description or f"The network `{self.graph.name}`."
        note = f"Compiled by specc from the spec `{self.graph.name}`."
        layout = "[N, H, W, C]" if self.io_layout == "channels_last" else "[N, C, H, W]"
        if any(value.type.rank == 4 for value in self.graph.inputs.values()):
            note += f" Images are {layout}."
        return docstring(f"{title}\n\n{note}", 0)

    def _helper_texts(self) -> Iterator[str]:
        for name in sorted(self.helpers):
            yield textwrap.dedent(inspect.getsource(self.helpers[name])).strip()

    def _function(self, template: Template) -> str:
        region = next(region for region, known in self.templates.items() if known[0] is template)
        what = "The block" if region.kind == "block" else "One iteration of the loop"
        arguments = [name for name, _ in template.body.arguments]
        parameters = [item.name for item in template.parameters]
        if len(template.body.sections) == 1:
            heading = f"def {template.name}({', '.join([*arguments, *parameters, 'name'])}):"
            lines = [statement(heading), _indented(docstring(f"{what} `{region.label}`.", 4), 1)]
            return "\n".join([*lines, *_section(template, 0, 1)])
        heading = f"def {template.name}({', '.join([*parameters, 'name'])}):"
        text = f"{what} `{region.label}`: its layers, made once and applied as often as needed."
        lines = [statement(heading), _indented(docstring(text, 4), 1), *_section(template, 0, 1), ""]
        lines += [statement(f"def apply({', '.join(arguments)}):", 1), *_section(template, 1, 2)]
        return "\n".join([*lines, "", "    return apply"])

    def _model(self, template: Template) -> str:
        inputs = ", ".join(f"`{name}` {value.type}" for name, value in self.graph.inputs.items())
        outputs = ", ".join(f"`{name}` {value.type}" for name, value in self.graph.outputs.items())
        lines = [
            f"def {self.function}():",
            _indented(docstring(f"The model, from {inputs} to {outputs}.", 4), 1),
        ]
        return "\n".join([*lines, *_section(template, 0, 1)])


def _lowered(emitter: _Emitter, region: Region, shared: bool) -> Body:
    frame = _Frame(emitter, region, shared)
    for item in region.items:
        frame.add(item)
    return frame.body()


@dataclass(slots=True)
class _Frame:
    """One region on its way to a function.

    shared: whether it is made once and applied several times, so that its layers are variables.
    """

    emitter: _Emitter
    region: Region
    shared: bool
    setup: list[Line] = field(default_factory=list[Line])
    statements: list[_Statement] = field(default_factory=list[_Statement])

    # Items --------------------------------------------------------------------------------------

    def add(self, item: Item) -> None:
        """Lower one item of the region."""
        if isinstance(item, Node):
            self._node(item)
        elif item.kind == "loop":
            self._loop(item)
        else:
            self._call(item)

    def hoist(self, owner: str) -> None:
        """Make what is used more than once, in a variable."""
        item = _find(self.emitter.graph.body, owner)
        name = variable(owner)
        if isinstance(item, Node):
            site, _ = self._lowered(item, name)
            self.setup += [Line(join(target, " = ", code)) for target, code in site.made]
            return
        self.setup.append(Line(join(name, " = ", self._construction(item))))

    def _node(self, node: Node) -> None:
        borrowed = bool(self.emitter.interfaces[node].borrowed)
        holder = variable(node.owner) if borrowed else self._holder(node)
        site, code = self._lowered(node, holder)
        if self.shared and not borrowed:
            self.setup += [Line(join(target, " = ", made)) for target, made in site.made]
        self._emit(node, site, code)

    def _holder(self, item: Item) -> str | None:
        """The variable for a layer of a region that is applied several times."""
        if not self.shared:
            return None
        return f"{variable(relative(item.path, self.region.path))}_layer"

    def _lowered(self, node: Node, holder: str | None) -> tuple[Site, Code]:
        path = relative(node.owner if holder and not self.shared else node.path, self.region.path)
        site = Site(node, lambda part: self._name(f"{path}.{part}" if part else path), holder)
        code = LOWERINGS.find(node)(node.layer, site)
        self.emitter.helpers.update(site.helpers)
        self.emitter.variables.update({item.key: item for item in site.variables})
        return site, code

    def _name(self, path: str) -> Code:
        """The code of a layer's name: its path from here, below the name this function was given."""
        return f'f"{{name}}.{path}"' if self.region.path else f'"{path}"'

    def _emit(self, node: Node, site: Site, code: Code) -> None:
        self.statements.append(_Statement(code, node.outputs, self._wishes(node)))

    def _wishes(self, item: Item) -> tuple[str, ...]:
        """The names a reader would give to what an item makes."""
        name = variable(relative(item.path, self.region.path))
        outputs = self.emitter.interfaces[item].outputs
        if len(outputs) == 1:
            return (name,)
        named = {} if isinstance(item, Node) else {value: key for key, value in item.outputs}
        return tuple(f"{name}_{named.get(value) or index}" for index, value in enumerate(outputs))

    # Blocks -------------------------------------------------------------------------------------

    def _call(self, region: Region) -> None:
        interface = self.emitter.interfaces[region]
        values = tuple(Argument(Ref(value)) for value in interface.inputs)
        if interface.borrowed == (region.owner,):
            code: Code = Call(variable(region.owner), values)
        elif self.shared:
            holder = f"{variable(relative(region.path, self.region.path))}_block"
            self.setup.append(Line(join(holder, " = ", self._construction(region))))
            code = Call(holder, values)
        else:
            code = self._application(region, self._name(relative(region.path, self.region.path)))
        self.statements.append(_Statement(code, interface.outputs, self._wishes(region)))

    def _application(self, region: Region, name: Code) -> Code:
        """The call of a block's function on its inputs."""
        interface = self.emitter.interfaces[region]
        template, body = self.emitter.templates[region]
        values = (Argument(Ref(value)) for value in interface.inputs)
        layers = (Argument(variable(path)) for path in interface.borrowed)
        return Call(
            template.name,
            (*values, *layers, *template.arguments_of(body), Argument(name, "name")),
        )

    def _construction(self, region: Region) -> Code:
        """The call that makes the layers of a block used several times."""
        template, body = self.emitter.templates[region]
        name = self._name(relative(region.path, self.region.path))
        return Call(template.name, (*template.arguments_of(body), Argument(name, "name")))

    # Loops --------------------------------------------------------------------------------------

    def _loop(self, loop: Region) -> None:
        """A chain of alike iterations is a `for`; all else is written out."""
        start = 0
        if not self.shared and self._is_chain(loop):
            codes = [self._iteration(item) for item in loop.items]
            if all(code is not None for code in codes):
                for first, length, code in segments([code for code in codes if code is not None]):
                    self._run(loop, first, length, code)
                return
        for item in loop.items[start:]:
            self.add(item)

    def _is_chain(self, loop: Region) -> bool:
        """Whether each iteration makes one value, which only the next one takes, and all else is alike."""
        items = loop.items
        if any(item.name != str(index) for index, item in enumerate(items)):
            return False
        interfaces = [self.emitter.interfaces[item] for item in items]
        if any(len(item.outputs) != 1 or not item.inputs for item in interfaces):
            return False
        made = [item.outputs[0] for item in interfaces]
        inner, outer = set(made[:-1]), set(self.emitter.interfaces[loop].outputs)
        return (
            len({(item.inputs[1:], item.borrowed) for item in interfaces}) == 1
            and [item.inputs[0] for item in interfaces][1:] == made[:-1]
            and not inner & outer
            and not inner & {value for item in interfaces for value in item.inputs[1:]}
        )

    def _iteration(self, item: Item) -> Code | None:
        """One iteration as an expression of its value; None if it takes more than one statement.

        The index stands in the names as a place to be filled, so that alike iterations are equal.
        """
        prefix = relative(item.path, self.region.path).rpartition(".")[0]
        if isinstance(item, Region):
            if item.kind == "loop" or self.emitter.interfaces[item].borrowed == (item.owner,):
                return None
            return self._application(item, self._name(f"{prefix}.{INDEX}"))
        if self.emitter.interfaces[item].borrowed:
            return None
        site = Site(item, lambda part: self._name(f"{prefix}.{INDEX}{'.' if part else ''}{part}"))
        code = LOWERINGS.find(item)(item.layer, site)
        self.emitter.helpers.update(site.helpers)
        self.emitter.variables.update({known.key: known for known in site.variables})
        return code

    def _run(self, loop: Region, first: int, length: int, code: Code) -> None:
        """One run of alike iterations: a statement, in a `for` if there are several."""
        items = loop.items[first : first + length]
        carry = self.emitter.interfaces[items[0]].inputs[0]
        outputs = self.emitter.interfaces[items[-1]].outputs
        wishes = self._wishes(items[-1])
        if length == 1:
            self.statements.append(_Statement(_at_index(code, str(first)), outputs, wishes))
            return
        stop = Literal(first + length, "count")
        bounds = stop if first == 0 else join(str(first), ", ", stop)
        code = _at_index(_count_from(code, first), "{i}")
        self.statements.append(_Statement(code, outputs, wishes, bounds, carry))

    # The body -----------------------------------------------------------------------------------

    def body(self) -> Body:
        """The finished region."""
        graph = self.emitter.graph
        if self.region is graph.body:
            return self._root()
        interface = self.emitter.interfaces[self.region]
        borrowed = () if interface.borrowed == (self.region.owner,) else interface.borrowed
        arguments = self._arguments(interface.inputs, borrowed)
        names = dict(zip(interface.inputs, arguments, strict=False))
        forward = self._lines(names, interface.outputs, arguments)
        label = f"shared_{self.region.label}" if self.shared else self.region.label
        sections = (tuple(self.setup), forward) if self.shared else (forward,)
        return Body(label, tuple((name, "") for name in arguments), sections, len(interface.outputs))

    def _arguments(self, inputs: tuple[Value, ...], borrowed: tuple[str, ...]) -> list[str]:
        declared = {value: name for name, value in self.region.inputs}
        wishes = [declared.get(value) or _input_name(value, inputs) for value in inputs]
        return unique((*wishes, *map(variable, borrowed)), {*RESERVED})

    def _lines(
        self, names: dict[Value, str], results: tuple[Value, ...], taken: list[str]
    ) -> tuple[Line, ...]:
        variables = self._variables(names, results, taken)
        lines = [line for item in self.statements for line in _statement_lines(item, variables)]
        last = self.statements[-1] if self.statements else None
        if last is not None and last.loop is None and last.outputs == results and len(results) == 1:
            code = join("return ", name_tensors(last.code, variables))
            lines[-1] = Line(code, lines[-1].comment)
        else:
            lines.append(Line("return " + ", ".join(variables[value] for value in results)))
        return tuple(lines)

    def _variables(
        self, names: dict[Value, str], results: tuple[Value, ...], taken: list[str]
    ) -> dict[Value, str]:
        steps = [item.step() for item in self.statements]
        held = [str(line.code.parts[0]) for line in self.setup if isinstance(line.code, Join)]
        reserved = (*RESERVED, *self.emitter.taken, *held, *taken[len(names) :])
        return name_values(names, steps, results, reserved)

    def _root(self) -> Body:
        """The function of the model: inputs, layers, and the `keras.Model` of both."""
        graph = self.emitter.graph
        inputs = unique(graph.inputs, {*RESERVED, *self.emitter.taken})
        starts = dict(zip(graph.inputs.values(), inputs, strict=True))
        results = tuple(graph.outputs.values())
        first_layout = self.emitter.io_layout == "channels_first"
        lines: list[Line] = []
        for (name, value), target in zip(graph.inputs.items(), inputs, strict=True):
            lines += _input_lines(name, value, target, channels_first=first_layout)
        variables = self._variables(starts, results, [])
        for item in self.statements:
            lines += _statement_lines(item, variables)
        outputs = {name: variables[value] for name, value in graph.outputs.items()}
        if first_layout:
            lines += _output_lines(graph, outputs)
        given = inputs[0] if len(inputs) == 1 else f"[{', '.join(inputs)}]"
        made = ", ".join(f'"{name}": {target}' for name, target in outputs.items())
        made = next(iter(outputs.values())) if len(outputs) == 1 else f"{{{made}}}"
        lines.append(Line(f'return keras.Model({given}, {made}, name="{graph.name}")'))
        return Body(graph.name, (), ((*self.setup, *lines),))


INDEX = "\0"
"""Stands for an iteration's index in the names of its layers, until it is known how to write it."""


def _at_index(code: Code, index: str) -> Code:
    """The code with `index` written in its names."""
    match code:
        case str():
            if INDEX not in code:
                return code
            plain = code.startswith('"') and "{" in index
            return ("f" if plain else "") + code.replace(INDEX, index)
        case Join(parts):
            return Join(tuple(_at_index(part, index) for part in parts))
        case Call(function, arguments):
            return Call(
                _at_index(function, index),
                tuple(
                    Argument(_at_index(item.value, index), item.keyword, item.default)
                    for item in arguments
                ),
            )
        case _:
            return code


def _count_from(code: Code, first: int) -> Code:
    """A progression that counts its `i` from `first` instead of 0."""
    match code:
        case Join((Literal(start, hint), " + ", Literal(step, _) as by, " * i")) if first:
            assert isinstance(start, int) and isinstance(step, int)
            return Join((Literal(start - step * first, hint), " + ", by, " * i"))
        case Join(parts):
            return Join(tuple(_count_from(part, first) for part in parts))
        case Call(function, arguments):
            return Call(
                _count_from(function, first),
                tuple(
                    Argument(_count_from(item.value, first), item.keyword, item.default)
                    for item in arguments
                ),
            )
        case _:
            return code


def _statement_lines(item: _Statement, names: dict[Value, str]) -> Iterator[Line]:
    targets = ", ".join(names[value] for value in item.outputs) or "_"
    comment = _comment(item.outputs[0]) if len(item.outputs) == 1 else None
    if item.loop is None:
        yield Line(join(targets, " = ", name_tensors(item.code, names)), comment)
        return
    assert item.carry is not None
    if names[item.carry] != targets:
        yield Line(join(targets, " = ", names[item.carry]))
    yield Line(join("for i in range(", item.loop, "):"))
    code = name_tensors(item.code, {**names, item.carry: targets})
    yield Line(join(targets, " = ", code), comment, 1)


def _input_lines(
    name: str, value: Value, target: str, *, channels_first: bool
) -> Iterator[Line]:
    shape = value.type.shape[1:]
    transposed = channels_first and value.type.rank == 4
    if transposed:
        shape = (shape[-1], *shape[:-1])
    dims = [str(size) if isinstance(size, int) else "None" for size in shape]
    text = f"({', '.join(dims)}{',' if len(dims) == 1 else ''})"
    batch = value.type.shape[0]
    size = f", batch_size={batch}" if isinstance(batch, int) else ""
    dtype = "" if value.type.dtype == "float32" else f', dtype="{value.type.dtype}"'
    call = f'keras.Input({text}{size}{dtype}, name="{name}")'
    yield Line(f"{target} = {call}")
    if transposed:
        yield Line(f"{target} = layers.Permute((2, 3, 1))({target})", _comment(value))


def _output_lines(graph: Graph, outputs: dict[str, str]) -> Iterator[Line]:
    for name, value in graph.outputs.items():
        if value.type.rank == 4:
            yield Line(f"{outputs[name]} = layers.Permute((3, 1, 2))({outputs[name]})")


def _input_name(value: Value, inputs: tuple[Value, ...]) -> str:
    """`x` for what an iteration takes over, else the local name of what made it."""
    if value is inputs[0]:
        return "x"
    name = value.name.rpartition(".")[2]
    return variable(value.name) if name.isdigit() else name


def _comment(value: Value) -> tuple[Literal, ...]:
    letters = {"batch": "N", "channels": "C", "height": "H", "width": "W", "length": "T"}
    return tuple(
        Literal(size if isinstance(size, int) else str(size), letters.get(value.type.axis_name(axis), "D"))
        for axis, size in enumerate(value.type.shape)
    )


def _find(region: Region, path: str) -> Item:
    for item in region.items:
        if item.path == path:
            return item
        if isinstance(item, Region) and path.startswith(f"{item.path}."):
            return _find(item, path)
    raise KeyError(path)


def _by_height(root: Region, hoisted: frozenset[str]) -> list[list[tuple[Region, bool]]]:
    """The regions that become functions, those that contain none first, and whether they are shared."""
    heights: dict[Region, int] = {}
    shared: dict[Region, bool] = {}

    def visit(region: Region, within: bool) -> int:
        shared[region] = within or region.path in hoisted
        height = 1 + max(
            (visit(item, shared[region]) for item in region.items if isinstance(item, Region)), default=-1
        )
        heights[region] = height
        return height

    visit(root, False)
    wanted = [item for item in heights if item.kind in ("block", "iteration") and not item.shared]
    return [
        [(item, shared[item]) for item in wanted if heights[item] == height]
        for height in sorted({heights[item] for item in wanted})
    ]


def _section(template: Template, number: int, level: int) -> Iterator[str]:
    for text, comment, deeper in template.section(number):
        line = statement(text, level + deeper)
        if not comment:
            yield line
        elif "\n" not in line and len(line) + len(comment) + 4 <= WIDTH:
            yield f"{line}  # {comment}"
        else:
            yield f"{'    ' * (level + deeper)}# {comment}"
            yield line


def _indented(text: str, level: int) -> str:
    return textwrap.indent(text, "    " * level)


def docstring(text: str, indent: int) -> str:
    """`text` as a docstring, wrapped."""
    text = text.strip().replace("\\", "\\\\").replace('"""', "'''")
    first, *rest = [textwrap.wrap(part, WIDTH - indent) for part in text.split("\n\n")]
    if not rest and len(first) == 1 and len(first[0]) + 6 <= WIDTH - indent:
        return f'"""{first[0]}"""'
    lines = textwrap.wrap(f'"""{" ".join(first)}', WIDTH - indent)
    for paragraph in rest:
        lines += ["", *paragraph]
    return "\n".join([*lines, '"""'])


def _imports(body: str) -> str:
    names = [name for name in ("layers", "ops") if f"{name}." in body]
    lines = ["import keras"]
    if names:
        lines.append(f"from keras import {', '.join(names)}")
    return "\n".join(lines)

"""A graph as PyTorch source: a class for each block and loop body, `nn.Sequential` for chains."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from specc.emit.code import Call, Code
from specc.emit.interface import Interface, Interfaces, inner_first
from specc.emit.naming import attribute, class_name, unique
from specc.emit.template import Body, Line, Template, group_first, merge
from specc.emit.text import module_docstring, region_description
from specc.garbage import collection_paused
from specc.ir import Graph, Node, Region
from specc.passes.layout import IoLayout, lay_out

from .constraints import constraint_helpers, constraint_method
from .emitted import helper_sources
from .frames import Frame
from .initialization import Initialization
from .loops import is_live
from .names import RESERVED, network_class
from .penalties import penalty_method
from .site import LOWERINGS, Site
from .text import class_text, imports
from .variants import unified

__all__ = ["network_class", "source"]


def source(graph: Graph, io_layout: IoLayout | None = None) -> str:
    """The text of a module with one class for the network, and one for each block."""
    with collection_paused():
        return Emitter(graph, io_layout or "channels_first").text()


class Emitter:
    """One file.

    uses: the nodes that have the weights of the layer at a path.
    helpers: what the file must bring along of `helpers/`.
    """

    def __init__(self, graph: Graph, io_layout: IoLayout) -> None:
        self.io_layout: IoLayout = io_layout
        self.graph = lay_out(graph, io_layout)
        self.interfaces = Interfaces(self.graph)
        self.initialization = Initialization()
        self.helpers: list[str] = []
        self.uses = _uses(self.graph)
        self._regions = {region.path: region for region in _regions(self.graph.body)}
        self._templates: dict[Region, tuple[Template, Body]] = {}
        self._firsts: dict[Template, Region] = {}
        self._taken = {*RESERVED, network_class(graph)}

    def text(self) -> str:
        """The whole file."""
        for regions in inner_first(self.graph.body, _has_class):
            self._lower(regions)
        classes = [
            class_text(template, region_description(region))
            for template, region in self._firsts.items()
        ]
        classes.append(self._network_text())
        functions = list(self.initialization.functions())
        needed = (*self.initialization.starts.helpers, *constraint_helpers(self.graph))
        helpers = helper_sources((*self.helpers, *needed))
        body = "\n\n\n".join([*helpers, *functions, *classes])
        title = module_docstring(self.graph, self.io_layout)
        return f"{title}\n\n{imports(body)}\n\n\n{body}\n"

    def interface(self, region: Region) -> Interface:
        """What a region's class takes and gives."""
        if region is self.graph.body:
            inputs, outputs = self.graph.inputs.values(), self.graph.outputs.values()
            return Interface(tuple(inputs), tuple(outputs), ())
        found = self.interfaces[region]
        return replace(found, borrowed=()) if region.shared else found

    def lowered(self, node: Node, module: str) -> tuple[Site, Code]:
        """A node's site, and the expression of its output, with its module at `module`."""
        site = Site(node, module, self.uses[node.owner])
        return site, LOWERINGS.find(node)(node.layer, site)

    def construction(self, region: Region) -> Code:
        """The call that makes a region's module."""
        template, body = self._templates[region]
        return Call(template.name, template.arguments_of(body))

    def needs_own_module(self, node: Node) -> bool:
        """Whether a use of a layer without weights needs another module than the first one's."""
        if node.weights:
            return False
        first = self.uses[node.owner][0]
        return self.lowered(node, "")[0].constructor != self.lowered(first, "")[0].constructor

    def is_same(self, region: Region) -> bool:
        """Whether a region used again does exactly what its first use's class does."""
        first, again = (self._body(item) for item in (self._regions[region.owner], region))
        codes = ([line.code for line in body.sections[1]] for body in (first, again))
        own_modules = any(again.sections[0])
        return first.arguments == again.arguments and next(codes) == next(codes) and not own_modules

    def _lower(self, regions: list[Region]) -> None:
        """Lower regions that contain only regions already lowered, and make their templates."""
        drafts = unified([self._frame(region).draft() for region in regions])
        bodies = {draft.body: draft.region for draft in drafts}
        firsts = group_first(bodies)
        names = unique((class_name(body.label) for body in firsts), self._taken)
        templates = merge(bodies, dict(zip(firsts, names, strict=True)))
        for body, region in bodies.items():
            self._templates[region] = (templates[body], body)
            self._firsts.setdefault(templates[body], region)

    def _body(self, region: Region) -> Body:
        return self._frame(region).draft().body

    def _frame(self, region: Region) -> Frame:
        frame = Frame.of(self, region)
        for item in region.items:
            frame.add(item)
        return frame

    def _classes(self) -> dict[str, str]:
        """The class of which the module at a path is, by the regions that have one."""
        return {region.path: item.name for region, (item, _) in self._templates.items()}

    def _network_text(self) -> str:
        frame = self._frame(self.graph.body)
        frame.setup += self.initialization.network_lines(self.graph, self._classes())
        frame.setup += _dtype_lines(self.graph)
        body = frame.draft().body
        template = merge([body], {body: network_class(self.graph)})[body]
        methods = (*penalty_method(self.graph), *constraint_method(self.graph))
        return class_text(template, _network_description(self.graph), methods)


def _dtype_lines(graph: Graph) -> list[Line]:
    """The last statements of a network with weights that are not float32, PyTorch's default."""
    dtypes = {
        node.path: node.outputs[0].type.dtype
        for node in graph.nodes
        if node.weights and not node.shared
    }
    if len({*dtypes.values()}) == 1 and "float32" not in dtypes.values():
        return [Line(f"self.to(torch.{next(iter(dtypes.values()))})")]
    return [
        Line(f"self.{attribute(path)}.to(torch.{dtype})")
        for path, dtype in dtypes.items()
        if dtype != "float32"
    ]


def _uses(graph: Graph) -> dict[str, tuple[Node, ...]]:
    found: defaultdict[str, tuple[Node, ...]] = defaultdict(tuple)
    for node in graph.nodes:
        found[node.owner] += (node,)
    return found


def _regions(region: Region) -> Iterator[Region]:
    yield region
    for item in region.items:
        if isinstance(item, Region):
            yield from _regions(item)


def _has_class(region: Region) -> bool:
    return region.kind in ("block", "iteration") and not region.shared and is_live(region)


def _network_description(graph: Graph) -> str:
    outputs = ", ".join(f"`{name}` {value.physical}" for name, value in graph.outputs.items())
    inputs = ", ".join(f"`{name}` {value.physical}" for name, value in graph.inputs.items())
    return f"From {inputs} to {outputs}."

"""A graph as Keras source: a function for each block and each loop body, a `for` for each chain.

A function takes the tensors and the name under which its layers stand; the network's function
calls the others and gives the `keras.Model`. A layer that is used more than once is made there,
before all else, and handed to the functions that use it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from specc.emit.code import Argument, Call, Code, Ref
from specc.emit.interface import Interfaces, inner_first
from specc.emit.naming import unique
from specc.emit.template import Body, Template, group_first, merge
from specc.emit.text import module_docstring, region_description
from specc.garbage import collection_paused
from specc.ir import Graph, Node, Region, Value
from specc.passes.layout import IoLayout, boundary_orders

from .frames import RESERVED, Frame
from .network import network_body
from .site import Helper, Site, Variable
from .text import function_text, helper_text, imports


@dataclass(frozen=True, slots=True)
class Emitted:
    """The source, the name of the function that makes the model, and where the weights live."""

    text: str
    function: str
    variables: tuple[Variable, ...]


def emit(graph: Graph, io_layout: IoLayout | None = None) -> Emitted:
    """The Keras source of a graph: see the module's docstring."""
    with collection_paused():
        return Emitter(graph, io_layout or "channels_last").emit()


class Emitter:
    """One file.

    hoisted: the uses of the layers that are used more than once, by path.
    orders: how the inputs and outputs of the network lie.
    taken: the names of the file's functions, and those that mean something else in them.
    """

    def __init__(self, graph: Graph, io_layout: IoLayout) -> None:
        self.graph = graph
        self.io_layout: IoLayout = io_layout
        self.orders = boundary_orders(graph, io_layout)
        self.hoisted = _hoisted(graph)
        self.interfaces = Interfaces(graph, frozenset(self.hoisted))
        self.taken = {*RESERVED}
        (self.function,) = unique([graph.name], self.taken)
        self._variables: dict[str, Variable] = {}
        self._helpers: dict[str, Helper] = {}
        self._templates: dict[Region, tuple[Template, Body]] = {}
        self._firsts: dict[Template, Region] = {}

    def emit(self) -> Emitted:
        """The whole file."""
        for regions in inner_first(self.graph.body, self._has_function):
            self._lower(regions)
        root = network_body(self)
        network = merge([root], {root: self.function})[root]
        functions = [
            *(helper_text(self._helpers[name]) for name in sorted(self._helpers)),
            *(
                function_text(item, region_description(first))
                for item, first in self._firsts.items()
            ),
            function_text(network, _network_description(self.graph)),
        ]
        body = "\n\n\n".join(functions)
        text = f"{module_docstring(self.graph, self.io_layout)}\n\n{imports(body)}\n\n\n{body}\n"
        return Emitted(text, self.function, tuple(self._variables.values()))

    def application(self, region: Region, name: Code, frame: Frame) -> Code:
        """The call in `frame` of a region's function, with `name` for its layers."""
        interface = self.interfaces[region]
        template, body = self._templates[region]
        tensors = (Argument(Ref(value)) for value in interface.inputs)
        layers = (Argument(frame.borrowed[path]) for path in interface.borrowed)
        given = (*tensors, *layers, *template.arguments_of(body), Argument(name, "name"))
        return Call(template.name, given)

    def note(self, site: Site) -> None:
        """Keep what the lowering of a node left behind."""
        self._helpers.update(site.helpers)
        self._variables.update({item.key: item for item in site.variables})

    def _has_function(self, region: Region) -> bool:
        named = region.kind in ("block", "iteration")
        return named and bool(self.interfaces[region].outputs)

    def _lower(self, regions: list[Region]) -> None:
        """Lower regions that contain only regions already lowered, and make their templates."""
        bodies = {Frame.of(self, region).lowered().body(): region for region in regions}
        firsts = group_first(bodies)
        names = unique((body.label for body in firsts), self.taken)
        templates = merge(bodies, dict(zip(firsts, names, strict=True)))
        for body, region in bodies.items():
            self._templates[region] = (templates[body], body)
            self._firsts.setdefault(templates[body], region)


def _hoisted(graph: Graph) -> dict[str, tuple[Node, ...]]:
    """Only weights need to be shared; of a layer without, each use may be a layer of its own."""
    uses: defaultdict[str, list[Node]] = defaultdict(list[Node])
    for node in graph.nodes:
        uses[node.owner].append(node)
    return {
        path: tuple(nodes) for path, nodes in uses.items() if len(nodes) > 1 and nodes[0].weights
    }


def _listed(values: Mapping[str, Value]) -> str:
    return ", ".join(f"`{name}` {value.type}" for name, value in values.items())


def _network_description(graph: Graph) -> str:
    return f"The model, from {_listed(graph.inputs)} to {_listed(graph.outputs)}."

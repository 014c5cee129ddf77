"""The function of the network: it makes inputs and shared layers, and gives the `keras.Model`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from specc.dims import Size
from specc.emit.code import join, python
from specc.emit.naming import unique
from specc.emit.template import Body, Line
from specc.ir import Graph, Value
from specc.passes.layout import Order, permutation

from .frames import Frame
from .statements import shape_comment

if TYPE_CHECKING:
    from .source import Emitter


def network_body(emitter: Emitter) -> Body:
    """The statements of the function that makes the model."""
    graph, orders = emitter.graph, emitter.orders
    frame = Frame.of_network(emitter).lowered()
    names = frame.variables((*graph.inputs.values(), *graph.outputs.values()))
    given = _given(frame, names)
    lines = [
        *(_shared_layer(frame, path, holder) for path, holder in frame.borrowed.items()),
        *(_input(name, value, given[name], orders[value]) for name, value in graph.inputs.items()),
        *_laid_out(emitter, given, names),
        *frame.lines(names),
    ]
    inputs = ", ".join(given.values())
    inputs = f"[{inputs}]" if len(given) > 1 else inputs
    outputs = _outputs(graph, names, orders)
    lines.append(Line(f'return keras.Model({inputs}, {outputs}, name="{graph.name}")'))
    return Body(graph.name, (), (tuple(lines),))


def _given(frame: Frame, names: Mapping[Value, str]) -> dict[str, str]:
    """The variables of the inputs as they come in; those in another layout get their own."""
    graph, orders = frame.emitter.graph, frame.emitter.orders
    taken = {*frame.emitter.taken, *frame.borrowed.values(), *names.values()}
    variables: dict[str, str] = {}
    for name, value in graph.inputs.items():
        variables[name] = names[value]
        if orders[value]:
            (variables[name],) = unique([f"{names[value]}_given"], taken)
    return variables


def _shared_layer(frame: Frame, path: str, holder: str) -> Line:
    """The statement that makes a layer which is used more than once."""
    site, _ = frame.site(frame.emitter.hoisted[path][0], path, holder)
    assert site.made is not None
    return Line(join(holder, " = ", site.made))


def _input(name: str, value: Value, variable: str, order: Order) -> Line:
    """The statement that makes an input."""
    type = value.type
    sizes = [type.shape[axis] for axis in order or range(type.rank)]
    dtype = "" if type.dtype == "float32" else f', dtype="{type.dtype}"'
    return Line(f'{variable} = keras.Input({_shape(sizes)}{dtype}, name="{name}")')


def _shape(sizes: Sequence[Size]) -> str:
    """The arguments of an input that say which shape it has."""
    if not sizes:
        return "batch_shape=()"
    shape = tuple(size if isinstance(size, int) else None for size in sizes[1:])
    batch = f", batch_size={sizes[0]}" if isinstance(sizes[0], int) else ""
    return f"{python(shape)}{batch}"


def _laid_out(
    emitter: Emitter, given: Mapping[str, str], names: Mapping[Value, str]
) -> Iterator[Line]:
    """The statements that bring images from channels first to the layout of the spec."""
    for name, value in emitter.graph.inputs.items():
        if given[name] != names[value] and emitter.interfaces.uses(value):
            axes = permutation(emitter.orders[value], None, value.type.rank)
            code = _permuted(given[name], axes, f"{name}--channels-last")
            yield Line(f"{names[value]} = {code}", shape_comment((value,)))


def _outputs(graph: Graph, names: Mapping[Value, str], orders: Mapping[Value, Order]) -> str:
    """The output, or all by name; images in the layout of the model's boundary."""
    made: dict[str, str] = {}
    for name, value in graph.outputs.items():
        made[name] = names[value]
        order = orders[value]
        if order is not None:
            made[name] = _permuted(names[value], order, f"{name}--channels-first")
    if len(made) == 1:
        return made.popitem()[1]
    return f"{{{', '.join(f'{python(name)}: {code}' for name, code in made.items())}}}"


def _permuted(tensor: str, axes: tuple[int, ...], name: str) -> str:
    """A layer that puts the axes in another order. No path of a spec has two hyphens."""
    return f'layers.Permute({python(axes[1:])}, name="{name}")({tensor})'

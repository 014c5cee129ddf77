"""The function of the network: it makes inputs and shared layers, and gives the `keras.Model`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from specc.emit.code import join, python
from specc.emit.template import Body, Line
from specc.ir import Graph, Value
from specc.passes.layout import IoLayout, boundary_order, permutation

from .frames import Frame
from .statements import shape_comment

if TYPE_CHECKING:
    from .source import Emitter


def network_body(emitter: Emitter) -> Body:
    """The statements of the function that makes the model."""
    graph, layout = emitter.graph, emitter.io_layout
    frame = Frame.of_network(emitter).lowered()
    names = frame.variables((*graph.inputs.values(), *graph.outputs.values()))
    lines = [_shared_layer(frame, path, holder) for path, holder in frame.borrowed.items()]
    given = [
        _input(name, value, names[value], layout, lines) for name, value in graph.inputs.items()
    ]
    inputs = given[0] if len(given) == 1 else f"[{', '.join(given)}]"
    outputs = _outputs(graph, names, layout)
    lines += frame.lines(names)
    lines.append(Line(f'return keras.Model({inputs}, {outputs}, name="{graph.name}")'))
    return Body(graph.name, (), (tuple(lines),))


def _shared_layer(frame: Frame, path: str, holder: str) -> Line:
    """The statement that makes a layer which is used more than once."""
    site, _ = frame.site(frame.emitter.hoisted[path], path, holder)
    assert site.made is not None
    return Line(join(holder, " = ", site.made))


def _input(name: str, value: Value, variable: str, layout: IoLayout, lines: list[Line]) -> str:
    """Add the statements of an input, laid out as in the spec; gives the variable of the input."""
    type, order = value.type, boundary_order(value.type, layout)
    sizes = [type.shape[axis] for axis in order or range(type.rank)]
    shape = tuple(size if isinstance(size, int) else None for size in sizes[1:])
    batch = f", batch_size={sizes[0]}" if isinstance(sizes[0], int) else ""
    dtype = "" if type.dtype == "float32" else f', dtype="{type.dtype}"'
    call = f'keras.Input({python(shape)}{batch}{dtype}, name="{name}")'
    given = f"{variable}_given" if order else variable
    lines.append(Line(f"{given} = {call}"))
    if order:
        axes = permutation(order, None, type.rank)
        code = _permuted(given, axes, f"{name}.channels-last")
        lines.append(Line(f"{variable} = {code}", shape_comment((value,))))
    return given


def _outputs(graph: Graph, names: Mapping[Value, str], layout: IoLayout) -> str:
    """The output, or all by name; images in the layout of the model's boundary."""
    made: dict[str, str] = {}
    for name, value in graph.outputs.items():
        order = boundary_order(value.type, layout)
        made[name] = names[value]
        if order:
            axes = permutation(None, order, value.type.rank)
            made[name] = _permuted(names[value], axes, f"{name}.channels-first")
    if len(made) == 1:
        return made.popitem()[1]
    return f"{{{', '.join(f'{python(name)}: {code}' for name, code in made.items())}}}"


def _permuted(tensor: str, axes: tuple[int, ...], name: str) -> str:
    """A layer that puts the axes in another order. No name of a spec has a hyphen."""
    return f'layers.Permute({python(axes[1:])}, name="{name}")({tensor})'

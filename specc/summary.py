"""The table of a network that users know from Keras, made from the graph alone.

A row has the layer's name and type, its output shape and its parameters, as `keras.Model.summary`
prints them, and the floating-point operations of one example. As in Keras the batch is `None`;
other symbols stand as the spec has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import TypedDict

from specc.dims import Dim, Shape, Size, symbols
from specc.ir import Graph, Item, Node, Value
from specc.passes.cost import activation_bytes, batch_symbols, flops, node_flops
from specc.wording import aligned

COLUMNS = 100
"""The text table is no wider, as far as names allow."""

JsonSize = int | str | None
"""A number; a symbolic size as text; None for the batch."""


class RowJson(TypedDict):
    """One layer of `Summary.as_json`."""

    name: str
    type: str
    inputs: list[str]
    output_shape: list[JsonSize] | list[list[JsonSize]]
    parameters: int
    flops: JsonSize


class SummaryJson(TypedDict):
    """What `specc summary --json` gives. Sizes that depend on symbols are text."""

    name: str
    parameters: int
    trainable_parameters: int
    flops: JsonSize
    activation_bytes: JsonSize
    layers: list[RowJson]


@dataclass(frozen=True, slots=True)
class Row:
    """One layer, or a block or loop that is folded into one row.

    name: the dotted path.
    inputs: the names of the values it takes.
    parameters: of its own; 0 for a layer whose weights are another's.
    flops: for one example.
    """

    name: str
    type: str
    inputs: tuple[str, ...]
    shapes: tuple[Shape, ...]
    parameters: int
    flops: Size


@dataclass(frozen=True, slots=True, repr=False)
class Summary:
    """The rows and totals of a network. `str()` is the text table; a notebook shows it as HTML.

    batch: the symbols of the batch, which are shown as None.
    flops, activation_bytes: for one example.
    """

    name: str
    rows: tuple[Row, ...]
    parameters: int
    trainable_parameters: int
    flops: Size
    activation_bytes: Size
    batch: frozenset[str]

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__

    def text(self, columns: int = COLUMNS) -> str:
        """The table as text; what each layer takes is shown if that fits in `columns`."""
        header = ("Layer (type)", "Output shape", "Params", "FLOPs")
        lines = aligned([header, *map(self._cells, self.rows)], left=2)
        if not self._is_chain():
            given = ["Inputs", *(", ".join(row.inputs) for row in self.rows)]
            pairs = zip(lines, given, strict=True)
            wide = [f"{line}  {inputs}".rstrip() for line, inputs in pairs]
            lines = wide if max(map(len, wide)) <= columns else lines
        rule = "─" * max(map(len, lines))
        head, *body = lines
        return "\n".join([f"Model: {self.name}", rule, head, rule, *body, rule, *self.totals()])

    def totals(self) -> list[str]:
        """The lines below the table: parameters as Keras counts them, work and memory."""
        frozen = self.parameters - self.trainable_parameters
        return [
            f"Total params: {_with_bytes(self.parameters)}",
            f"Trainable params: {_with_bytes(self.trainable_parameters)}",
            f"Non-trainable params: {_with_bytes(frozen)}",
            f"FLOPs per example: {_flops_text(self.flops)}",
            f"Activation memory per example: {_bytes_text(self.activation_bytes)}",
        ]

    def as_json(self) -> SummaryJson:
        """The same as data."""
        return {
            "name": self.name,
            "parameters": self.parameters,
            "trainable_parameters": self.trainable_parameters,
            "flops": _json_size(self.flops),
            "activation_bytes": _json_size(self.activation_bytes),
            "layers": [self._row_json(row) for row in self.rows],
        }

    def html(self) -> str:
        """The table for a notebook; it always has the inputs."""
        titles = ("Layer (type)", "Output shape", "Params", "FLOPs", "Inputs")
        rows = ((*self._cells(row), ", ".join(row.inputs)) for row in self.rows)
        body = "".join(_html_row(row, "td") for row in rows)
        totals = "<br>".join(map(escape, self.totals()))
        return (
            f"<b>{escape(self.name)}</b><table><thead>{_html_row(titles, 'th')}</thead>"
            f"<tbody>{body}</tbody></table><p>{totals}</p>"
        )

    _repr_html_ = html

    def _is_chain(self) -> bool:
        """Whether each row takes just what the row above gives."""
        above = ("", *(row.name for row in self.rows))
        return all(
            not row.inputs or row.inputs == (name,)
            for name, row in zip(above, self.rows, strict=False)
        )

    def _cells(self, row: Row) -> tuple[str, str, str, str]:
        shapes = ", ".join(map(self._shape_text, row.shapes))
        return f"{row.name} ({row.type})", shapes, f"{row.parameters:,}", _flops_text(row.flops)

    def _shape_text(self, shape: Shape) -> str:
        dims = [str(dim) for dim in self._json_shape(shape)]
        return f"({', '.join(dims)}{',' if len(dims) == 1 else ''})"

    def _json_shape(self, shape: Shape) -> list[JsonSize]:
        return [None if str(size) in self.batch else _json_size(size) for size in shape]

    def _row_json(self, row: Row) -> RowJson:
        shapes = [self._json_shape(shape) for shape in row.shapes]
        return {
            "name": row.name,
            "type": row.type,
            "inputs": list(row.inputs),
            "output_shape": shapes[0] if len(shapes) == 1 else shapes,
            "parameters": row.parameters,
            "flops": _json_size(row.flops),
        }


def summarize(graph: Graph, depth: int | None = None) -> Summary:
    """The summary of `graph`.

    depth: how many levels of blocks, loops and iterations are opened; what lies deeper is one row
        with the sums. None opens all, 0 none.
    """
    inputs = [
        Row(name, "InputLayer", (), (value.type.shape,), 0, 0)
        for name, value in graph.inputs.items()
    ]
    return Summary(
        graph.name,
        (*inputs, *_rows(graph.body.items, graph, depth)),
        graph.parameters,
        graph.trainable_parameters,
        flops(graph),
        activation_bytes(graph),
        batch_symbols(graph),
    )


def _rows(items: tuple[Item, ...], graph: Graph, depth: int | None) -> Iterator[Row]:
    for item in items:
        if isinstance(item, Node):
            yield _row(item, item.type, (item,), item.inputs, item.outputs, graph)
        elif depth == 0:
            nodes = tuple(item.nodes())
            outputs = tuple(value for _, value in item.outputs)
            yield _row(
                item,
                item.label if item.kind == "block" else item.kind,
                nodes,
                _taken(nodes),
                outputs,
                graph,
            )
        else:
            yield from _rows(item.items, graph, None if depth is None else depth - 1)


def _row(
    item: Item,
    type: str,
    nodes: tuple[Node, ...],
    inputs: tuple[Value, ...],
    outputs: tuple[Value, ...],
    graph: Graph,
) -> Row:
    return Row(
        item.path,
        type,
        tuple(value.name for value in inputs),
        tuple(value.type.shape for value in outputs),
        sum(_parameters(node) for node in nodes),
        sum((node_flops(node, graph) for node in nodes), 0),
    )


def _taken(nodes: tuple[Node, ...]) -> tuple[Value, ...]:
    """What `nodes` take from outside, each once."""
    made = {value for node in nodes for value in node.outputs}
    given = dict.fromkeys(value for node in nodes for value in node.inputs)
    return tuple(value for value in given if value not in made)


def _parameters(node: Node) -> int:
    return 0 if node.shared else sum(weight.elements for weight in node.weights.values())


def _html_row(cells: tuple[str, ...], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"


def _json_size(size: Size) -> int | str:
    return str(size) if isinstance(size, Dim) else size


def _with_bytes(parameters: int) -> str:
    return f"{parameters:,} ({_bytes_text(4 * parameters)})"


def _bytes_text(size: Size) -> str:
    """As Keras writes sizes: steps of 1,024, two decimals."""
    if isinstance(size, Dim):
        return _function_of(size)
    value, unit = _scaled(size, 1024, ("B", "KB", "MB", "GB", "TB"))
    return f"{value:.2f} {unit}"


def _flops_text(size: Size) -> str:
    """Three digits: `236 M`."""
    if isinstance(size, Dim):
        return _function_of(size)
    value, unit = _scaled(size, 1000, ("", "K", "M", "G", "T"))
    decimals = 0 if not unit or value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{decimals}f} {unit}".rstrip()


def _scaled(number: int, step: int, units: tuple[str, ...]) -> tuple[float, str]:
    """The number in the largest unit of which it has at least one."""
    value = float(number)
    *smaller, largest = units
    for unit in smaller:
        if value < step:
            return value, unit
        value /= step
    return value, largest


def _function_of(size: Dim) -> str:
    """That a size varies, and with what."""
    return f"f({', '.join(sorted(symbols(size)))})"

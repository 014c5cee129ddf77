"""`expect`: what the author says the network comes to, held against what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from specc.diagnostics import Diagnostic, Label, Report, SpecError
from specc.ir import Graph, Node, Value
from specc.names import did_you_mean
from specc.passes.cost import flops
from specc.passes.reporting import tensor_type_fault
from specc.proofs import Proof, compare
from specc.source import Span
from specc.syntax.document import Expect
from specc.tensor import TensorSyntaxError, TensorType, parse_tensor_type, shape_text
from specc.wording import listing


def check_expectations(graph: Graph, expect: Expect, report: Report) -> None:
    """Report where `graph` is not what `expect` says."""
    for name, measure in _MEASURES.items():
        expected = getattr(expect, name)
        if expected is not None:
            report.extend(_measured(name, expected, measure, graph, expect.span(name)))
    for name, text in (expect.outputs or {}).items():
        report.extend(_output(graph, name, text, expect.span("outputs", name)))


def _measured(
    name: str, expected: int, measure: Callable[[Graph], object], graph: Graph, span: Span
) -> Iterator[Diagnostic]:
    try:
        value = measure(graph)
    except SpecError as error:
        yield from error.report.diagnostics
        return
    if value != expected:
        message = (
            f"expected {expected:,} {name.replace('_', ' ')}, the network has {_number(value)}"
        )
        help = "`specc summary` lists them layer by layer"
        yield Diagnostic("expect-mismatch", message, span, help=help)


_MEASURES: dict[str, Callable[[Graph], object]] = {
    "parameters": lambda graph: graph.parameters,
    "trainable_parameters": lambda graph: graph.trainable_parameters,
    "flops": flops,
}


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _output(graph: Graph, name: str, text: str, span: Span) -> Iterator[Diagnostic]:
    if name not in graph.outputs:
        help = did_you_mean(name, graph.outputs) or listing("there are", graph.outputs)
        yield Diagnostic("expect-mismatch", f"the network has no output `{name}`", span, help=help)
        return
    try:
        expected = parse_tensor_type(text)
    except TensorSyntaxError as error:
        yield tensor_type_fault(error, text, span)
        return
    value = graph.outputs[name]
    if not _agree(value.type, expected):
        yield _wrong_output(graph, name, value, expected, span)


def _agree(found: TensorType, expected: TensorType) -> bool:
    return (
        found.dtype == expected.dtype
        and found.rank == expected.rank
        and all(
            compare(a, b) is Proof.EQUAL for a, b in zip(found.shape, expected.shape, strict=True)
        )
    )


def _wrong_output(
    graph: Graph, name: str, value: Value, expected: TensorType, span: Span
) -> Diagnostic:
    """The fault, at the layer that gave the output its shape, with what that layer was given."""
    makers = {output: node for node in graph.nodes for output in node.outputs}
    value = _origin(value, makers)
    maker = makers.get(value)
    labels: list[Label] = []
    help = ""
    message = f"expected `{name}` to be {expected}, received {value.type}"
    if maker is not None and maker.span is not None and value.span is not None:
        given = shape_text(maker.inputs[0].type.shape)
        labels.append(Label(value.span, f"{maker.path} gives {shape_text(value.type.shape)}"))
        message += f" from `{maker.path}` (line {maker.span.line}), whose input is {given}"
        help = _remedy(maker, value, expected)
        labels += _label_of_input(maker)
    return Diagnostic("expect-mismatch", message, span, labels=tuple(labels), help=help)


def _origin(value: Value, makers: Mapping[Value, Node]) -> Value:
    """Where the shape of `value` comes from: a layer after it, such as a softmax, only kept it."""
    while value in makers and makers[value].inputs[0].type == value.type:
        value = makers[value].inputs[0]
    return value


def _remedy(maker: Node, value: Value, expected: TensorType) -> str:
    excess = value.type.rank - expected.rank
    same_ends = (
        value.type.shape[:1] == expected.shape[:1] and value.type.shape[-1:] == expected.shape[-1:]
    )
    if excess > 0 and same_ends and maker.inputs[0].type.rank == value.type.rank:
        return f"flatten before it: put `- Flatten` in front of `{maker.path}`"
    if value.type.shape[-1:] != expected.shape[-1:]:
        return f"`{maker.path}` makes {value.type.channels} channels: give it {expected.channels}"
    return ""


def _label_of_input(maker: Node) -> list[Label]:
    source = maker.inputs[0]
    if source.span is None:
        return []
    return [Label(source.span, f"{source.name} gives {shape_text(source.type.shape)}")]

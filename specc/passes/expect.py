"""`expect`: what the author says the network comes to, held against what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from specc.diagnostics import Diagnostic, Report, SpecError
from specc.ir import Graph, Value
from specc.names import did_you_mean
from specc.passes.cost import flops
from specc.passes.origins import Origin
from specc.passes.reporting import tensor_type_fault
from specc.proofs import Proof, compare
from specc.source import Span
from specc.syntax.document import Expect
from specc.tensor import TensorSyntaxError, TensorType, parse_tensor_type, shape_text
from specc.wording import listing


def check_expectations(graph: Graph, expect: Expect, report: Report) -> bool:
    """Report where `graph` is not what `expect` says; whether the outputs are as expected."""
    for name, measure in _MEASURES.items():
        expected = getattr(expect, name)
        if expected is not None:
            report.extend(_measured(name, expected, measure, graph, expect.span(name)))
    as_expected = True
    for name, text in (expect.outputs or {}).items():
        found = list(_output(graph, name, text, expect.span("outputs", name)))
        report.extend(found)
        as_expected = as_expected and not found
    return as_expected


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
        expected = parse_tensor_type(text, graph.sizes)
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
    origin = Origin.of(graph, value)
    maker = origin.maker
    message = f"expected `{name}` to be {expected}, received {value.type}"
    if maker is None or maker.span is None or origin.value.span is None:
        return Diagnostic("expect-mismatch", message, span)
    given = shape_text(maker.inputs[0].type.shape)
    message += f" from `{maker.path}` (line {maker.span.line}), whose input is {given}"
    help = _remedy(origin, expected)
    return Diagnostic("expect-mismatch", message, span, labels=origin.labels(), help=help)


def _remedy(origin: Origin, expected: TensorType) -> str:
    found = origin.value.type
    ends = (found.shape[:1], found.shape[-1:])
    if found.rank > expected.rank and ends == (expected.shape[:1], expected.shape[-1:]):
        return origin.flattening()
    if found.shape[-1:] != expected.shape[-1:]:
        return f"`{origin.name}` makes {found.channels} channels: give it {expected.channels}"
    return ""

"""`data` held against the network's inputs, as far as it can be without the data.

The rest is known when the data is opened: `specc check --data`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from specc.diagnostics import Diagnostic, Label, Report, SpecError
from specc.ir import Graph
from specc.passes.sections import Section
from specc.syntax.yaml import Mapping as YamlMapping

if TYPE_CHECKING:
    from specc.data.document import Data, ImageFolder

SOURCES = ("source", "validation", "test")


def check_data(graph: Graph, data: Section[Data], report: Report) -> None:
    """Report where the pictures or the numbers that `data` declares do not fit the inputs."""
    from specc.data.document import ImageFolder

    for key in SOURCES:
        source = getattr(data.value, key)
        if isinstance(source, ImageFolder):
            report.extend(_pictures(graph, data, key, source))
    if len(graph.inputs) == 1:
        report.extend(_per_channel(graph, data))


def _pictures(
    graph: Graph, data: Section[Data], key: str, source: ImageFolder
) -> Iterator[Diagnostic]:
    from specc.data.images import picture_format

    span = data.name_span(key)
    if len(graph.inputs) > 1:
        message = f"{source.name} feeds one input, the network has {len(graph.inputs)}"
        help = "use `arrays`, or columns of a table"
        yield Diagnostic("data-mismatch", message, span, labels=_inputs(graph)[1:2], help=help)
        return
    ((name, value),) = graph.inputs.items()
    written = data.part(key)
    if source.image_size is not None and isinstance(written, YamlMapping):
        span = data.span(key, *written, "image_size")
    try:
        picture_format(name, value.type, source)
    except SpecError as error:
        for diagnostic in error.report.diagnostics:
            yield replace(diagnostic, span=span, labels=_inputs(graph))


def _per_channel(graph: Graph, data: Section[Data]) -> Iterator[Diagnostic]:
    """The faults of `mean` and `std`, which have one number, or one for each channel."""
    ((name, value),) = graph.inputs.items()
    channels = value.type.shape[-1] if value.type.rank != 3 else None
    for key in ("mean", "std"):
        numbers = getattr(data.value, key)
        if numbers is None or not isinstance(channels, int) or len(numbers) in (1, channels):
            continue
        message = (
            f"`{key}` needs {channels} numbers, one for each channel of `{name}`, "
            f"received {len(numbers)}"
        )
        yield Diagnostic("data-mismatch", message, data.span(key), labels=_inputs(graph))


def _inputs(graph: Graph) -> tuple[Label, ...]:
    values = [(value.span, str(value.type)) for value in graph.inputs.values()]
    return tuple(Label(span, text) for span, text in values if span is not None)

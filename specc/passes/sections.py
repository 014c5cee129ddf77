"""The sections `train` and `data`: what is laid over them, their `${…}`, and their form.

Their models are imported when a spec has such a section, so that no other pays for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast

from pydantic import BaseModel, ValidationError

from specc.diagnostics import Diagnostic, Report, SpecError
from specc.expressions import Constant
from specc.passes.evaluation import Evaluation
from specc.passes.limits import MAX_VALUES
from specc.passes.reporting import Faults, Skip
from specc.passes.scope import Scope
from specc.source import Span
from specc.syntax.document import Document
from specc.syntax.overlay import from_python, overlaid
from specc.syntax.validation import ValidationContext, diagnose
from specc.syntax.yaml import Mapping as YamlMapping
from specc.syntax.yaml import Sequence as YamlSequence
from specc.syntax.yaml import span_at

if TYPE_CHECKING:
    from specc.data.document import Data
    from specc.training.document import Train

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Section(Generic[M]):
    """A section without a fault of form, and where each part of it stands."""

    value: M
    node: YamlMapping

    def span(self, *path: str | int) -> Span:
        """The narrowest span known for the part at `path`."""
        return span_at(self.node, path)

    def part(self, *path: str | int) -> Any:
        """What is written at `path`; None where an expression stands in its place."""
        part: Any = self.node
        for step in path:
            if not isinstance(part, YamlMapping | YamlSequence):
                return None
            part = cast("Any", part)[step]
        return part

    def key_span(self, *path: str) -> Span:
        """The span of the key at `path` itself."""
        *outer, key = path
        part = self.part(*outer)
        return part.key_spans[key] if isinstance(part, YamlMapping) else self.span(*path)

    def name_span(self, *path: str | int) -> Span:
        """The span of the name at `path`, whose arguments may follow it."""
        part = self.part(*path)
        return (
            next(iter(part.key_spans.values()))
            if isinstance(part, YamlMapping)
            else self.span(*path)
        )


@dataclass(frozen=True, slots=True)
class Sections:
    """Reads the sections of a document; faults go to the report.

    params: the values of the file's params, which expressions may use.
    """

    document: Document
    params: Mapping[str, Constant]
    report: Report

    def train(self, over: Mapping[str, Any] | None) -> Section[Train] | None:
        """`train`, with `over` laid over it; None if it has a fault, or is not there."""
        node = self._node("train", over)
        if node is None:
            return None
        from specc.training.document import Train

        return self._section(Train, node)

    def data(self, over: Mapping[str, Any] | None) -> Section[Data] | None:
        """`data`, with `over` laid over it; None if it has a fault, or is not there."""
        node = self._node("data", over)
        if node is None:
            return None
        from specc.data.document import Data

        return self._section(Data, node)

    def _node(
        self, name: Literal["train", "data"], over: Mapping[str, Any] | None
    ) -> YamlMapping | None:
        written = self.document.written(name)
        node = written if isinstance(written, YamlMapping) else None
        if not over:
            return node
        try:
            values = from_python(name, over)
        except SpecError as error:
            self.report.merge(error.report)
            return None
        return values if node is None else overlaid(node, values)

    def _section(self, model: type[M], node: YamlMapping) -> Section[M] | None:
        if _size(node) > MAX_VALUES:
            message = f"`train` and `data` have at most {MAX_VALUES:,} values each"
            self.report.add(Diagnostic("section-too-large", message, node.span))
            return None
        values = self._evaluated(node)
        context = ValidationContext((node,), node.span, tuple(model.model_fields), model=model)
        try:
            value = model.model_validate(values)
        except ValidationError as error:
            found = diagnose(error, context)
            whole = len(values) == len(node)
            self.report.extend(each for each in found if whole or each.code != "missing-key")
            return None
        return Section(value, node) if len(values) == len(node) else None

    def _evaluated(self, node: YamlMapping) -> dict[str, Any]:
        """The values with their expressions evaluated, without those in which one has a fault."""
        scope = Scope("", "", self.document, dict(self.params), ())
        evaluation = Evaluation(Faults(self.report))
        values: dict[str, Any] = {}
        for key, value in node.items():
            with suppress(Skip):
                values[key] = evaluation.value(value, node.value_spans[key], scope)
        return values


def _size(data: object) -> int:
    """How many values there are in `data`."""
    if isinstance(data, YamlMapping):
        return sum(map(_size, data.values()))
    return sum(map(_size, data)) if isinstance(data, YamlSequence) else 1

"""Expressions in the values of a spec, evaluated where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from specc.expressions import ExpressionError, evaluate, is_template
from specc.passes.reporting import Faults, Skip
from specc.passes.scope import Scope
from specc.source import Span
from specc.syntax.yaml import Mapping as YamlMapping
from specc.syntax.yaml import Sequence as YamlSequence
from specc.syntax.yaml import inner_span


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Evaluates data in a scope. Each method raises `Skip` after reporting a fault."""

    faults: Faults

    def value(self, data: Any, span: Span, scope: Scope) -> Any:
        """`data`, written at `span`, with its expressions evaluated, however deep."""
        if isinstance(data, str):
            return self._evaluated(data, span, scope) if is_template(data) else data
        if isinstance(data, YamlMapping):
            spans = data.value_spans
            return {key: self.value(item, spans[key], scope) for key, item in data.items()}
        if isinstance(data, YamlSequence):
            pairs = zip(data, data.item_spans, strict=True)
            return tuple(self.value(item, place, scope) for item, place in pairs)
        return data

    def _evaluated(self, text: str, span: Span, scope: Scope) -> Any:
        try:
            return evaluate(text, scope)
        except ExpressionError as error:
            name = text[error.start : error.end]
            if error.code == "expression-name" and scope.may_be_missing(name):
                raise Skip from None
            place = inner_span(span, text, error.start, error.end)
            raise self.faults.fault(
                error.code, error.message, place, scope.trace, help=error.help
            ) from None


def has_template(value: Any) -> bool:
    """Whether there is an expression in `value`, however deep."""
    if isinstance(value, str):
        return is_template(value)
    if isinstance(value, YamlMapping):
        return any(has_template(item) for item in value.values())
    return isinstance(value, YamlSequence) and any(has_template(item) for item in value)

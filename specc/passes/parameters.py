"""From a layer entry to a layer: its class, and its parameters checked and filled in."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from specc.layer import LAYERS, Layer
from specc.names import snake_case
from specc.nesting import is_bare
from specc.passes.evaluation import Evaluation, has_template
from specc.passes.inner import with_inner_defaults
from specc.passes.reporting import Faults, Skip, head_span
from specc.passes.scope import Scope
from specc.source import Span, printable
from specc.syntax.document import Document, LayerEntry
from specc.syntax.validation import ValidationContext, diagnose, name_faults
from specc.syntax.yaml import Mapping as YamlMapping
from specc.vocabulary import suggest_layer


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a layer entry is before its expressions are evaluated: made once, used at each step.

    values: the parameters written at the entry, over the defaults of its document.
    computed: those that have expressions in them.
    instance: the layer, if none has.
    """

    layer: type[Layer]
    values: Mapping[str, Any]
    computed: tuple[str, ...]
    context: ValidationContext
    instance: Layer | None


@dataclass(frozen=True, slots=True)
class Parameters:
    """Makes layers of entries. Each method raises `Skip` after reporting a fault."""

    faults: Faults
    evaluation: Evaluation
    blocks: Container[str]
    _plans: dict[int, _Plan | None] = field(default_factory=dict[int, "_Plan | None"])

    def layer(self, entry: LayerEntry, scope: Scope) -> Layer:
        """The layer that `entry` is in `scope`."""
        plan = self._plan(entry, scope)
        if plan.instance is not None:
            return plan.instance
        values = dict(plan.values)
        for name in plan.computed:
            span = plan.context.value_span(name)
            values[name] = self.evaluation.value(values[name], span, scope)
        return self._validated(plan.layer, values, plan.context, scope)

    def check(self, entry: LayerEntry, scope: Scope) -> None:
        """Report what is wrong with `entry` wherever it stands."""
        self._plan(entry, scope)

    def check_defaults(self, document: Document) -> None:
        """Report what is wrong with the `defaults` of a document."""
        for name in document.defaults:
            node = document.node["defaults"]
            assert isinstance(node, YamlMapping)
            values = node[name]
            try:
                layer = self._class(name, node.key_spans[name], Scope.bare(document))
            except Skip:
                continue
            if isinstance(values, YamlMapping):
                self._check_partial(layer, values)

    def _check_partial(self, layer: type[Layer], values: YamlMapping) -> None:
        """Check some parameters of a layer, without asking for the others."""
        context = ValidationContext(
            (values,), values.span, tuple(layer.model_fields), layer.__name__
        )
        constant = {name: value for name, value in values.items() if not has_template(value)}
        try:
            layer.model_validate(constant)
        except ValidationError as error:
            for diagnostic in diagnose(error, context):
                if diagnostic.code != "missing-parameter":
                    self.faults.report.add(diagnostic)

    def _plan(self, entry: LayerEntry, scope: Scope) -> _Plan:
        key = id(entry)
        if key not in self._plans:
            self._plans[key] = self._new_plan(entry, scope)
        plan = self._plans[key]
        if plan is None:
            raise Skip
        return plan

    def _new_plan(self, entry: LayerEntry, scope: Scope) -> _Plan | None:
        try:
            layer = self._class(entry.head, head_span(entry), scope)
            values, context = self._values(entry, layer, scope)
            computed = tuple(name for name, value in values.items() if has_template(value))
            if not computed:
                instance = self._validated(layer, values, context, scope)
                return _Plan(layer, values, computed, context, instance)
            self._check_names(layer, values, context, scope)
        except Skip:
            return None
        return _Plan(layer, values, computed, context, None)

    def _class(self, name: str, span: Span, scope: Scope) -> type[Layer]:
        if name in LAYERS:
            return LAYERS[name]
        help = suggest_layer(name, LAYERS)
        if (block := snake_case(name)) in self.blocks:
            help = f"blocks are in snake_case: did you mean `{block}`?"
        message = f"there is no layer `{printable(name)}`"
        raise self.faults.fault("unknown-layer", message, span, scope.trace, help=help)

    def _values(
        self, entry: LayerEntry, layer: type[Layer], scope: Scope
    ) -> tuple[dict[str, Any], ValidationContext]:
        """The parameters as written, and where."""
        head, known, document = head_span(entry), tuple(layer.model_fields), scope.document
        defaults = with_inner_defaults(layer, document.defaults_of(entry.head), document)
        nodes = (defaults,) if isinstance(defaults, YamlMapping) else ()
        values = dict[str, Any](nodes[0]) if nodes else {}
        value = with_inner_defaults(layer, entry.value, document)
        if value is None:
            return values, ValidationContext(nodes, head, known, entry.head)
        if isinstance(value, YamlMapping) and not is_bare(layer, value):
            context = ValidationContext((value, *nodes), head, known, entry.head)
            return values | value, context
        name = self._primary(entry, layer, scope)
        bare = (name, value, entry.span(entry.head))
        context = ValidationContext(nodes, head, known, entry.head, bare)
        return {**values, name: value}, context

    def _primary(self, entry: LayerEntry, layer: type[Layer], scope: Scope) -> str:
        if layer.primary is not None:
            return layer.primary
        name = entry.head
        example = f"`{name}: {{name: value}}`, or `{name}` alone"
        raise self.faults.fault(
            "invalid-parameter",
            f"{name} has no parameter that a bare value could set",
            entry.span(name),
            scope.trace,
            help=f"write {example}" if layer.model_fields else f"write `{name}` alone",
        )

    def _check_names(
        self,
        layer: type[Layer],
        values: Mapping[str, Any],
        context: ValidationContext,
        scope: Scope,
    ) -> None:
        """Check which parameters are given, before the value of each is known."""
        needed = [name for name, info in layer.model_fields.items() if info.is_required()]
        found = list(name_faults(values, needed, context))
        for diagnostic in found:
            self.faults.report.add(replace(diagnostic, trace=scope.trace))
        if found:
            raise Skip

    def _validated(
        self,
        layer: type[Layer],
        values: Mapping[str, Any],
        context: ValidationContext,
        scope: Scope,
    ) -> Layer:
        try:
            return layer.model_validate(values)
        except ValidationError as error:
            for diagnostic in diagnose(error, context):
                self.faults.report.add(replace(diagnostic, trace=scope.trace))
        raise Skip

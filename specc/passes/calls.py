"""Calls of blocks: which block is meant, with which params, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from specc.diagnostics import Label
from specc.layer import LAYERS
from specc.names import did_you_mean, snake_case
from specc.passes.evaluation import Evaluation
from specc.passes.params import PARAM_TYPES, has_param_type, param_type
from specc.passes.references import References
from specc.passes.reporting import Faults, Skip, head_span, inputs_span
from specc.passes.scope import Scope, Wire
from specc.source import printable
from specc.syntax.document import BlockEntry, BrokenBlock, Entry
from specc.syntax.program import Definition, Program
from specc.syntax.yaml import Mapping as YamlMapping
from specc.wording import count, example, listing, shown


@dataclass(frozen=True, slots=True)
class Calls:
    """Reads the calls of blocks. Each method raises `Skip` after reporting a fault."""

    program: Program
    faults: Faults
    evaluation: Evaluation
    references: References

    def definition(self, entry: BlockEntry, scope: Scope) -> Definition:
        """The block that `entry` calls."""
        definition = self.program.blocks.get(entry.head) or self._unknown(entry, scope)
        if isinstance(definition.block, BrokenBlock):
            raise Skip
        return definition

    def _unknown(self, entry: BlockEntry, scope: Scope) -> NoReturn:
        head = entry.head
        if any(document.declares_block(head) for document in self.program.documents):
            raise Skip  # under a name that cannot be used, which is reported
        similar = [layer for layer in LAYERS if head in (snake_case(layer), layer.lower())]
        help = did_you_mean(head, self.program.blocks)
        if similar:
            help = f"layers are in PascalCase: did you mean `{similar[0]}`?"
        raise self.faults.fault(
            "unknown-block",
            f"there is no block `{printable(head)}`",
            head_span(entry),
            scope.trace,
            help=help or "declare it under `blocks`; layers are in PascalCase",
        )

    def arguments(self, entry: BlockEntry, definition: Definition, scope: Scope) -> dict[str, Any]:
        """The params that the call gives, checked: those that must be are there."""
        given, params = self._given(entry, definition, scope), definition.block.params
        for name, declared in params.items():
            if name not in given and declared in PARAM_TYPES:
                message = f"the block `{definition.name}` needs `{name}`, {param_type(declared)}"
                help = f"write `{definition.name}: {{{name}: …}}`"
                raise self.faults.fault(
                    "missing-param", message, head_span(entry), scope.trace, help=help
                )
        return {
            name: self._argument(entry, definition, name, scope) for name in params if name in given
        }

    def _given(self, entry: BlockEntry, definition: Definition, scope: Scope) -> Mapping[str, Any]:
        if entry.value is None:
            return {}
        if not isinstance(entry.value, YamlMapping):
            first = next(iter(definition.block.params), "")
            message = f"expected a mapping of params, received {shown(entry.value)}"
            help = f"write `{entry.head}: {{{first}: {example(entry.value)}}}`" if first else ""
            help = help or f"`{entry.head}` has no params"
            span = entry.span(entry.head)
            raise self.faults.fault("wrong-type", message, span, scope.trace, help=help)
        params = definition.block.params
        unknown = [name for name in entry.value if name not in params]
        for name in unknown:
            message = f"the block `{definition.name}` has no param `{printable(name)}`"
            help = did_you_mean(name, params) or listing("it has", params)
            span = entry.value.key_spans[name]
            self.faults.note("unknown-param", message, span, scope.trace, help=help)
        if unknown:
            raise Skip
        return entry.value

    def _argument(self, entry: BlockEntry, definition: Definition, name: str, scope: Scope) -> Any:
        span, declared = entry.span(entry.head, name), definition.block.params[name]
        value = self.evaluation.value(entry.value[name], span, scope)
        if has_param_type(value, declared):
            return value
        message = f"`{name}` must be {param_type(declared)}, received {shown(value)}"
        label = Label(definition.block.span("params", name), "declared here")
        raise self.faults.fault("param-type", message, span, scope.trace, labels=(label,))

    def check_inputs(
        self, entry: Entry, definition: Definition, received: int, scope: Scope
    ) -> None:
        """Check that the block takes that many inputs."""
        inputs = definition.block.inputs
        if received == len(inputs):
            return
        names = ", ".join(inputs)
        wanted = count(len(inputs), "input") + (f" ({names})" if inputs else "")
        message = f"the block `{definition.name}` takes {wanted}, received {received}"
        advice = f"write `inputs: [{names}]` with {count(len(inputs), 'name')}"
        help = "" if len(inputs) == 1 else advice
        raise self.faults.fault("arity", message, inputs_span(entry), scope.trace, help=help)

    def fill_in(
        self, definition: Definition, args: Mapping[str, Any], inner: Scope
    ) -> dict[str, Any]:
        """All params; those left out get their defaults, which may read inputs and params."""
        block, filled = definition.block, dict(args)
        for name in block.params:
            if name not in filled:
                span = block.span("params", name)
                filled[name] = self.evaluation.value(block.written("params", name), span, inner)
                inner.variables[name] = filled[name]
        return filled

    def outputs(self, definition: Definition, inner: Scope) -> list[tuple[str, Wire]]:
        """The block's outputs by name; the last output, without a name, if it declares none."""
        block = definition.block
        if block.outputs is None:
            first = next(iter(inner.names.values())).wires
            return [("", (inner.prev or first)[0])]
        return [
            (name, self.references.wire(name, block.span("outputs", index), inner))
            for index, name in enumerate(block.outputs)
        ]

"""YAML data to a `Document`, and every fault of its form to a diagnostic, in one go.

A faulty entry stays in its place as a `BrokenEntry`, so that the rest of the network can still be
checked.
"""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import ValidationError

from specc.diagnostics import Diagnostic, Label, Report
from specc.layer import LAYERS
from specc.names import did_you_mean
from specc.source import Source, Span, printable
from specc.syntax.document import (
    CONTROL,
    SIBLINGS,
    Block,
    BlockEntry,
    BrokenBlock,
    BrokenEntry,
    Declaration,
    Document,
    Entry,
    Expect,
    GroupEntry,
    LayerEntry,
)
from specc.syntax.validation import Place, ValidationContext, diagnose, places_at_fault
from specc.syntax.yaml import Mapping, Sequence, read_yaml
from specc.wording import shown

D = TypeVar("D", bound=Declaration)


def read_document(source: Source, report: Report) -> Document | None:
    """The spec in `source`; its faults go to `report`. None if nothing can be made of it."""
    return _Reader(report).document(read_yaml(source))


class _Reader:
    """Turns YAML data into a `Document`, and every fault of form into a diagnostic."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def document(self, data: Mapping) -> Document | None:
        if not self._version(data):
            return None
        parts = self._with_entries(data)
        blocks, variants, expect = (data.get(key) for key in ("blocks", "variants", "expect"))
        if isinstance(blocks, Mapping):
            parts["blocks"] = self._blocks(blocks)
        if isinstance(variants, Mapping):
            parts["variants"] = {name: self._variant(each) for name, each in variants.items()}
        if isinstance(expect, Mapping):
            parts["expect"] = self._declaration(Expect, expect, expect.span)
        return self._prune(parts, data)

    def _variant(self, values: Any) -> Any:
        """The params of a variant, and its `expect` as an `Expect`."""
        if not isinstance(values, Mapping) or "expect" not in values:
            return values
        expect = self._declaration(Expect, values["expect"], values.value_spans["expect"])
        return {**values, "expect": expect}

    def _version(self, data: Mapping) -> bool:
        """Whether the document can be read; without a version it is read as the one there is."""
        version = data.get("specc")
        if version == 1 and not isinstance(version, bool | float):
            return True
        missing = "specc" not in data
        received = f"expected language version 1, received {shown(version)}"
        message = "a spec begins with its language version" if missing else received
        span = data.span if missing else data.value_spans["specc"]
        help = "write `specc: 1` as the first line"
        self.report.add(Diagnostic("version", message, span, help=help))
        return missing

    def _prune(self, parts: dict[str, Any], data: Mapping) -> Document | None:
        """Validate; report what is wrong, leave it out, and validate the rest."""
        parts.setdefault("specc", 1)
        context = ValidationContext((data,), data.span, Document.keys())
        try:
            document = Document.model_validate(parts)
        except ValidationError as error:
            self.report.extend(diagnose(error, context))
            document = _without(parts, places_at_fault(error, context))
        if document is not None:
            document.locate(data, data.span)
        return document

    def _blocks(self, blocks: Mapping) -> dict[str, Any]:
        return {name: self._block(data, blocks.value_spans[name]) for name, data in blocks.items()}

    def _block(self, data: Any, span: Span) -> Any:
        if not isinstance(data, Mapping):
            return data
        block = self._declaration(Block, self._with_entries(data), span, data)
        if block is not None:
            return block
        broken = BrokenBlock()
        broken.locate(data, span)
        return broken

    def _declaration(
        self, model: type[D], parts: Any, span: Span, node: Mapping | None = None
    ) -> D | None:
        """`parts` as `model`; None, and the faults reported, if it is not.

        node: the mapping that they were written as, where they are not that themselves.
        """
        where = node if node is not None else parts if isinstance(parts, Mapping) else None
        try:
            declared = model.model_validate(parts)
        except ValidationError as error:
            nodes = () if where is None else (where,)
            context = ValidationContext(nodes, span, model.keys())
            self.report.extend(diagnose(error, context))
            return None
        declared.locate(where, span)
        return declared

    # --- entries --------------------------------------------------------------------------------

    def _entries(self, data: Any) -> Any:
        """The entries of a list; what is not a list is left for pydantic to refuse."""
        if not isinstance(data, Sequence):
            return data
        spans = data.item_spans
        return tuple(self._entry(item, spans[index]) for index, item in enumerate(data))

    def _entry(self, data: Any, span: Span) -> Entry:
        """One entry; a `BrokenEntry` if it has a fault."""
        if isinstance(data, str):
            return self._made(_headed(data), {"head": data}, span, None)
        if not isinstance(data, Mapping):
            self._invalid(span, f"expected a layer or a mapping, received {shown(data)}")
            return self._broken(span, None)
        return self._mapping_entry(data, span)

    def _mapping_entry(self, data: Mapping, span: Span) -> Entry:
        for key, model in CONTROL.items():
            if key in data:
                return self._made(model, self._with_entries(data), span, data)
        heads = [key for key in data if key not in SIBLINGS]
        if len(heads) == 1:
            (head,) = heads
            parts = {key: value for key, value in data.items() if key != head}
            return self._made(
                _headed(head), {"head": head, "value": data[head], **parts}, span, data
            )
        if not heads and "layers" in data:
            return self._group(data, span)
        self._wrong_heads(data, span, heads)
        return self._broken(span, data)

    def _group(self, data: Mapping, span: Span) -> Entry:
        """Entries of the scope around them: there is nothing to name or to connect."""
        needless = [key for key in data if key not in ("layers", "when")]
        for key in needless:
            message = f"a group of layers has no `{key}`, only a `when`"
            help = f"put `{key}` on one of its entries, or make a block of them"
            span_of_key = data.key_spans[key]
            self.report.add(Diagnostic("unknown-key", message, span_of_key, help=help))
        parts = {
            key: value for key, value in self._with_entries(data).items() if key not in needless
        }
        return self._made(GroupEntry, parts, span, data)

    def _with_entries(self, data: Mapping) -> dict[str, Any]:
        """The parts of `data`, with the entries of its `layers` read."""
        parts: dict[str, Any] = dict(data)
        if "layers" in data:
            parts["layers"] = self._entries(data["layers"])
        return parts

    def _made(
        self, model: type[Entry], parts: dict[str, Any], span: Span, node: Mapping | None
    ) -> Entry:
        return self._declaration(model, parts, span, node) or self._broken(span, node)

    def _broken(self, span: Span, node: Mapping | None) -> BrokenEntry:
        name = node.get("name") if node is not None else None
        outputs = node.get("outputs") if node is not None else None
        broken = BrokenEntry(
            name=name if isinstance(name, str) else None,
            outputs=_strings(outputs) if isinstance(outputs, Sequence) else None,
        )
        broken.locate(node, span)
        return broken

    def _invalid(self, span: Span, message: str, help: str = "") -> None:
        self.report.add(Diagnostic("invalid-entry", message, span, help=help))

    def _wrong_heads(self, data: Mapping, span: Span, heads: list[str]) -> None:
        if not heads:
            self._invalid(
                span,
                "this entry has no layer, block, repeat, for, reuse or layers",
                "write the layer's name first, as in `- Conv2D: {filters: 8, kernel_size: 3}`",
            )
            return
        first, *others = heads
        for key in others:
            self.report.add(_second_head(data, first, key))


def _without(parts: dict[str, Any], places: list[Place]) -> Document | None:
    """The document without the parts at fault; None if what is left is no document either."""
    for key, *inner in places:
        value: Any = parts.get(str(key))
        if inner and isinstance(value, dict):
            parts[str(key)] = {name: item for name, item in value.items() if name != inner[0]}  # pyright: ignore[reportUnknownVariableType]
        else:
            parts.pop(str(key), None)
    try:
        return Document.model_validate(parts)
    except ValidationError:
        return None


def _second_head(data: Mapping, head: str, key: str) -> Diagnostic:
    """The fault of an entry that has `key` beside its `head`."""
    span, shown_key = data.key_spans[key], printable(key)
    is_parameter = head in LAYERS and key in LAYERS[head].model_fields
    if not is_parameter and (suggestion := did_you_mean(key, Entry.keys())):
        message = f"unknown key `{shown_key}` beside `{printable(head)}`"
        return Diagnostic("unknown-key", message, span, help=suggestion)
    if head[:1].isupper() and key[:1].islower():
        label = Label(data.key_spans[head], "its parameters are indented further than this")
        message = f"`{shown_key}` stands beside `{printable(head)}`, not below it"
        help = f"indent `{shown_key}` further, or write `{printable(head)}: {{{shown_key}: …}}`"
        return Diagnostic("invalid-entry", message, span, labels=(label,), help=help)
    label = Label(data.key_spans[head], "the first")
    message = f"an entry is one layer or block, and `{shown_key}` is a second"
    return Diagnostic(
        "invalid-entry", message, span, labels=(label,), help="begin a new entry with `- `"
    )


def _headed(head: str) -> type[Entry]:
    return LayerEntry if head[:1].isupper() else BlockEntry


def _strings(data: Sequence) -> tuple[str, ...]:
    return tuple(item for item in data if isinstance(item, str))

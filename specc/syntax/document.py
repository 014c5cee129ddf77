"""The document: what a spec may say, as pydantic models, and a validated spec with its spans.

`read_document` finds every fault of the document's form in one go. A faulty entry stays in its
place as a `BrokenEntry`, so that the rest of the network can still be checked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, ValidationError

from specc.diagnostics import Diagnostic, Label, Report
from specc.layer import LAYERS
from specc.names import did_you_mean, problem_with
from specc.source import Source, Span, printable
from specc.syntax.validation import (
    Place,
    ValidationContext,
    diagnose,
    places_at_fault,
    shown,
)
from specc.syntax.yaml import Data, Mapping, Sequence, read_yaml, span_at


def _block_name(value: Any) -> Any:
    if isinstance(value, str) and value[:1].isupper():
        raise ValueError("invalid-name: blocks are named in snake_case, layers in PascalCase")
    return value


def _one_variable(value: Any) -> Any:
    if isinstance(value, Mapping) and len(value) != 1:
        raise ValueError("`for` binds one variable, as in `for: {width: [32, 64]}`")
    return value


def _name(value: Any) -> Any:
    if isinstance(value, str) and "${" not in value and (problem := problem_with(value)):
        raise ValueError(f"invalid-name: {problem}")
    return value


Name = Annotated[str, BeforeValidator(_name)]
"""A plain identifier: see `specc.names`."""

Template = Annotated[str, Field(pattern=r"\$\{")]
"""A string with an expression in it."""

Scalar = bool | int | float | str
ParamValue = Scalar | tuple[Any, ...]
References = str | tuple[str, ...]


class Declaration(BaseModel):
    """A part of a spec that remembers where it was written."""

    # Slots, not private attributes: pydantic finds those only after all else has failed.
    __slots__ = ("_node", "_span")
    if TYPE_CHECKING:
        _node: Mapping | None = PrivateAttr()
        _span: Span = PrivateAttr()

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)

    @property
    def node(self) -> Mapping:
        """The mapping it was written as."""
        assert self._node is not None
        return self._node

    @property
    def whole(self) -> Span:
        """The span of all of it."""
        return self._span

    def span(self, *path: str | int) -> Span:
        """The narrowest span known for the part at `path`."""
        if self._node is None:
            return self._span
        return span_at(self._node, path) if path else self._span

    def key_span(self, *path: str) -> Span:
        """The span of the key at `path` itself."""
        *outer, key = path
        node = self._node if not outer else self.written(*outer)
        return node.key_spans[key] if isinstance(node, Mapping) and key in node else self._span

    def written(self, *path: str) -> Data:
        """The data at `path` as it was written, with its spans; None if there is none."""
        data: Data = self._node
        for key in path:
            data = data.get(key) if isinstance(data, Mapping) else None
        return data

    def locate(self, node: Mapping | None, span: Span) -> None:
        """Remember where this was written."""
        object.__setattr__(self, "_node", node)
        object.__setattr__(self, "_span", span)


D = TypeVar("D", bound=Declaration)


class Entry(Declaration):
    """One entry of `layers`. `when` false leaves it out."""

    kind: ClassVar[str]

    name: Name | None = Field(
        default=None, description="Names the entry and its output; unique in its scope."
    )
    inputs: References | None = Field(
        default=None, description="What it takes; default: the output before it."
    )
    outputs: tuple[Name, ...] | None = Field(default=None, description="Names for several outputs.")
    when: bool | Template | None = Field(
        default=None, description="The entry is left out if this is false."
    )


class BrokenEntry(Entry):
    """An entry with a fault already reported: all that depends on it is taken on trust."""

    kind = "broken"


class LayerEntry(Entry):
    """`- Conv2D: {…}`: a layer."""

    kind = "layer"

    head: str
    value: Any = None


class BlockEntry(Entry):
    """`- dense_layer: {…}`: a call of a block."""

    kind = "block"

    head: str
    value: Any = None


class RepeatEntry(Entry):
    """`- repeat: n`: the body n times, in sequence."""

    kind = "repeat"

    repeat: Annotated[int, Field(ge=0)] | Template
    index: Name | None = Field(default=None, description="The name bound to the position, from 0.")
    layers: tuple[Entry, ...]


class ForEntry(Entry):
    """`- for: {v: list}`: the body once for each item."""

    kind = "for"

    loop: Annotated[dict[Name, tuple[Any, ...] | Template], BeforeValidator(_one_variable)] = Field(
        alias="for", json_schema_extra={"minProperties": 1, "maxProperties": 1}
    )
    index: Name | None = Field(default=None, description="The name bound to the position, from 0.")
    layers: tuple[Entry, ...]


class ReuseEntry(Entry):
    """`- reuse: name`: the named layer or block again, with the same weights."""

    kind = "reuse"

    reuse: str


class GroupEntry(Entry):
    """`- layers: […]`: entries of the same scope, for one `when` over several."""

    kind = "group"

    layers: tuple[Entry, ...]


class Block(Declaration):
    """A named part of a network, with inputs, params and outputs of its own."""

    description: str = ""
    inputs: tuple[Name, ...] = ("x",)
    params: dict[Name, ParamValue] = Field(default_factory=dict)
    layers: tuple[Entry, ...]
    outputs: tuple[str, ...] | None = None


class Expect(Declaration):
    """What the network must come to, checked on every run."""

    parameters: Annotated[int, Field(ge=0)] | None = None
    trainable_parameters: Annotated[int, Field(ge=0)] | None = None
    flops: Annotated[int, Field(ge=0)] | None = None
    outputs: dict[str, str] | None = None


class Document(Declaration):
    """A whole spec file."""

    specc: Literal[1] = Field(description="The version of the language.")
    name: Name | None = Field(default=None, description="The network's name; default: the file's.")
    description: str = ""
    params: dict[Name, ParamValue] = Field(default_factory=dict)
    variants: dict[Name, dict[str, Any] | None] = Field(default_factory=dict)
    defaults: dict[str, dict[str, Any]] = Field(default_factory=dict)
    include: str | tuple[str, ...] = ()
    inputs: dict[Name, str] = Field(default_factory=dict)
    blocks: dict[Annotated[Name, BeforeValidator(_block_name)], Block] = Field(default_factory=dict)
    layers: tuple[Entry, ...] = ()
    outputs: tuple[str, ...] | dict[Name, str] | None = None
    expect: Expect | None = None
    train: dict[str, Any] | None = None
    data: dict[str, Any] | None = None

    @property
    def source(self) -> Source:
        return self.whole.source

    def defaults_of(self, layer: str) -> Mapping | None:
        """The default parameters of a type of layer, as they were written."""
        written = self.written("defaults", layer) if layer in self.defaults else None
        return written if isinstance(written, Mapping) else None


SIBLINGS = frozenset({"name", "inputs", "outputs", "when", "index", "layers"})
"""The keys of an entry that are not its head."""

CONTROL = {"repeat": RepeatEntry, "for": ForEntry, "reuse": ReuseEntry}


def read_document(source: Source, report: Report) -> Document | None:
    """The spec in `source`; its faults go to `report`. None if nothing can be made of it."""
    return DocumentReader(report).document(read_yaml(source))


class DocumentReader:
    """Turns YAML data into a `Document`, and every fault of form into a diagnostic."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def document(self, data: Mapping) -> Document | None:
        if not self._version(data):
            return None
        parts: dict[str, Any] = dict(data)
        if "layers" in data:
            parts["layers"] = self.entries(data, "layers")
        blocks, variants, expect = (data.get(key) for key in ("blocks", "variants", "expect"))
        if isinstance(blocks, Mapping):
            parts["blocks"] = self._blocks(blocks)
        if isinstance(variants, Mapping):
            parts["variants"] = {name: self._variant(each) for name, each in variants.items()}
        if isinstance(expect, Mapping):
            parts["expect"] = self.declaration(Expect, expect, expect.span)
        return self._prune(parts, data)

    def _variant(self, values: Any) -> Any:
        """The params of a variant, and its `expect` as an `Expect`."""
        if not isinstance(values, Mapping) or "expect" not in values:
            return values
        expect = self.declaration(Expect, values["expect"], values.value_spans["expect"])
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
        context = ValidationContext((data,), data.span, tuple(Document.model_fields))
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
        parts: dict[str, Any] = dict(data)
        if "layers" in data:
            parts["layers"] = self.entries(data, "layers")
        block = self.declaration(Block, parts, span, data)
        if block is not None:
            return block
        broken = BrokenEntry()
        broken.locate(None, span)
        substitute = Block(layers=(broken,), inputs=_plain_names(data.get("inputs")))
        substitute.locate(data, span)
        return substitute

    def declaration(
        self, model: type[D], parts: Any, span: Span, node: Mapping | None = None
    ) -> D | None:
        """`parts` as `model`; None, and the faults reported, if it is not."""
        where = node if node is not None else parts if isinstance(parts, Mapping) else None
        try:
            declared = model.model_validate(parts)
        except ValidationError as error:
            self._add(error, where, span, model.model_fields)
            return None
        declared.locate(where, span)
        return declared

    def _add(
        self, error: ValidationError, node: Mapping | None, span: Span, known: Iterable[str]
    ) -> None:
        nodes = () if node is None else (node,)
        context = ValidationContext(nodes, span, tuple(known))
        self.report.extend(diagnose(error, context))

    # Entries ------------------------------------------------------------------------------------

    def entries(self, parent: Mapping, key: str) -> Any:
        """The entries of a list; what is not a list is left for pydantic to refuse."""
        data = parent[key]
        if not isinstance(data, Sequence):
            return data
        spans = data.item_spans
        return tuple(self.entry(item, spans[index]) for index, item in enumerate(data))

    def entry(self, data: Any, span: Span) -> Entry:
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
                return self._made(model, self._body(data), span, data)
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
        parts = {key: value for key, value in self._body(data).items() if key not in needless}
        return self._made(GroupEntry, parts, span, data)

    def _body(self, data: Mapping) -> dict[str, Any]:
        parts: dict[str, Any] = dict(data)
        if "layers" in data:
            parts["layers"] = self.entries(data, "layers")
        return parts

    def _made(
        self, model: type[Entry], parts: dict[str, Any], span: Span, node: Mapping | None
    ) -> Entry:
        return self.declaration(model, parts, span, node) or self._broken(span, node)

    def _broken(self, span: Span, node: Mapping | None) -> BrokenEntry:
        name = node.get("name") if node is not None else None
        outputs = node.get("outputs") if node is not None else None
        broken = BrokenEntry(
            name=name if isinstance(name, str) and not problem_with(name) else None,
            outputs=_plain_names(outputs) or None if isinstance(outputs, Sequence) else None,
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
    if not is_parameter and (suggestion := did_you_mean(key[:100], SIBLINGS)):
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


def _plain_names(data: Any) -> tuple[str, ...]:
    if not isinstance(data, Sequence):
        return ("x",)
    return tuple(item for item in data if isinstance(item, str) and not problem_with(item))

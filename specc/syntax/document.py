"""The document: what a spec may say, as pydantic models that know where they were written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr

from specc.names import problem_with, problem_with_variable
from specc.source import Source, Span
from specc.syntax.yaml import Data, Mapping, span_at


def _block_name(value: Any) -> Any:
    if isinstance(value, str) and value[:1].isupper():
        raise ValueError("invalid-name: blocks are named in snake_case, layers in PascalCase")
    return value


def _one_variable(value: Any) -> Any:
    if isinstance(value, Mapping) and len(value) != 1:
        raise ValueError("`for` binds one variable, as in `for: {width: [32, 64]}`")
    return value


def _name(value: Any) -> Any:
    if isinstance(value, str) and (problem := problem_with(value)):
        raise ValueError(f"invalid-name: {problem}")
    return value


def _name_or_template(value: Any) -> Any:
    return value if isinstance(value, str) and "${" in value else _name(value)


def _variable(value: Any) -> Any:
    if isinstance(value, str) and (problem := problem_with_variable(value)):
        raise ValueError(f"invalid-name: {problem}")
    return value


Name = Annotated[str, BeforeValidator(_name)]
"""What may name a part of a network: see `specc.names`."""

Variable = Annotated[str, BeforeValidator(_variable)]
"""What may name a param, a variant, or what a loop binds: a plain identifier."""

Template = Annotated[str, Field(pattern=r"\$\{")]
"""A string with an expression in it."""

Scalar = bool | int | float | str
ParamValue = Scalar | tuple[Any, ...]
References = str | tuple[str, ...]


HEAD_FIELDS = frozenset({"head", "value"})
"""The fields of an entry that stand for its head, which is a key of the user's own."""


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

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """The keys it is written with."""
        fields = cls.model_fields.items()
        return tuple(field.alias or name for name, field in fields if name not in HEAD_FIELDS)

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


class Entry(Declaration):
    """One entry of `layers`. `when` false leaves it out."""

    kind: ClassVar[str]

    name: Annotated[str, BeforeValidator(_name_or_template)] | None = Field(
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
    """An entry with a fault already reported: all that depends on it is taken on trust.

    Its names are as written: a bad one is known, so that those who refer to it are not blamed.
    """

    kind = "broken"

    name: str | None = None
    outputs: tuple[str, ...] | None = None


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
    index: Variable | None = Field(
        default=None, description="The name bound to the position, from 0."
    )
    layers: tuple[Entry, ...]


class ForEntry(Entry):
    """`- for: {v: list}`: the body once for each item."""

    kind = "for"

    loop: Annotated[dict[Variable, tuple[Any, ...] | Template], BeforeValidator(_one_variable)] = (
        Field(alias="for", json_schema_extra={"minProperties": 1, "maxProperties": 1})
    )
    index: Variable | None = Field(
        default=None, description="The name bound to the position, from 0."
    )
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
    params: dict[Variable, ParamValue] = Field(default_factory=dict)
    layers: tuple[Entry, ...]
    outputs: tuple[str, ...] | None = None


class BrokenBlock(Block):
    """A block with a fault already reported: calls of it are taken on trust."""

    layers: tuple[Entry, ...] = ()


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
    license: str = Field(default="", description="Under which others may use it, as `Apache-2.0`.")
    params: dict[Variable, ParamValue] = Field(default_factory=dict)
    variants: dict[Variable, dict[str, Any] | None] = Field(default_factory=dict)
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

    def declares_block(self, name: str) -> bool:
        """Whether a block of this name is written, be it faulty or not."""
        blocks = self.written("blocks")
        return isinstance(blocks, Mapping) and name in blocks

    def params_of(self, variant: str) -> dict[str, Any]:
        """The params that a variant sets."""
        values = self.variants[variant] or {}
        return {name: value for name, value in values.items() if name != "expect"}

    def expect_of(self, variant: str | None) -> Expect | None:
        """The `expect` that holds: the file's for its own params, a variant's own for a variant.

        A variant without an `expect` that sets nothing has the file's.
        """
        if variant is None:
            return self.expect
        values = self.variants.get(variant) or {}
        if not values:
            return self.expect
        own = values.get("expect")
        return own if isinstance(own, Expect) else None

    def defaults_of(self, layer: str) -> Mapping | None:
        """The default parameters of a type of layer, as they were written."""
        written = self.written("defaults", layer) if layer in self.defaults else None
        return written if isinstance(written, Mapping) else None


SIBLINGS = frozenset({"name", "inputs", "outputs", "when", "index", "layers"})
"""The keys of an entry that are not its head."""

CONTROL = {"repeat": RepeatEntry, "for": ForEntry, "reuse": ReuseEntry}

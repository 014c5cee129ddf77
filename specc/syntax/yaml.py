"""YAML text to plain data that knows where each part of it was written.

`read_yaml` takes any text at all and gives either data or a `SpecError` with every fault it could
find. No tag is obeyed and no code runs. Depth, nodes and scalars are counted while the parser's
events come in, before anything is built of them: libyaml's composer would overflow its stack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import NoReturn

import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from specc.diagnostics import SHOWN_ERRORS, Diagnostic, Label, Report, SpecError
from specc.source import Source, Span, printable
from specc.syntax.complaints import explain
from specc.syntax.scalars import core_scalar
from specc.wording import shown

MAX_DEPTH = 64
MAX_NODES = 200_000
MAX_SCALAR = 64 * 1024

Extent = tuple[int, int, int, int]
"""Line, column, end line, end column. A file has many and shows few: spans are made on demand."""


class Mapping(dict[str, "Data"]):
    """A mapping, the span of it, of each key and of each value."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.extent: Extent = (1, 1, 1, 1)
        self.extents: dict[str, tuple[Extent, Extent]] = {}  # of the key and of the value

    @property
    def span(self) -> Span:
        return Span(self.source, *self.extent)

    @cached_property
    def key_spans(self) -> dict[str, Span]:
        return {key: Span(self.source, *extent) for key, (extent, _) in self.extents.items()}

    @cached_property
    def value_spans(self) -> dict[str, Span]:
        return {key: Span(self.source, *extent) for key, (_, extent) in self.extents.items()}


class Sequence(tuple["Data", ...]):
    """A sequence, the span of it and of each item."""

    source: Source
    extent: Extent
    item_extents: list[Extent]

    def __new__(
        cls, items: list[Data], source: Source, extent: Extent, item_extents: list[Extent]
    ) -> Sequence:
        self = super().__new__(cls, items)
        self.source = source
        self.extent = extent
        self.item_extents = item_extents
        return self

    @property
    def span(self) -> Span:
        return Span(self.source, *self.extent)

    @cached_property
    def item_spans(self) -> tuple[Span, ...]:
        return tuple(Span(self.source, *extent) for extent in self.item_extents)


Data = Mapping | Sequence | str | int | float | bool | None


def read_yaml(source: Source) -> Mapping:
    """The one mapping that the YAML text of `source` holds.

    Raises SpecError with all faults found; only a fault of syntax or a limit ends the search.
    """
    builder = _Builder(source)
    builder.check_characters()
    try:
        return builder.document()
    # The pure Python parser lets `"\UFFFFFFFF"` out as one of the last two.
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        builder.report.add(explain(source, error))
    raise SpecError(builder.report)


def span_at(data: Mapping | Sequence, path: tuple[str | int, ...]) -> Span:
    """The narrowest span known for the part at `path`: of the last step of it that exists."""
    span = data.span
    here: Data = data
    for step in path:
        if isinstance(here, Mapping) and isinstance(step, str) and step in here:
            span, here = here.value_spans[step], here[step]
        elif isinstance(here, Sequence) and isinstance(step, int) and 0 <= step < len(here):
            span, here = here.item_spans[step], here[step]
        else:
            break
    return span


def inner_span(span: Span, text: str, start: int, end: int) -> Span:
    """The span of `text[start:end]`, where `text` is the string that was read at `span`.

    The whole span if the text was not written character for character on one line, plain or quoted.
    """
    if span.line != span.end_line:
        return span
    written = _written(span)
    if written == text:
        return span.within(start, end)
    if written in (f'"{text}"', f"'{text}'"):
        return span.within(start + 1, end + 1)
    return span


def _written(span: Span) -> str:
    """The text of the source at a one-line span."""
    return span.source.line(span.line)[span.column - 1 : span.end_column - 1]


# Characters that hide or reorder what stands beside them, or that a terminal obeys: C0 and C1
# controls, a carriage return on its own, zero-width and bidi marks, line and paragraph separators,
# invisible tags, surrogates and noncharacters.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f]|\r(?!\n)"
)
# The parser would compare each of these with all before it. No tag is allowed anyway.
_TAG_DIRECTIVE = re.compile(r"^%TAG\b.*", re.MULTILINE)
_TAG = re.compile(r"![^\s,\]}]*")


@dataclass(frozen=True, slots=True)
class _Anchored:
    """What an anchor names, how many nodes that is and how deep it is nested."""

    value: Data
    nodes: int
    depth: int


class _Faults:
    """The faults of one source, and how each is put."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.report = Report()

    def fault(
        self,
        code: str,
        message: str,
        extent: Extent,
        *,
        help: str = "",
        labels: tuple[Label, ...] = (),
    ) -> None:
        """Note a fault and go on."""
        span = Span(self.source, *extent)
        self.report.add(Diagnostic(code, message, span, labels=labels, help=help))

    def stop(self, code: str, message: str, extent: Extent, *, help: str = "") -> NoReturn:
        """Note a fault after which there is no going on."""
        self.fault(code, message, extent, help=help)
        raise SpecError(self.report)

    def control_character(self, character: str, extent: Extent) -> None:
        import unicodedata  # only a faulty text pays for it

        name = unicodedata.name(character, "").lower()
        which = f"U+{ord(character):04X}" + (f" ({name})" if name else "")
        message = f"the character {which} cannot be seen and may not stand in a spec"
        self.fault("control-character", message, extent, help="delete it, or retype the text")

    def second_document(self, start: Event) -> None:
        line, column, *_ = _extent(start)
        message = "expected one document, received a second one, which starts here"
        fix = "put it into a file of its own"
        self.fault("yaml-documents", message, (line, column, line, column + 3), help=fix)

    def too_deep(self, extent: Extent) -> NoReturn:
        message = f"mappings and lists nest at most {MAX_DEPTH} deep"
        self.stop("yaml-depth", message, extent, help="move the inner parts into blocks")

    def tag(self, event: NodeEvent) -> None:
        line, column, *_ = _extent(event)
        match = _TAG.search(self.source.line(line), column - 1)
        start, end = match.span() if match else (column - 1, column)
        self.tag_fault((line, start + 1, line, end + 1))

    def tag_fault(self, extent: Extent) -> None:
        fix = "remove it; quotes make a value a string"
        self.fault("yaml-tag", "YAML tags are not part of the language", extent, help=fix)

    def endless_alias(self, name: str, extent: Extent) -> None:
        message = f"the alias *{printable(name)} stands inside what it repeats"
        self.fault(
            "yaml-alias", message, extent, help="blocks repeat a part a fixed number of times"
        )

    def unknown_alias(self, name: str, extent: Extent) -> None:
        message = f"there is no anchor &{printable(name)} before this alias"
        fix = "quote the value if it should be a string that starts with *"
        self.fault("yaml-alias", message, extent, help=fix)

    def number_too_large(self, text: str, reason: str, extent: Extent) -> None:
        message = f"{printable(text, 30)} is {reason}"
        fix = "quote it if it should be a string"
        self.fault("number-too-large", message, extent, help=fix)

    def merge_key(self, extent: Extent) -> None:
        fix = "write the keys out, or use `defaults` or the params of a block"
        message = "merge keys (<<) are not part of the language"
        self.fault("yaml-merge", message, extent, help=fix)

    def key_type(self, key: Data, extent: Extent) -> None:
        message = f"expected a string as key, received {shown(key)}"
        fix = ""
        if not isinstance(key, Mapping | Sequence):
            written = _written(Span(self.source, *extent)) or "key"
            fix = f'write it with quotes: "{printable(written)}"'
        self.fault("key-type", message, extent, help=fix)

    def key_with_colon(self, key: str, extent: Extent) -> None:
        message = "expected a space after the colon"
        fix = f"write `{printable(key.replace(':', ': ', 1))}`"
        self.fault("yaml-syntax", message, extent, help=fix)

    def duplicate_key(self, key: str, extent: Extent, first: Extent) -> None:
        message = f"the key `{printable(key)}` stands twice in one mapping"
        label = Label(Span(self.source, *first), "first here")
        fix = "remove one of the two"
        self.fault("duplicate-key", message, extent, labels=(label,), help=fix)


class _Builder(_Faults):
    """Builds data from the events of one stream and notes the faults in it."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.anchors: dict[str, _Anchored | None] = {}  # None while the node itself is read
        self.nodes = 0  # including those that aliases repeat
        self.depth = 0
        self.deepest = 0
        self.events = _events(source.text)

    def check_characters(self) -> None:
        """Raise SpecError if the text holds a character that no spec may hold."""
        text = self.source.text
        for match in islice(_FORBIDDEN.finditer(text), SHOWN_ERRORS):
            self.control_character(match[0], _extent_of(text, *match.span()))
        if match := _TAG_DIRECTIVE.search(text):
            self.tag_fault(_extent_of(text, *match.span()))
        self.report.raise_if_failed()

    # One method for each kind of node; each gives the data and where it stands.

    def document(self) -> Mapping:
        """The root of the one document."""
        next(self.events)  # the start of the stream
        if isinstance(next(self.events), StreamEndEvent):
            self.stop("empty-document", "the file holds nothing", _TOP, help=_START)
        root, extent = self.node(next(self.events))
        next(self.events)  # the end of the document
        if not isinstance(end := next(self.events), StreamEndEvent):
            self.second_document(end)
        if root is None:
            self.fault("empty-document", "the file holds nothing", _TOP, help=_START)
        elif not isinstance(root, Mapping):
            expected = f"expected a mapping of keys to values, received {shown(root)}"
            self.fault("wrong-type", expected, extent, help=_START)
        self.report.raise_if_failed()
        assert isinstance(root, Mapping)
        return root

    def node(self, event: Event) -> tuple[Data, Extent]:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            message = f"the file has more than {MAX_NODES:,} YAML nodes"
            self.stop("yaml-size", message, _extent(event))
        if isinstance(event, ScalarEvent) and event.tag is None and event.anchor is None:
            return self.scalar(event)  # nearly every node takes this short way
        if isinstance(event, AliasEvent):
            return self.alias(event)
        assert isinstance(event, _CONTENT)
        if event.tag is not None:
            self.tag(event)
        if event.anchor is not None:
            return self.anchored(event)
        return self.content(event)

    def content(self, event: ScalarEvent | CollectionStartEvent) -> tuple[Data, Extent]:
        return self.scalar(event) if isinstance(event, ScalarEvent) else self.collection(event)

    def scalar(self, event: ScalarEvent) -> tuple[Data, Extent]:
        text, style, extent = event.value, event.style, _extent(event)
        value: Data = text
        if not style:
            try:
                value = core_scalar(text)
            except OverflowError as error:
                self.number_too_large(text, str(error), extent)
        elif style in "|>":
            extent = self.without_blank_end(extent)
        elif style == '"' and not text.isprintable() and (match := _FORBIDDEN.search(text)):
            self.control_character(match[0], extent)
        if len(text) > MAX_SCALAR:
            message = f"a scalar has at most {MAX_SCALAR:,} characters, this one has {len(text):,}"
            self.fault("scalar-too-long", message, extent)
        return value, extent

    def collection(self, event: CollectionStartEvent) -> tuple[Data, Extent]:
        self.depth += 1
        self.deepest = max(self.deepest, self.depth)
        if self.depth > MAX_DEPTH:
            self.too_deep(_extent(event))
        build = self.mapping if isinstance(event, MappingStartEvent) else self.sequence
        built = build(event)
        self.depth -= 1
        return built

    def sequence(self, start: CollectionStartEvent) -> tuple[Data, Extent]:
        items: list[Data] = []
        extents: list[Extent] = []
        while type(event := next(self.events)) is not SequenceEndEvent:
            item, extent = self.node(event)
            items.append(item)
            extents.append(extent)
        extent = _collection_extent(start, event, extents[-1] if extents else None)
        return Sequence(items, self.source, extent, extents), extent

    def mapping(self, start: CollectionStartEvent) -> tuple[Data, Extent]:
        mapping = Mapping(self.source)
        value_extent = None
        while type(event := next(self.events)) is not MappingEndEvent:
            key, key_extent = self.key(event)
            value, value_extent = self.node(next(self.events))
            if value_extent[0] > key_extent[2] and value_extent[:2] == value_extent[2:]:
                value_extent = _end_of(key_extent)  # `? key` alone: its null is where the next is
            if key is None:
                continue
            if key in mapping:
                self.duplicate_key(key, key_extent, mapping.extents[key][0])
                continue
            mapping[key] = value
            mapping.extents[key] = key_extent, value_extent
        mapping.extent = _collection_extent(start, event, value_extent)
        return mapping, mapping.extent

    def key(self, event: Event) -> tuple[str | None, Extent]:
        """A key; None if it is none that a spec may have."""
        value, extent = self.node(event)
        if not isinstance(value, str):
            self.key_type(value, extent)
        elif value == "<<" and _is_plain(event):
            self.merge_key(extent)
        elif ":" in value and _is_plain(event):
            self.key_with_colon(value, extent)
        else:
            return value, extent
        return None, extent

    def anchored(self, event: ScalarEvent | CollectionStartEvent) -> tuple[Data, Extent]:
        self.anchors[event.anchor] = None
        nodes_before, deepest_before = self.nodes, self.deepest
        self.deepest = self.depth
        value, extent = self.content(event)
        nodes, depth = self.nodes - nodes_before + 1, self.deepest - self.depth
        self.anchors[event.anchor] = _Anchored(value, nodes, depth)
        self.deepest = max(self.deepest, deepest_before)
        return value, extent

    def alias(self, event: AliasEvent) -> tuple[Data, Extent]:
        name, extent = event.anchor, _extent(event)
        anchored = self.anchors.get(name)
        if anchored is None:
            complain = self.endless_alias if name in self.anchors else self.unknown_alias
            complain(name, extent)
            return f"*{name}", extent
        self.nodes += anchored.nodes - 1
        if self.nodes > MAX_NODES:
            message = f"with its aliases expanded, the file has more than {MAX_NODES:,} YAML nodes"
            self.stop("yaml-alias", message, extent, help="use blocks and params to repeat a part")
        self.deepest = max(self.deepest, self.depth + anchored.depth)
        if self.deepest > MAX_DEPTH:
            self.too_deep(extent)
        return anchored.value, extent

    def without_blank_end(self, extent: Extent) -> Extent:
        """The extent of a block scalar up to its last line that is not blank."""
        line, column, end_line, end_column = extent
        if end_column == 1:
            end_line -= 1
        while end_line > line and not self.source.line(end_line).strip():
            end_line -= 1
        return line, column, end_line, len(self.source.line(end_line).rstrip()) + 1


_CONTENT = (ScalarEvent, CollectionStartEvent)
_TOP: Extent = (1, 1, 1, 1)
_START = "a spec starts with `specc: 1`"


def _is_plain(event: Event) -> bool:
    return isinstance(event, ScalarEvent) and not event.style


def _extent(event: Event) -> Extent:
    start, end = event.start_mark, event.end_mark
    return start.line + 1, start.column + 1, end.line + 1, end.column + 1


def _collection_extent(start: CollectionStartEvent, end: Event, last: Extent | None) -> Extent:
    """From the start of a collection to its bracket or, without one, to the end of its last part.

    The parser itself ends a block collection where the next token stands, lines below.
    """
    line, column, *_ = _extent(start)
    final = _extent(end) if start.flow_style or last is None else last
    return line, column, final[2], final[3]


def _events(text: str) -> Iterator[Event]:
    """The events of the text; libyaml's where PyYAML was built with it."""
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    return yaml.parse(text, Loader=loader)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def _end_of(extent: Extent) -> Extent:
    _, _, line, column = extent
    return line, column, line, column


def _extent_of(text: str, start: int, end: int) -> Extent:
    """The extent of `text[start:end]`, which is on one line."""
    line = text.count("\n", 0, start) + 1
    column = start - text.rfind("\n", 0, start)
    return line, column, line, column + end - start

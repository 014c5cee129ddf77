"""A program: a spec file with all it includes, one namespace of blocks and params."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from specc.diagnostics import Diagnostic, Label, Report, SpecError
from specc.source import Source, Span
from specc.syntax.document import Block, Document
from specc.syntax.reader import read_document
from specc.syntax.reading import read_include, read_source

MAX_INCLUDED = 100
"""Files that one program may take in."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A block and the document it is declared in, whose `defaults` hold for its layers."""

    name: str
    block: Block
    document: Document

    @property
    def span(self) -> Span:
        """Where the block's name stands."""
        return self.document.key_span("blocks", self.name)


@dataclass(frozen=True, slots=True)
class Program:
    """The main document, and what it and its includes declare.

    params: the default of each param, with the document that declares it.
    """

    document: Document
    documents: tuple[Document, ...]
    blocks: Mapping[str, Definition]
    params: Mapping[str, tuple[Any, Document]]


def load_program(path: Path, report: Report, *, name: str | None = None) -> Program | None:
    """The program in the file at `path`, or None if nothing can be made of it.

    Faults go to `report`.
    """
    try:
        source = read_source(path, name=name)
    except SpecError as error:
        report.extend(error.report.diagnostics)
        return None
    return _Loader(report).program(source, path)


@dataclass(slots=True)
class _Loader:
    """Reads a file and its includes, each once."""

    report: Report
    documents: dict[Path, Document | None] = field(default_factory=dict[Path, "Document | None"])

    def program(self, source: Source, path: Path) -> Program | None:
        document = self._read(source)
        if document is None:
            return None
        here = path.resolve()
        self.documents[here] = document
        self._include_all(document, path.parent, {here: source.name})
        documents = tuple(found for found in self.documents.values() if found is not None)
        return Program(document, documents, self._blocks(documents), self._params(documents))

    def _read(self, source: Source) -> Document | None:
        try:
            return read_document(source, self.report)
        except SpecError as error:
            self.report.extend(error.report.diagnostics)
            return None

    def _include_all(self, document: Document, folder: Path, chain: Mapping[Path, str]) -> None:
        for relative, span in _includes(document):
            self._include(folder, relative, span, chain)

    def _include(self, folder: Path, relative: str, span: Span, chain: Mapping[Path, str]) -> None:
        """Read one include. `chain`: the files on the way to it, with the names they go by."""
        try:
            source = read_include(folder, relative, span)
        except SpecError as error:
            return self.report.extend(error.report.diagnostics)
        target = (folder / relative).resolve()
        if target in chain:
            return self._circle([*chain.values()][[*chain].index(target) :], span)
        if target in self.documents:
            return None
        if len(self.documents) > MAX_INCLUDED:
            message = f"more than {MAX_INCLUDED} files are included"
            return self._fault("too-many-includes", message, span)
        self.documents[target] = document = self._read(source)
        if document is not None:
            inner = (folder / relative).parent
            self._include_all(document, inner, {**chain, target: source.name})
        return None

    def _circle(self, names: list[str], span: Span) -> None:
        way = " → ".join(Path(name).name for name in (*names, names[0]))
        help = "put what both need into a third file"
        self._fault("include-cycle", f"files include each other: {way}", span, help)

    def _fault(self, code: str, message: str, span: Span, help: str = "") -> None:
        self.report.add(Diagnostic(code, message, span, help=help))

    def _blocks(self, documents: tuple[Document, ...]) -> dict[str, Definition]:
        blocks: dict[str, Definition] = {}
        for document in documents:
            for name, block in document.blocks.items():
                definition = Definition(name, block, document)
                if name in blocks:
                    self._conflict("block", name, definition.span, blocks[name].span)
                else:
                    blocks[name] = definition
        return blocks

    def _params(self, documents: tuple[Document, ...]) -> dict[str, tuple[Any, Document]]:
        """The main file's params win over included ones, of which no two have the same name."""
        main, *included = documents
        params: dict[str, tuple[Any, Document]] = {}
        for document in included:
            for name, value in document.params.items():
                if name in params and name not in main.params:
                    other = params[name][1]
                    self._conflict(
                        "param", name, document.span("params", name), other.span("params", name)
                    )
                params[name] = (value, document)
        return params | {name: (value, main) for name, value in main.params.items()}

    def _conflict(self, what: str, name: str, span: Span, other: Span) -> None:
        self.report.add(
            Diagnostic(
                "include-conflict",
                f"two files declare the {what} `{name}`",
                span,
                labels=(Label(other, "declared here first"),),
                help="rename one of them, or remove it",
            )
        )


def _includes(document: Document) -> Iterator[tuple[str, Span]]:
    if isinstance(document.include, str):
        yield document.include, document.span("include")
        return
    for index, relative in enumerate(document.include):
        yield relative, document.span("include", index)

"""What the YAML parser complains of, in plain words, at the place to mend.

libyaml says where it gave up, in the terms of its grammar. The usual mistakes are looked for first,
in the text around that place; else a table says what the writer most likely did. Its needles fit
the words of libyaml and of PyYAML's own parser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from yaml.error import Mark, MarkedYAMLError

from specc.diagnostics import Diagnostic, Label
from specc.source import Source, Span, printable


@dataclass(frozen=True, slots=True)
class _Complaint:
    """What to say where the parser's words hold `needle`.

    opener: whether the fault is at what was opened before (a bracket, a quote, a key), which the
    parser calls the context, and not where the parser gave up.
    layout: whether the fault is in how lines start, or in what follows a value on its line.
    """

    needle: str
    message: str
    help: str
    opener: bool = False
    layout: bool = False


_INDENT = "keys of one mapping start in the same column, and so do the dashes of one list"
_QUOTES = "put quotes around the value if it is text"
_UNALIGNED = "this does not line up with the mapping or list around it"
_NAME = "an anchor or alias needs a name"

_CROWDED = _Complaint(
    "",
    "expected the line to end after the value",
    "start a new line, or put quotes around the whole value if it is text",
)
_COMPLAINTS = (
    _Complaint(
        "quoted scalar found unexpected", "this quote is never closed", "close it", opener=True
    ),
    _Complaint(
        "unknown escape",
        "double quotes know no such escape",
        "double the backslash, or use single quotes, which know no escapes",
    ),
    _Complaint("escape code", "this escape is not the code of a character", "use single quotes"),
    _Complaint(
        "flow sequence",
        "expected `,` or `]` in the list that starts here",
        "close it, and put quotes around text that holds brackets or `: `",
        opener=True,
    ),
    _Complaint(
        "flow mapping",
        "expected `,` or `}` in the mapping that starts here",
        "close it, and put quotes around text that holds brackets or `: `",
        opener=True,
    ),
    _Complaint("mapping values are not", "a `key: value` may not stand here", _INDENT, layout=True),
    _Complaint(
        "entries are not allowed", "a `- ` entry may not stand here", "start it on a new line"
    ),
    _Complaint(
        "find expected ':'", "expected a colon after this key", "write `key: value`", opener=True
    ),
    _Complaint("did not find expected key", _UNALIGNED, _INDENT, layout=True),
    _Complaint("did not find expected '-'", _UNALIGNED, _INDENT, layout=True),
    _Complaint("expected <block end>", _UNALIGNED, _INDENT, layout=True),
    _Complaint("cannot start any token", "a value may not start with this character", _QUOTES),
    _Complaint("node content", "expected a value", _QUOTES),
    _Complaint(
        "<document start>", "expected one document", "put the second into a file of its own"
    ),
    _Complaint("incompatible YAML", "expected YAML 1.1 or 1.2", "remove the %YAML line"),
    _Complaint("scanning an anchor", _NAME, _QUOTES),
    _Complaint("scanning an alias", _NAME, _QUOTES),
    _Complaint("tag", "YAML tags are not part of the language", _QUOTES),
)

_TAB_INDENT = re.compile(r"\s*\t")
_EXPRESSION = re.compile(r"\$\{[^}]*\}?")
_VALUE = re.compile(r"\s*(?:- )*[^\s#\[\]{}]+: *[^\s|>]")
_BARE_HEAD = re.compile(r"( *)- +(\w+) *(?:#.*)?")
_KEY = re.compile(r"( *)[^\s#]+:(?:\s|$)")
_LACKS_SPACE = re.compile(r"\s*(?:- )*(\w+:[^\s:/]+)")


def explain(source: Source, error: Exception) -> Diagnostic:
    """The diagnostic for `error`, which the parser raised while it read `source`."""
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        message = f"the text is not YAML: {printable(str(error), 200)}"
        return Diagnostic("yaml-syntax", message, Span(source, 1, 1, 1, 1))
    mark = error.problem_mark
    return _usual_mistake(source, mark) or _translated(source, error, mark)


def _usual_mistake(source: Source, mark: Mark) -> Diagnostic | None:
    """A tab, an unquoted expression, or a colon missing or too close, if there is one at `mark`."""
    number = mark.line + 1
    line = source.line(number)
    if (match := _TAB_INDENT.match(line)) and mark.column < match.end():
        message, fix = "a tab may not indent a line", "indent with spaces"
        return _at(source, number, match.end() - 1, match.end(), message, fix)
    if match := _EXPRESSION.match(line, max(mark.column - 1, 0)):
        message = "an expression inside `[…]` or `{…}` needs quotes"
        return _at(source, number, *match.span(), message, f'write "{printable(match[0])}"')
    for near in (number, _text_above(source, number)):
        if match := _LACKS_SPACE.fullmatch(source.line(near)):
            message = "expected a space after the colon"
            fix = f"write `{printable(match[1].replace(':', ': ', 1))}`"
            return _at(source, near, *match.span(1), message, fix)
    return _bare_head(source, number)


def _bare_head(source: Source, number: int) -> Diagnostic | None:
    """An entry without a colon above the key on line `number`, which stands below it."""
    above = _text_above(source, number)
    head, key = _BARE_HEAD.fullmatch(source.line(above)), _KEY.match(source.line(number))
    if head is None or key is None or len(key[1]) <= len(head[1]):
        return None
    message = "expected a colon after the head of an entry that goes on below"
    return _at(source, above, *head.span(2), message, f"write `- {printable(head[2])}:`")


def _translated(source: Source, error: MarkedYAMLError, mark: Mark) -> Diagnostic:
    words = f"{error.context or ''} {error.problem or ''}"
    complaint = next((each for each in _COMPLAINTS if each.needle in words), None)
    if complaint is None:
        return _at_mark(source, mark, f"the text is not YAML: {printable(error.problem or '')}")
    if complaint.opener and error.context_mark is not None:
        found = _character(source, mark)
        text = "found this instead" if found.column < found.end_column else "the line ends"
        label = Label(found, text)
        return _at_mark(source, error.context_mark, complaint.message, complaint.help, label)
    if complaint.layout and _VALUE.match(source.line(mark.line + 1)[: mark.column]):
        complaint = _CROWDED
    return _at_mark(source, mark, complaint.message, complaint.help)


def _text_above(source: Source, number: int) -> int:
    """The number of the nearest line above line `number` that is more than a comment."""
    while number > 1 and not source.line(number - 1).partition("#")[0].strip():
        number -= 1
    return max(number - 1, 1)


def _at(source: Source, line: int, start: int, end: int, message: str, help: str) -> Diagnostic:
    span = Span(source, line, start + 1, line, end + 1)
    return Diagnostic("yaml-syntax", message, span, help=help)


def _at_mark(
    source: Source, mark: Mark, message: str, help: str = "", *labels: Label
) -> Diagnostic:
    span = _character(source, mark)
    return Diagnostic("yaml-syntax", message, span, labels=labels, help=help)


def _character(source: Source, mark: Mark) -> Span:
    """The one character at `mark`, or the empty span at the end of a line or of the text."""
    line, column = mark.line + 1, mark.column + 1
    if line > len(source.lines):  # the parser sees a line break at the end of every text
        line = len(source.lines)
        column = len(source.line(line)) + 1
    end = min(column + 1, max(len(source.line(line)) + 1, column))
    return Span(source, line, column, line, end)

"""Codes of files and of YAML."""

from __future__ import annotations

READING = {
    "file-not-found": """The file does not exist.

The path is taken as the shell gives it; a name without a suffix, such as `densenet`, is
looked for in the zoo as well. An include is looked for below the folder of its file.""",
    "file-unreadable": """The path is not a regular file that can be read.

Folders, pipes, devices and sockets are refused before they are opened, so that no spec can
make the reader wait. Check the permissions of a file.""",
    "file-too-large": """The file is larger than 4 MiB.

The largest networks known are some hundred lines as a spec: use `repeat`, `for` and blocks
in place of copies, or split the file with `include`.""",
    "encoding": """The file is not UTF-8 text.

A spec is UTF-8, with or without a byte order mark. Save the file as UTF-8; Windows editors
often write UTF-16.""",
    "control-character": """The text holds a character that cannot be seen.

Control characters, zero-width characters and marks of writing direction make a text look
like another one. They come in when text is pasted: delete the character, or retype the line.""",
    "yaml-syntax": """The text is not YAML.

The usual reasons: a tab as indentation, keys of one mapping that do not line up, a bracket or
quote that is not closed, an expression inside `{…}` without quotes, no space after a colon.

Wrong:
  layers:
    - Dense: {units: ${2 * 8}}

Right:
  layers:
    - Dense: {units: "${2 * 8}"}""",
    "yaml-tag": """YAML tags are not part of the language.

A tag such as `!!int` or `!env` asks the reader to build something. A spec is plain data.

Wrong:
  - Dense: !!int 8

Right:
  - Dense: 8""",
    "yaml-alias": """An alias has no anchor, holds itself, or there are too many.

`&name` and `*name` repeat a part of a file. They may do so as long as the file stays below
200,000 nodes with every alias written out. Blocks and params say more of what is meant.

Wrong:
  - Dense: *width

Right:
  - Dense: &width 8
  - Dense: *width""",
    "yaml-merge": """YAML merge keys (`<<`) are not part of the language.

YAML 1.2 dropped them, and what wins is easily misread. Parameters that many layers share
go into `defaults`; parts of a network that come back go into blocks.

Wrong:
  layers:
    - Dense: &base {units: 8}
    - Dense: {<<: *base, use_bias: false}

Right:
  defaults:
    Dense: {units: 8}
  layers:
    - Dense
    - Dense: {use_bias: false}""",
    "yaml-documents": """A file holds one YAML document.

A line of three dashes starts a second document. Put it into a file of its own, or use
`variants` for several forms of one network.""",
    "yaml-depth": """The nesting is deeper than 64.

No network needs that. Loops and blocks nest by name, not by indentation: move inner parts
into `blocks`.""",
    "yaml-size": """The file has more than 200,000 YAML nodes.

Every key, value and item is a node, those that an alias repeats too. Use `repeat`, `for` and
blocks in place of copies.""",
    "scalar-too-long": """One scalar is longer than 64 KiB.

A name, a number or an expression is short. A long description belongs beside the spec.""",
    "number-too-large": """A number is beyond 2^53.

Larger integers no longer count exactly in floating point, which most readers of YAML use.

Wrong:
  params: {seed: 18446744073709551615}

Right:
  params: {seed: 4294967295}""",
    "duplicate-key": """A key stands twice in one mapping.

Most readers of YAML keep one of the two without a word. Remove the other.

Wrong:
  - Dense: {units: 8, units: 16}

Right:
  - Dense: {units: 8}
  - Dense: {units: 16}""",
    "key-type": """A key is not a string.

Keys are names. A number or `true` as a key is almost always a list that was meant.

Wrong:
  params: {widths: {1: 8}}

Right:
  params: {widths: [8]}""",
    "empty-document": """The file holds nothing.

A spec begins with `specc: 1`, its `inputs` and its `layers`.""",
}

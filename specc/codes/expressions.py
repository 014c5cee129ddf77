"""Codes of the language of `${…}`."""

from __future__ import annotations

EXPRESSIONS = {
    "expression-syntax": """The expression cannot be read.

`${…}` is a small language of its own, and not Python: numbers, strings, lists, names, indexing,
arithmetic, comparisons, `and or not`, `a if c else b`, and a few functions.

Wrong:
  - Dense: "${[8 for i in range(3)]}"

Right:
  - Dense: "${8 * 3}\"""",
    "expression-name": """The expression uses a name that is not there.

It sees the params of the file, or of its block; the variables of the loops around it; and the
tensors before it by their names, with `.channels .height .width .length .rank .shape`.

Wrong:
  params: {growth: 8}
  layers:
    - Dense: "${grwth}"

Right:
  params: {growth: 8}
  layers:
    - Dense: "${growth}\"""",
    "expression-type": """An operator or function was given a value of the wrong type.

Nothing is converted without a word: `int(…)`, `float(…)` and `round(…)` do it.

Wrong:
  - Dense: "${'8' + 1}"

Right:
  - Dense: "${8 + 1}\"""",
    "expression-value": """The expression has no value.

A division by zero, the root of a negative number, an index beyond the end of a list.

Wrong:
  - for: {width: [8, 16]}
    index: i
    layers:
      - Dense: "${width // i}"

Right:
  - for: {width: [8, 16]}
    index: i
    layers:
      - Dense: "${width // (i + 1)}\"""",
    "expression-limit": """The expression is too long or too deep, or its value too large.

An expression has at most 256 characters and is nested at most 32 deep; its numbers stay within
2^53, and its lists and strings are short. All is checked before it is computed.

Wrong:
  - Dense: "${2 ** 64}"

Right:
  - Dense: "${2 ** 6}\"""",
    "unknown-size": """A constant is needed, and the size is a symbol.

Weights have fixed shapes, so the sizes that they depend on must be known: the channels of an
image, all that goes through Flatten. Give the input constant sizes, in the spec or for one run
(`--size h=7`), or pool to one cell.

Wrong:
  inputs: {image: "float32[N, h, w, 3]"}
  layers:
    - Flatten
    - Dense: 8

Right:
  inputs: {image: "float32[N, h, w, 3]"}
  layers:
    - GlobalAveragePooling2D
    - Dense: 8""",
}

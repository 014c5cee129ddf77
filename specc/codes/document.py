"""Codes of the keys of a spec: its inputs, params, variants and includes."""

from __future__ import annotations

DOCUMENT = {
    "version": """The language version is missing or not one this specc knows.

The first line of a spec says which version of the language it is written in, so that a later
specc still reads it as it was meant.

Wrong:
  specc: 2

Right:
  specc: 1""",
    "unknown-key": """A key that the language does not have.

Keys that mean nothing are refused: a misspelt one would be left out without a word.

Wrong:
  - Dense: 8
    input: image

Right:
  - Dense: 8
    inputs: image""",
    "missing-key": """A key that must be there is missing.

A spec has `inputs` and `layers`, a block and a loop have `layers`.

Wrong:
  - repeat: 3

Right:
  - repeat: 3
    layers: [ReLU]""",
    "wrong-type": """A value is of the wrong kind.

Quotes make a string of a number; YAML 1.2 has only `true` and `false`; a list has a dash before
each item, or brackets around all.

Wrong:
  - ReLU:
    when: yes

Right:
  - ReLU:
    when: true""",
    "invalid-name": """A name is not one that can be used.

A name becomes an attribute of a Python class and a key of the weight file: a letter, then
letters, digits and `_`; no keyword of Python, and nothing that every PyTorch module has
(`forward`, `train`). Blocks are in snake_case, since PascalCase names are layers. Params, variants
and the variables of loops may be any identifier that is no keyword.

Wrong:
  - Dense: 8
    name: fc-1

Right:
  - Dense: 8
    name: fc_1""",
    "invalid-entry": """An entry of `layers` is no layer, or two.

An entry is a bare name, or a mapping with one head (a layer, a block, `repeat`, `for`, `reuse`)
and its siblings `name`, `inputs`, `outputs` and `when`. Parameters stand below their layer.

Wrong:
  - Conv2D:
    filters: 8
    kernel_size: 3

Right:
  - Conv2D:
      filters: 8
      kernel_size: 3""",
    "invalid-tensor-type": """A tensor type is not written as dtype[dim, …].

A dim is an integer, a symbol for an unknown size, or arithmetic on them. Each dim is from 1 to
2^31 - 1, and there are at most 8. Channels are last.

Wrong:
  inputs: {image: "float[N, 32, 32, 3]"}

Right:
  inputs: {image: "float32[N, 32*h, 32*w, 3]"}""",
    "include-path": """An include is no plain path below the folder of its file.

A spec reads nothing outside its own folder: no `..`, no absolute path, no URL, no symbolic link
that leads out. Copy the file, or move the spec up.

Wrong:
  include: ../blocks.yaml""",
    "include-cycle": """Files include each other in a circle.

Put what both need into a third file, which includes neither.""",
    "too-many-includes": """A spec takes in more than 100 files.

Put the blocks of several files into one.""",
    "include-conflict": """Two files declare a block or a param of the same name.

All blocks and params share one namespace, and which of two is meant would depend on the order
of the includes. The main file alone may declare a param anew: its value wins.""",
    "unknown-variant": """The file has no such variant.

`file.yaml@name` asks for the variant `name` among the file's `variants`.""",
    "unknown-param": """The file or block has no such param.

`--set`, a variant and the call of a block give values to params that are declared.

Wrong:
  blocks:
    unit: {params: {width: 8}, layers: [{Dense: "${width}"}]}
  layers:
    - unit: {widht: 16}

Right:
  blocks:
    unit: {params: {width: 8}, layers: [{Dense: "${width}"}]}
  layers:
    - unit: {width: 16}""",
    "param-type": """A param was given a value of another type than its default.

The default, or the type that stands in its place (`int`, `float`, `bool`, `str`, `list`), says
which values a param takes. An integer will do where a float is declared.

Wrong:
  params: {width: 8}
  variants:
    wide: {width: large}

Right:
  params: {width: 8}
  variants:
    wide: {width: 16}""",
    "missing-param": """A required param was not given.

A param that is declared with a type in place of a default must be given: in the call of a
block, in a variant, or with `--set`.

Wrong:
  blocks:
    unit: {params: {width: int}, layers: [{Dense: "${width}"}]}
  layers: [unit]

Right:
  blocks:
    unit: {params: {width: int}, layers: [{Dense: "${width}"}]}
  layers:
    - unit: {width: 8}""",
    "unknown-symbol": """No input has such a symbol.

`--size NAME=N`, and `sizes` of `specc.load`, put numbers in place of symbols that the types of the
inputs have: `h` and `N` of `float32[N, 32*h, 64, 3]`. Names keep their case.""",
    "invalid-size": """A symbol was given a size that no dim can have.

A size is an integer from 1 to 2^31 - 1. It is of the symbol, not of the axis: `h` of
`float32[N, 32*h, 64, 3]` is 7 where pictures are 224 high.""",
}

"""Codes of entries: layers, blocks and loops, and the names between them."""

from __future__ import annotations

ENTRIES = {
    "unknown-layer": """There is no layer of that name.

Layers have the names of Keras, in PascalCase. `specc layers` lists them.

Wrong:
  - Linear: 8

Right:
  - Dense: 8""",
    "unknown-block": """There is no block of that name.

snake_case names are blocks, which the file or an include of it declares under `blocks`.

Wrong:
  - dense: 8

Right:
  - Dense: 8""",
    "unknown-parameter": """The layer has no such parameter.

Parameters have the names of Keras. What can be inferred, such as the channels that come in, is
no parameter. `specc layers Conv2D` lists those of a layer.

Wrong:
  - Conv2D: {out_channels: 8, kernel_size: 3, stride: 2}

Right:
  - Conv2D: {filters: 8, kernel_size: 3, strides: 2}""",
    "missing-parameter": """A parameter that the layer needs is missing.

A parameter without a default must be given, at the layer or in the file's `defaults`.

Wrong:
  - Conv2D: 8

Right:
  - Conv2D: {filters: 8, kernel_size: 3}""",
    "invalid-parameter": """A parameter has a value the layer does not take.

Values are taken as they are written: 8.0 and "8" are no integers. `specc layers Conv2D` says what
each parameter takes.

Wrong:
  - Dropout: 1.5

Right:
  - Dropout: 0.5""",
    "unknown-name": """A reference to something that is not there.

A reference is `prev`, the name of an input or of an entry before it, or a dotted path into a loop
or a block (`stage.0`, `down.2.skip`). Names inside a block are its own. What `when` leaves out is
not there.

Wrong:
  - Dense: 3
    name: hidden
  - Add:
    inputs: [image, hiden]

Right:
  - Dense: 3
    name: hidden
  - Add:
    inputs: [image, hidden]""",
    "forward-reference": """A reference to something that comes later.

References go backward only, so that no network has a circle. Move the entry before its use. The
body of a loop reaches the iterations before its own, as `stage.${i - 1}`.

Wrong:
  - Add:
    inputs: [image, hidden]
  - Dense: 3
    name: hidden

Right:
  - Dense: 3
    name: hidden
  - Add:
    inputs: [image, hidden]""",
    "duplicate-name": """Two entries of one scope have the same name.

A name stands for one output. Two entries may share a name if `when` leaves one of them out.

Wrong:
  - Dense: 8
    name: fc
  - Dense: 8
    name: fc

Right:
  - Dense: 8
    name: fc_1
  - Dense: 8
    name: fc_2""",
    "no-input": """There is nothing before this entry to take as its input.

An entry without `inputs` takes the output before it. With several inputs there is none at the
start, since any of them could be meant.

Wrong:
  inputs: {left: "float32[N, 8]", right: "float32[N, 8]"}
  layers:
    - Dense: 8

Right:
  inputs: {left: "float32[N, 8]", right: "float32[N, 8]"}
  layers:
    - Add:
      inputs: [left, right]""",
    "arity": """The number of inputs is not what the layer or block takes.

Add, Multiply and Concatenate take two or more, most layers one, a block those it declares.

Wrong:
  - Add

Right:
  - Dense: 3
  - Add:
    inputs: [image, prev]""",
    "output-count": """The number of names in `outputs` is not the number of outputs.

`outputs` beside a block's call names what the block declares as its own `outputs`, in order.

Wrong:
  - Dense: 8
    outputs: [a, b]

Right:
  - Dense: 8
    outputs: [a]""",
    "unused-layer": """What a layer gives is never used: it is left out of the network.

This is a warning. No output of the network depends on the layer, so no backend would run it, and
its weights would never be trained.

Wrong:
  layers:
    - Dense: 8
      name: logits
    - Dense: 4
      inputs: image
  outputs: [logits]

Right:
  layers:
    - Dense: 8
      name: logits
    - Dense: 4
      name: boxes
      inputs: image
  outputs: [logits, boxes]""",
    "recursive-block": """A block uses itself.

A network is finite, so a block may not lead back to itself, directly or through others. `repeat`
takes a part of a network a given number of times.

Wrong:
  blocks:
    tree: {layers: [ReLU, tree]}

Right:
  blocks:
    step: {layers: [ReLU]}
  layers:
    - repeat: 3
      layers: [step]""",
    "reuse-mismatch": """The reused layer or block would need weights of another shape.

`reuse` applies the same weights again, so its input must have the sizes that they depend on.

Wrong:
  inputs: {a: "float32[N, 8]", b: "float32[N, 9]"}
  layers:
    - Dense: 4
      name: embed
      inputs: a
    - reuse: embed
      inputs: b

Right:
  inputs: {a: "float32[N, 8]", b: "float32[N, 8]"}
  layers:
    - Dense: 4
      name: embed
      inputs: a
    - reuse: embed
      name: again
      inputs: b
  outputs: [embed, again]""",
    "too-many-layers": """The network expands to more than 20,000 layers, or 100,000 steps.

Every entry that is taken and every iteration of a loop is a step. Use fewer repetitions.

Wrong:
  - repeat: 1000000000
    layers: [ReLU]

Right:
  - repeat: 100
    layers: [ReLU]""",
    "too-many-loops": """Loops are nested deeper than 8.

The loops of a block count with those around its call.""",
    "too-deep": """Blocks, loops and groups are nested too deep.

They nest at most 100 deep. A deep network is one block after the other, not one inside the other:
use `repeat`. The dotted path of a block or a loop has at most 1,000 characters.""",
}

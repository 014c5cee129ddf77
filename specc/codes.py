"""Every code a diagnostic can carry, and what `specc explain CODE` says of it.

The first line of a text is its title. Below it stand the rule and its reason, and for most a piece
of a spec that breaks the rule and one that does not; a test checks both. A diagnostic with a code
that is not here does not construct.
"""

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
}

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
image, all that goes through Flatten. Give the input constant sizes, or pool to one cell.

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

References go backward only, so that no network has a circle. Move the entry before its use.

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

SHAPES = {
    "shape-mismatch": """Two shapes must be equal and are not.

Add, Multiply and the like take tensors of one shape, but for axes of 1; Concatenate takes tensors
that differ along its axis alone; Reshape keeps the number of elements.

Wrong:
  - Dense: 8
  - Add:
    inputs: [image, prev]

Right:
  - Dense: "${image.channels}"
  - Add:
    inputs: [image, prev]""",
    "rank-mismatch": """The tensor has too many or too few axes.

Images are [N, H, W, C], sequences [N, T, C], with the channels last. Flatten and the global
poolings take the spatial axes away, Reshape makes them.

Wrong:
  - Flatten
  - Conv2D: {filters: 8, kernel_size: 3}

Right:
  - Conv2D: {filters: 8, kernel_size: 3}
  - Flatten""",
    "dtype-mismatch": """The tensor has the wrong dtype.

Weights are floating-point numbers, and so is what meets them. Declare the input as float32, and
convert the data before it goes in.

Wrong:
  inputs: {image: "uint8[N, 32, 32, 3]"}
  layers:
    - Conv2D: {filters: 8, kernel_size: 3}

Right:
  inputs: {image: "float32[N, 32, 32, 3]"}
  layers:
    - Conv2D: {filters: 8, kernel_size: 3}""",
    "kernel-too-large": """The window is larger than the input.

Each pooling and each convolution without padding makes an image smaller, until the next window
no longer fits. `padding: same` keeps the size.

Wrong:
  inputs: {image: "float32[N, 4, 4, 3]"}
  layers:
    - Conv2D: {filters: 8, kernel_size: 5}

Right:
  inputs: {image: "float32[N, 4, 4, 3]"}
  layers:
    - Conv2D: {filters: 8, kernel_size: 5, padding: same}""",
    "invalid-dim": """A dim would be zero, negative or too large.

A tensor has at least one cell along each axis, and fewer than 2^31.

Wrong:
  inputs: {x: "float32[N, 60000, 60000]"}
  layers:
    - Flatten

Right:
  inputs: {x: "float32[N, 600, 600]"}
  layers:
    - Flatten""",
    "not-divisible": """A size must be a multiple of another and is not.

The groups of a convolution divide the channels that come in and those that go out.

Wrong:
  - Conv2D: {filters: 8, kernel_size: 3, groups: 2}

Right:
  - Conv2D: {filters: 9, kernel_size: 3, groups: 3}""",
    "unprovable": """Two sizes cannot be shown to be equal.

A symbol stands for any positive integer. Where two sizes are equal for some and not for others,
the declaration of the input has to say more; the help names one that would do.

Wrong:
  inputs: {a: "float32[N, h//2, 8]", b: "float32[N, h - h//2, 8]"}
  layers:
    - Add:
      inputs: [a, b]

Right:
  inputs: {a: "float32[N, h, 8]", b: "float32[N, 2*h - h, 8]"}
  layers:
    - Add:
      inputs: [a, b]""",
    "tensor-too-large": """A tensor has 2^40 elements or more.

That is four terabytes of float32 for one example: no machine holds it.

Wrong:
  inputs: {x: "float32[N, 2000000, 2000000]"}

Right:
  inputs: {x: "float32[N, 2000, 2000]"}""",
    "too-many-parameters": """The network has 10^12 parameters or more.

Most often a Dense layer stands on an image that was flattened and not pooled.

Wrong:
  inputs: {x: "float32[N, 2000000]"}
  layers:
    - Dense: 2000000

Right:
  inputs: {x: "float32[N, 2000000]"}
  layers:
    - Dense: 8""",
    "expect-mismatch": """The network is not what `expect` says.

`expect` is a test that runs with every check: the number of parameters, the operations, the types
of the outputs. Mend the network, or what is expected of it.

Wrong:
  layers:
    - Dense: 10
      name: logits
  expect:
    outputs: {logits: "float32[N, 10]"}

Right:
  layers:
    - Flatten
    - Dense: 10
      name: logits
  expect:
    outputs: {logits: "float32[N, 10]"}""",
}

RUNNING = {
    "unknown-backend": """There is no backend of that name.

Backends are found by the entry points of the installed packages; specc brings pytorch, keras and
onnx.""",
    "missing-package": """A package that this command needs is not installed.

Checking needs no framework. The others come with extras: `pip install specc[torch]`,
`specc[keras]`, `specc[onnx]`, or `specc[all]`.""",
    "plugin-failed": """A plugin cannot be imported.

`--plugin` takes the path of a Python file, or the name of an installed module. What it raised
while it was imported is shown, with the line of the plugin at which it came up.""",
    "unsupported-layer": """The backend cannot express this layer.

The spec is right, and other backends may compile it. The message names what is missing.""",
    "weights-unreadable": """The file is not a safetensors file.

Weights are kept as safetensors, which holds numbers and no code. `specc init`
makes a file of them.""",
    "weights-mismatch": """The weights are not those of this network.

The file must have each weight of the network under its dotted path, in its shape, and no other.
It may have been made from another variant, or with other params.""",
    "artifact-too-large": """The network's weights do not fit the backend's file format.

The message says where the limit lies.""",
    "unwritable": """The file cannot be written.

A file is written beside its place and then moved there, so the folder must exist and be
writable. What was there before still is.""",
    "invalid-input": """The input given to the model is not what it takes.

`specc summary` shows the inputs, with their shapes and dtypes.""",
    "verification-failed": """The backends do not compute the same function.

They must agree within float32 rounding. The report names the first layer at which they part.""",
}

PIPELINE = {
    "section-too-large": """The section `train` or `data` has more than 25,000 values.

No network needs so many: class names and weights are the longest lists. The classes of an image
folder need not be named.""",
    "unknown-output": """The network has no such output.

`train.outputs` says what each output of the network is trained for, by its name.

Wrong:
  layers: [{Flatten: , name: flat}, {Dense: 1, name: age}]
  train: {optimizer: adam, epochs: 1, outputs: {agee: {loss: mae}}}

Right:
  layers: [{Flatten: , name: flat}, {Dense: 1, name: age}]
  train: {optimizer: adam, epochs: 1, outputs: {age: {loss: mae}}}""",
    "missing-loss": """An output of the network has no loss.

Where a network has several outputs, `train.outputs` gives each a loss of its own. One without is
a warning: nothing is learnt from it.

Wrong:
  layers: [{Dense: 1, name: a}, {Dense: 1, name: b}]
  outputs: [a, b]
  train: {optimizer: adam, epochs: 1, loss: mse}

Right:
  layers: [{Dense: 1, name: a}, {Dense: 1, name: b}]
  outputs: [a, b]
  train: {optimizer: adam, epochs: 1, outputs: {a: {loss: mse}, b: {loss: mae}}}""",
    "loss-mismatch": """The loss is for another kind of output.

Categorical losses take probabilities of classes that exclude each other (a softmax over two units
or more), binary ones a probability for each unit (a sigmoid).

Wrong:
  layers: [Flatten, {Dense: {units: 1, activation: sigmoid}}]
  train: {optimizer: adam, epochs: 1, loss: sparse_categorical_crossentropy}

Right:
  layers: [Flatten, {Dense: {units: 1, activation: sigmoid}}]
  train: {optimizer: adam, epochs: 1, loss: binary_crossentropy}""",
    "logits-mismatch": """The loss takes logits and is given probabilities, or the opposite.

Logits are what a layer without an activation gives; a softmax or a sigmoid makes probabilities
of them. With `from_logits: true` the loss does so itself, which is the more exact way. Doing it
twice, or not at all, trains badly and without an error.

Wrong:
  layers: [Flatten, {Dense: 10}]
  train: {optimizer: adam, epochs: 1, loss: sparse_categorical_crossentropy}

Right:
  layers: [Flatten, {Dense: 10}]
  train:
    optimizer: adam
    epochs: 1
    loss: {sparse_categorical_crossentropy: {from_logits: true}}""",
    "label-rank": """The output has axes that no label has.

One label for each example needs an output [N, C]. A layer on the last axis, such as Dense, keeps
the axes of an image that was not flattened; a framework would broadcast over them without a word.

Wrong:
  layers: [GlobalAveragePooling2D, {Reshape: [1, 1, 3]}, {Dense: {units: 4, activation: softmax}}]
  train: {optimizer: adam, epochs: 1, loss: categorical_crossentropy}

Right:
  layers: [GlobalAveragePooling2D, {Dense: {units: 4, activation: softmax}}]
  train: {optimizer: adam, epochs: 1, loss: categorical_crossentropy}""",
    "class-count": """There are more or fewer class names than classes.

The last axis of the output has one value for each class; with one unit there are two classes.

Wrong:
  layers: [Flatten, {Dense: {units: 3, activation: softmax}}]
  train: {optimizer: adam, epochs: 1, loss: categorical_crossentropy}
  data: {class_names: [cat, dog]}

Right:
  layers: [Flatten, {Dense: {units: 2, activation: softmax}}]
  train: {optimizer: adam, epochs: 1, loss: categorical_crossentropy}
  data: {class_names: [cat, dog]}""",
    "class-weight": """`class_weight` does not fit the classes.

It has one weight for each class, and weighs examples by their class: there must be one output,
with one class for each example.

Wrong:
  layers: [Flatten, {Dense: {units: 2, activation: softmax}}]
  train: {optimizer: adam, epochs: 1, loss: categorical_crossentropy, class_weight: [1, 2, 3]}

Right:
  layers: [Flatten, {Dense: {units: 2, activation: softmax}}]
  train: {optimizer: adam, epochs: 1, loss: categorical_crossentropy, class_weight: [1, 2]}""",
    "metric-mismatch": """The metric says nothing of what is learnt.

Accuracy and its kin are of classes, R² and its kin of values. Of k classes, the right one is
always among the first k.

Wrong:
  layers: [Flatten, {Dense: 1}]
  train: {optimizer: adam, epochs: 1, loss: mse, metrics: [accuracy]}

Right:
  layers: [Flatten, {Dense: 1}]
  train: {optimizer: adam, epochs: 1, loss: mse, metrics: [mae]}""",
    "unknown-monitor": """What is to be watched is not in the logs.

The logs have `loss` and each metric by its name, with several outputs also after the name of the
output (`age_mae`); those of the validation begin with `val_`.

Wrong:
  layers: [Flatten, {Dense: 1}]
  train: {optimizer: adam, epochs: 9, loss: mse, checkpoint: {monitor: val_mae}}

Right:
  layers: [Flatten, {Dense: 1}]
  train: {optimizer: adam, epochs: 9, loss: mse, metrics: [mae], checkpoint: {monitor: val_mae}}""",
}

TRAINING = {
    "no-training": """The spec does not say how the network is trained.

A `train` section names the optimizer, the loss and the number of epochs.""",
    "loss-not-finite": """The loss became infinite or is not a number any more.

The steps grew without bound, most often: lower the learning rate or clip the gradients. With
float16, try bfloat16. The last checkpoint was made before it happened, so nothing is lost.""",
    "device-unavailable": """The device that was asked for is not there, or cannot do what is asked.

`--accelerator auto` takes a GPU where there is one. float16 is for CUDA devices: bfloat16 has the
range of float32 and runs on CPUs too. With `--strategy fsdp` each device holds a part of every
weight, so that an optimizer that looks at whole weights needs `ddp`.""",
    "out-of-memory": """The device has not enough memory for a step.

It needs room for the weights, three times as much for most optimizers, and for what every layer
gives, for each example of a batch: make `batch_size` smaller, or set `precision: bfloat16`.""",
    "process-lost": """One of the processes that train together has ended in the middle of a step.

Its own message says why, if it had time to write one; a process that the system kills for the
memory it takes has not. The others cannot go on without it: the last checkpoint stands.""",
    "batch-too-small": """Batch normalization was to learn from a single value for each channel.

It happens after a `Flatten` or a global pooling where the last batch of an epoch, or one process's
share of it, is one example: choose a `batch_size` that leaves another remainder.""",
    "checkpoint-unreadable": """The checkpoint of a run cannot be read.

specc replaces checkpoints whole, so that an interrupted run never leaves a half one: the file was
changed or damaged later, or is of another version. The run's weights are in files of their own.""",
    "run-exists": """There is something in the folder that a new run was to have.

A run never overwrites another one. `--resume` goes on with the run that is there; `-o` names
another folder; without `-o` the run gets a folder of its own below `runs/`.""",
    "run-mismatch": """The run was started with another spec, other classes or another backend.

A run that is resumed goes on with what it began with, so that its weights mean what its spec says.
Only how long it goes on may change (`epochs`, `early_stopping`), what is kept (`checkpoint`),
`compile`, and where the same data lies.""",
    "not-a-run": """The folder holds no run that can be read.

`specc train` makes the folder of a run, with `run.json` and `spec.yaml` in it. specc replaces these
files whole, so a faulty one was changed or damaged later.""",
}

DATA = {
    "data-not-found": """There is no data where the spec or `--data` says.

Paths are relative to the current directory. A folder of pictures has a subfolder for each class;
the other formats have files of the names that `specc.data.document` describes.""",
    "data-format": """What the path holds is in no known format, or could be in several.

specc tells the format from the names of the files. Say it under `data`, as
`source: {csv: flowers}`.""",
    "data-unreadable": """A file of the data is damaged, or not what its name says.

Nothing is guessed in place of what cannot be read, and arrays that hold pickled objects are
refused: they could run code.""",
    "data-mismatch": """The data is not of the shape or kind that the network takes.

The message has what was expected and what the data has. Channels are last, in data as in specs, and
all arrays or columns have one value for each example. Pictures become the size of the input; an
input [N, h, w, C] of any size needs an `image_size`.

Wrong:
  data: {source: {image_folder: {image_size: [64, 64]}}}

Right:
  data: {source: {image_folder: {image_size: [32, 32]}}}""",
    "missing-column": """The data has no array or column of that name.

`inputs` and `targets` of a source map the network's inputs and outputs to arrays or columns.""",
    "class-mismatch": """The classes of the data are not those of the network, or a class is empty.

The last axis of the output is the number of classes, and every class has examples in training and
in validation: else what is measured on one says nothing of the other.""",
    "label-out-of-range": """A label is not the index of a class.

Classes are numbered from 0 to the number of classes less 1. Labels that begin at 1 need one less
each.""",
}

REPORTS = {
    "output-not-finite": """The network gives something that is not a finite number.

Its weights may hold such values, or an example may. With float16, sums overflow above 65,504: try
bfloat16 or float32.""",
    "undefined-score": """A score is not defined by the data it was to be measured on.

The recall of a class takes examples of it, and its ROC curve also examples of other classes. What
is not defined is null in JSON; the warning says what it means for the averages.""",
    "nothing-to-compare": """The runs have nothing that could be put side by side.

A run takes part once its first epoch is finished, and all of them need a loss or a metric in
common.""",
}

CODES: dict[str, str] = (
    READING
    | DOCUMENT
    | EXPRESSIONS
    | ENTRIES
    | SHAPES
    | RUNNING
    | PIPELINE
    | TRAINING
    | DATA
    | REPORTS
)

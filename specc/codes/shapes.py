"""Codes of shapes and sizes, and of what a spec expects of itself."""

from __future__ import annotations

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

That is four terabytes of float32 for one example: no machine holds it. An adaptive pooling whose
windows are not alike needs a table beside it, of 2^20 pairs of cell and window at most.

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

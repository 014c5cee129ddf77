"""Networks whose structure is the point: sharing, skips, loops, several inputs, changes of layout.

Small specs by name; the tests of the graph, of the backends and of the emitted source walk them.
"""

from __future__ import annotations

from pathlib import Path

from specc.checking import check_file, require_graph
from specc.ir import Graph


def spec_graph(spec: str, folder: Path) -> Graph:
    """The graph of what a spec says below its first line; its file is written into `folder`."""
    path = folder / "spec.yaml"
    path.write_text(f"specc: 1\n{spec}", "utf-8")
    return require_graph(check_file(path))


def structure(name: str, folder: Path) -> Graph:
    return spec_graph(f"name: {name}\n{STRUCTURES[name]}", folder)


STRUCTURES = {
    "siamese": """
inputs: {left: "float32[N, 8, 8, 3]", right: "float32[N, 8, 8, 3]"}
blocks:
  tower:
    layers:
      - Conv2D: {filters: 4, kernel_size: 3, padding: same, activation: relu}
      - BatchNormalization
      - MaxPooling2D
      - Flatten
      - Dense: 5
layers:
  - tower:
    inputs: left
    name: embedding
  - reuse: embedding
    inputs: right
    name: other
  - Multiply:
    inputs: [embedding, other]
  - Dense: 1
""",
    "shared_weights_of_a_dead_use": """
inputs: {x: "float32[N, 6]"}
layers:
  - Dense: 4
    name: before
  - Dense: 3
    name: first
  - Dense: 4
    inputs: x
    name: other
  - reuse: first
    name: second
outputs: [second]
""",
    "shared_layers": """
inputs: {x: "float32[N, 6]"}
layers:
  - Dense: {units: 6, activation: tanh}
    name: dense
  - reuse: dense
  - repeat: 3
    name: again
    layers:
      - reuse: dense
      - ReLU
  - Add:
    inputs: [prev, dense]
""",
    "shared_block_in_a_loop": """
inputs: {x: "float32[N, 6, 6, 4]"}
blocks:
  residual:
    layers:
      - Conv2D: {filters: 4, kernel_size: 3, padding: same}
      - LayerNormalization
      - ReLU
      - Add:
        inputs: [x, prev]
layers:
  - residual
  - repeat: 2
    name: turn
    layers:
      - reuse: residual
      - Conv2D: {filters: 4, kernel_size: 1}
  - GlobalAveragePooling2D
""",
    "unet": """
params: {widths: [4, 6, 8]}
inputs: {image: "float32[N, 8*h, 8*w, 3]"}
blocks:
  encode:
    params: {filters: int}
    layers:
      - Conv2D: {filters: "${filters}", kernel_size: 3, padding: same, activation: relu}
        name: skip
      - MaxPooling2D: 2
        name: pooled
    outputs: [pooled, skip]
layers:
  - for: {filters: "${widths}"}
    name: down
    layers:
      - encode: {filters: "${filters}"}
  - Conv2D: {filters: 8, kernel_size: 3, padding: same}
    name: bottom
  - for: {filters: "${widths}"}
    index: i
    name: up
    layers:
      - Conv2D: {filters: "${filters}", kernel_size: 1}
        name: taken
      - AveragePooling2D: "${2 ** (1 + i)}"
        inputs: "down.${2 - i}.skip"
      - Concatenate:
        inputs: [taken, prev]
      - Conv2D: {filters: 4, kernel_size: 3, padding: same, activation: relu}
  - Conv2D: {filters: 2, kernel_size: 1}
    name: mask
outputs: [mask]
""",
    "modules_that_only_some_have": """
inputs: {x: "float32[N, 8, 8, 4]"}
blocks:
  halve:
    layers:
      - Conv2D: {filters: "${2 * x.channels}", kernel_size: 1}
      - MaxPooling2D
  residual:
    params: {filters: int}
    layers:
      - Conv2D: {filters: "${filters}", kernel_size: 1}
        name: shortcut
        when: "${filters != x.channels}"
      - Conv2D: {filters: "${filters}", kernel_size: 3, padding: same}
        inputs: x
      - Add:
        inputs: ["${'shortcut' if filters != x.channels else 'x'}", prev]
layers:
  - for: {filters: [4, 6, 3]}
    index: i
    name: stage
    layers:
      - residual: {filters: "${filters}"}
      - halve:
        when: "${i < 2}"
""",
    "modules_that_are_handed_in": """
inputs: {x: "float32[N, 8, 8, 4]"}
blocks:
  tower:
    params: {widths: list}
    layers:
      - for: {width: "${widths}"}
        name: step
        layers:
          - Conv2D: {filters: "${width}", kernel_size: 3, padding: same}
      - MaxPooling2D: {pool_size: 2, strides: 1}
layers:
  - tower: {widths: [4, 5]}
    name: first
  - tower: {widths: [3, 4, 5]}
    inputs: x
    name: second
  - Concatenate:
    inputs: [first, second]
  - tower: {widths: [6]}
""",
    "functions_that_differ": """
inputs: {x: "float32[N, 8, 8, 4]"}
blocks:
  convolution:
    params: {activation: str, gate: str}
    layers:
      - Conv2D: {filters: 4, kernel_size: 1, activation: "${activation}"}
      - Conv2D: {filters: 4, kernel_size: 1, activation: "${gate}"}
        name: gate
      - Activation: "${activation}"
layers:
  - convolution: {activation: relu, gate: sigmoid}
  - convolution: {activation: squareplus, gate: tanh}
  - convolution: {activation: hard_swish, gate: tanh}
""",
    "sums_that_only_some_have": """
inputs: {x: "float32[N, 8, 8, 4]"}
blocks:
  squeeze:
    layers:
      - GlobalAveragePooling2D: {keepdims: true}
      - Conv2D: {filters: "${x.channels}", kernel_size: 1, activation: sigmoid}
      - Multiply:
        inputs: [x, prev]
  widened:
    params: {filters: int, kernel_size: int, squeezes: bool}
    layers:
      - Conv2D: {filters: "${filters}", kernel_size: "${kernel_size}", padding: same}
      - squeeze:
        when: "${squeezes}"
      - Add:
        inputs: [prev, x]
        when: "${filters == x.channels}"
layers:
  - widened: {filters: 4, kernel_size: 3, squeezes: false}
  - widened: {filters: 6, kernel_size: 3, squeezes: true}
  - widened: {filters: 6, kernel_size: 5, squeezes: true}
""",
    "a_name_inside_itself": """
inputs: {x: "float32[N, 5]"}
blocks:
  twice:
    params: {units: int}
    layers:
      - Dense: "${units}"
      - for: {width: ["${units}", 3]}
        name: part
        layers:
          - Dense: {units: "${width}"}
          - ReLU
layers:
  - for: {units: [4, 7]}
    name: part
    layers:
      - twice: {units: "${units}"}
      - Dense: 5
""",
    "captures": """
inputs: {x: "float32[N, 7]", gate: "float32[N, 7]"}
layers:
  - Dense: {units: 7, activation: sigmoid}
    inputs: gate
    name: opened
  - repeat: 3
    name: step
    inputs: x
    layers:
      - Dense: 7
        name: dense
      - Multiply:
        inputs: [prev, opened]
      - Add:
        inputs: [prev, x]
""",
    "dense_connections": """
inputs: {image: "float32[N, 9, 9, 2]"}
blocks:
  grow:
    params: {growth: 3}
    layers:
      - BatchNormalization
      - ReLU
      - Conv2D: {filters: "${growth}", kernel_size: 3, padding: same, use_bias: false}
      - Concatenate:
        inputs: [x, prev]
layers:
  - for: {count: [2, 3]}
    index: i
    name: stage
    layers:
      - repeat: "${count}"
        name: layer
        layers: [{grow: {growth: "${2 + i}"}}]
      - AveragePooling2D: 2
        when: "${i == 0}"
  - GlobalMaxPooling2D
""",
    "several_inputs_and_outputs": """
inputs: {image: "float32[N, 6, 6, 3]", features: "float32[N, 4]"}
blocks:
  fuse:
    inputs: [map, vector]
    layers:
      - Dense: "${map.channels}"
        inputs: vector
      - Reshape: [1, 1, "${map.channels}"]
        name: spread
      - Multiply:
        inputs: [map, spread]
        name: scaled
      - GlobalAveragePooling2D:
        name: pooled
    outputs: [scaled, pooled, vector]
layers:
  - Conv2D: {filters: 5, kernel_size: 3}
    inputs: image
  - fuse:
    inputs: [prev, features]
    outputs: [scaled, pooled, same]
  - Dense: 2
    inputs: pooled
    name: score
  - Concatenate:
    inputs: [same, pooled]
    name: joined
outputs: [scaled, score, joined, image]
""",
    "conv_flatten_dense_reshape_conv": """
inputs: {image: "float32[N, 6, 5, 3]"}
layers:
  - Conv2D: {filters: 4, kernel_size: 3, activation: relu}
  - Flatten
  - Dense: 24
  - Reshape: [4, 3, 2]
  - Conv2D: {filters: 3, kernel_size: 2, padding: same}
  - Reshape: [-1, 3]
  - Dense: 2
""",
    "concatenations_after_conv": """
inputs: {image: "float32[N, 6, 5, 3]"}
layers:
  - Conv2D: {filters: 3, kernel_size: 3, padding: same}
    name: conv
  - Concatenate: {axis: 1}
    inputs: [conv, image]
  - Concatenate: {axis: 2}
    inputs: [prev, prev]
  - Concatenate: {axis: 3}
    inputs: [prev, prev]
  - Concatenate: {axis: -2}
    inputs: [prev, prev]
  - MaxPooling2D
""",
    "softmaxes_after_conv": """
inputs: {image: "float32[N, 6, 5, 3]"}
layers:
  - Conv2D: {filters: 4, kernel_size: 3}
    name: conv
  - for: {axis: [1, 2, 3, -1]}
    name: over
    layers:
      - Softmax: {axis: "${axis}"}
        inputs: conv
        name: softmax
      - Conv2D: {filters: 2, kernel_size: 1}
        name: after
outputs: [over.0.after, over.1.after, over.2.after, over.3.softmax]
""",
    "identities": """
params: {deep: false}
inputs: {x: "float32[N, 4, 4, 3]"}
blocks:
  nothing:
    layers:
      - Conv2D: {filters: 3, kernel_size: 1}
        when: "${deep}"
  around:
    layers:
      - nothing
      - ReLU
      - nothing
layers:
  - nothing
  - around
  - repeat: 2
    name: loop
    layers: [nothing]
  - Conv2D: {filters: 2, kernel_size: 2}
  - nothing
""",
    "iterations_that_reach_earlier_ones": """
inputs: {x: "float32[N, h, w, 4]"}
layers:
  - repeat: 4
    index: i
    name: stage
    layers:
      - Conv2D: {filters: 4, kernel_size: 3, padding: same}
      - Average:
        when: "${i > 1}"
        inputs: [prev, "stage.${i - 1}", "stage.${i - 2}.conv2d"]
      - ReLU
  - repeat: 3
    index: i
    layers:
      - reuse: "loop.${i - 1}.dense"
        when: "${i > 0}"
      - Dense: 4
      - Multiply:
        when: "${i > 0}"
        inputs: [prev, loop.0.dense]
""",
    "symbolic_sizes": """
inputs: {image: "float32[N, h, w, 3]"}
layers:
  - Conv2D: {filters: 4, kernel_size: 3, strides: 2, padding: same}
  - AveragePooling2D: {pool_size: 3, strides: 2, padding: same}
  - Conv2D: {filters: 5, kernel_size: 3, padding: 1}
  - LocalResponseNormalization: 3
  - MaxPooling2D: {pool_size: 2, strides: 1, padding: same}
  - LayerNormalization
  - Conv2D: {filters: 3, kernel_size: 3, padding: same, dilation_rate: 2}
  - Softmax: {axis: [1, 2]}
    name: attention
  - GlobalAveragePooling2D
  - Dense: 2
    name: score
outputs: [attention, score]
""",
    "symbolic_sequences": """
inputs: {tokens: "float32[N, T, 6]", other: "float32[N, T, 2]"}
layers:
  - Dense: {units: 4, activation: gelu}
    inputs: tokens
  - LayerNormalization
  - BatchNormalization
  - Concatenate:
    inputs: [prev, other]
  - Softmax: {axis: 1}
  - Dense: 3
""",
    "lifted_to_images": """
inputs: {x: "float32[N, 12]"}
blocks:
  lift:
    layers:
      - Reshape: [2, 2, 3]
      - Conv2D: {filters: 3, kernel_size: 1}
        name: conv
      - Flatten
    outputs: [flatten, conv]
layers:
  - lift
  - Dense: {units: 12, activation: relu}
    inputs: lift
  - reuse: lift
    name: lifted
  - Add:
    inputs: [lift.conv, lifted.conv]
  - LeakyReLU
  - ZeroPadding2D: [[0, 1], [1, 0]]
outputs: [zero_padding2d]
""",
    "unused_parts": """
inputs: {x: "float32[N, 5, 5, 3]"}
blocks:
  two:
    inputs: [a, b]
    layers:
      - Conv2D: {filters: 3, kernel_size: 1}
        inputs: a
        name: kept
      - BatchNormalization:
        inputs: b
        name: left
    outputs: [kept, left]
layers:
  - Conv2D: {filters: 3, kernel_size: 1}
    name: dead
  - two:
    inputs: [x, dead]
    name: first
  - reuse: first
    inputs: [first, x]
  - Flatten:
    inputs: first_1.kept
""",
    "awkward_names": """
inputs: {input: "float32[N, 6]", name: "float32[N, 6]"}
blocks:
  linear:
    layers: [{Dense: 6, name: weight}, {Dense: 6, name: x_1}]
  tensor:
    inputs: [keras, torch]
    layers:
      - Dense: 6
        inputs: keras
        name: range
      - repeat: 2
        name: layer
        layers: [{Dense: 6, name: range}, {Multiply: null, inputs: [prev, torch]}]
      - Add:
        inputs: [keras, torch, range]
        name: math
layers:
  - linear:
    inputs: input
    name: layers
  - Dense: {units: 6, activation: tanh}
    name: layer
  - Dense: 6
    name: range
  - repeat: 2
    name: super
    layers: [linear]
  - Dense: 6
    name: torch
  - tensor:
    inputs: [prev, name]
    name: keras
  - Dense: 6
    name: ops
  - Dense: 6
    name: nn
  - Dense: 6
    name: i
  - Dense: 6
    name: F
  - Dense: 6
    name: Tensor
  - Dense: 6
    name: linear_1
  - for: {i: [1, 2]}
    name: loop
    layers: [{tensor: {}, inputs: [prev, range]}]
  - linear:
    name: x
outputs: [x, nn]
""",
    "sharing_across_scopes": """
inputs: {x: "float32[N, 6, 4]"}
blocks:
  inner:
    params: {units: 4}
    layers:
      - Dense: "${units}"
        name: dense
      - LayerNormalization
  outer:
    layers:
      - inner
      - reuse: inner
        name: same
      - repeat: 2
        name: loop
        layers:
          - inner
          - reuse: same
layers:
  - repeat: 2
    name: step
    layers:
      - Dense: 4
        name: dense
      - ReLU
  - outer
  - reuse: "step.0.dense"
    name: first_again
  - reuse: outer
    name: outer_again
  - for: {which: [1, 0]}
    name: back
    layers:
      - reuse: "step.${which}.dense"
""",
    "same_value_twice": """
inputs: {image: "float32[N, 6, 6, 3]"}
blocks:
  both:
    inputs: [a, b]
    layers:
      - Conv2D: {filters: 3, kernel_size: 1}
        inputs: a
        name: left
      - Multiply:
        inputs: [left, b]
        name: product
    outputs: [product, a]
layers:
  - Conv2D: {filters: 3, kernel_size: 3}
    name: conv
  - both:
    inputs: [conv, conv]
    name: once
  - both:
    inputs: [once.product, once.a]
    name: twice
  - Concatenate:
    inputs: [conv, conv, twice.product, twice.a]
""",
    "empty_and_nested_loops": """
inputs: {x: "float32[N, 5]"}
layers:
  - repeat: 0
    name: never
    layers: [{Dense: 5}]
  - for: {widths: [[3, 4], [5], []]}
    name: outer
    layers:
      - for: {units: "${widths}"}
        index: j
        name: inner
        layers:
          - Dense: {units: "${units + j}", activation: relu}
      - LayerNormalization
  - Dense: 2
""",
    "integers": """
inputs: {pixels: "uint8[N, 4, 6, 3]", counts: "int32[N, 4]"}
layers:
  - Rescaling: {scale: 0.5, offset: -1}
    inputs: pixels
  - Conv2D: {filters: 2, kernel_size: 3}
    name: conv
  - Reshape: [2, 2]
    inputs: counts
    name: table
  - Concatenate: {axis: 1}
    inputs: [pixels, pixels]
    name: pair
outputs: [conv, table, pair]
""",
    "volumes": """
inputs: {volume: "float32[N, 3, 4, 5, 2]", other: "float32[N, 3, 4, 5, 1]"}
layers:
  - BatchNormalization:
    inputs: volume
  - Concatenate:
    inputs: [prev, other]
  - Softmax: {axis: [1, -1]}
  - LayerNormalization: {axis: [2, 3]}
  - Dense: 4
  - BatchNormalization: {axis: 2}
  - Softmax
  - Flatten
""",
    "layout_changes_in_loops": """
inputs: {image: "float32[N, 5, 5, 3]"}
blocks:
  mixed:
    inputs: [map, gate]
    layers:
      - Dense: "${map.channels}"
        inputs: map
        name: dense
      - Conv2D: {filters: "${map.channels}", kernel_size: 1}
        inputs: gate
        name: conv
      - Multiply:
        inputs: [dense, conv]
        name: product
    outputs: [product, dense]
layers:
  - Conv2D: {filters: 4, kernel_size: 1}
    name: conv
  - repeat: 2
    name: step
    layers:
      - Dense: 4
        inputs: conv
        name: outside
      - Dense: 4
        inputs: conv
        name: once_more
      - mixed:
        inputs: [prev, conv]
        name: mixed
      - Add:
        inputs: [mixed.product, outside, once_more]
      - MaxPooling2D: {pool_size: 2, strides: 1, padding: same}
  - Dense: 4
    inputs: conv
    name: after
  - Add:
    inputs: [after, step, "step.0.mixed.dense"]
""",
    "shared_at_two_sizes": """
inputs: {image: "float32[N, 8, 9, 3]"}
layers:
  - Conv2D: {filters: 3, kernel_size: 3, strides: 2, padding: same}
    name: conv
  - reuse: conv
    name: smaller
  - reuse: conv
    name: smallest
  - MaxPooling2D: {pool_size: 3, strides: 2, padding: same}
    inputs: image
    name: pool
  - reuse: pool
    inputs: conv
    name: pooled_again
  - Add:
    inputs: [pooled_again, smaller]
  - Flatten
  - Flatten:
    inputs: smallest
    name: flat
  - Concatenate:
    inputs: [flat, flatten]
""",
    "fixed_batch": """
inputs: {image: "float32[3, 6, 6, 2]"}
layers:
  - Conv2D: {filters: 2, kernel_size: 3, padding: same, activation: softmax}
  - AveragePooling2D: {pool_size: 4, strides: 3, padding: same}
  - Reshape: [-1]
  - Activation: glu
""",
    "each_call_for_another_output": """
inputs: {x: "float32[N, 5]"}
blocks:
  two:
    layers:
      - Dense: 3
        inputs: x
        name: kept
      - Dense: 4
        inputs: x
        name: left
    outputs: [kept, left]
layers:
  - two:
    name: first
  - Dense: 5
    inputs: x
    name: dense
  - reuse: first
    name: second
  - Concatenate:
    inputs: [first.kept, second.left]
""",
    "unused_input": """
inputs: {x: "float32[N, 4]", never: "float32[N, 5, 5, 3]"}
layers:
  - Dense: 3
    inputs: x
""",
    "zeros_before_a_pooling": """
inputs: {image: "float32[N, 6, 5, 3]"}
layers:
  - ZeroPadding2D: 1
    name: padded
  - MaxPooling2D: {pool_size: 3, strides: 1, padding: same}
    name: greatest
  - AveragePooling2D: {pool_size: 3, strides: 1, padding: same}
    inputs: padded
    name: mean
  - ZeroPadding2D: 3
    inputs: image
  - MaxPooling2D: {pool_size: 3, strides: 1, padding: same}
    name: only_zeros
outputs: [greatest, mean, only_zeros]
""",
    "outputs_of_a_block_that_one_call_needs": """
inputs: {x: "float32[N, 6]"}
blocks:
  both:
    layers:
      - repeat: 2
        name: left
        layers: [{Dense: 6}]
      - repeat: 2
        name: right
        layers: [{Dense: 6, name: dense}, {LayerNormalization: null}]
        inputs: x
    outputs: [left, right]
layers:
  - both:
    name: first
  - reuse: first
    name: second
  - reuse: first
    inputs: [second.left]
    name: third
outputs: [third.right]
""",
    "loops_used_for_their_weights": """
inputs: {x: "float32[N, 6]", y: "float32[N, 6]"}
blocks:
  pair:
    inputs: [a, b]
    layers:
      - Dense: 6
        inputs: b
        name: lead
      - repeat: 1
        name: once
        layers: [{LayerNormalization: null, name: normal}, ReLU]
      - repeat: 1
        name: again
        inputs: a
        layers: [{reuse: once.0.normal, name: normal}, ReLU]
layers:
  - pair:
    inputs: [x, y]
    name: first
  - reuse: first
    inputs: [first, x]
""",
    "way_to_an_output_that_only_the_second_call_needs": """
inputs: {x: "float32[N, 6]"}
blocks:
  two:
    inputs: [a, b]
    layers:
      - Dense: 6
        inputs: a
        name: kept
      - Dense: 6
        inputs: b
        name: left
    outputs: [kept, left]
layers:
  - Dense: 6
    name: dead
  - two:
    inputs: [x, dead]
    name: first
  - reuse: first
    inputs: [first.kept, x]
    name: second
  - reuse: first
    inputs: [second.left, second.kept]
    name: third
  - Add:
    inputs: [third.kept, third.left]
""",
    "identity_in_a_dead_block": """
inputs: {x: "float32[N, 6]"}
blocks:
  nothing: {layers: []}
  normal:
    inputs: [a, b]
    layers:
      - nothing:
        inputs: b
      - LayerNormalization
layers:
  - Dense: 6
    name: dense
  - normal:
    inputs: [dense, x]
    name: dead
  - reuse: dead
    inputs: [dead, dense]
""",
    "linear_activations": """
inputs: {x: "float32[N, 6]", y: "float32[N, 6]"}
layers:
  - for: {activation: [tanh, linear]}
    name: step
    inputs: x
    layers:
      - Activation: "${activation}"
      - Dense: 6
      - Multiply:
        inputs: [prev, y]
      - Activation: linear
  - Activation: linear
""",
    "layers_without_weights_that_a_later_call_needs": """
inputs: {x: "float32[N, 6]"}
blocks:
  sums:
    inputs: [a, b]
    layers:
      - Add:
        inputs: [a, a]
        name: twice
      - Add:
        inputs: [b, twice]
        name: sum
    outputs: [twice, sum]
layers:
  - Softmax
  - sums:
    inputs: [prev, prev]
    name: first
  - reuse: first
    inputs: [first.twice, softmax]
    name: second
outputs: [second.sum]
""",
    "layers_with_several_outputs": """
inputs: {x: "float32[N, T, 6]", image: "float32[N, 5, 4, 6]"}
blocks:
  gated:
    layers:
      - Dense: "${3 * x.channels}"
      - Split: 3
        outputs: [value, gate, lost]
        name: parts
      - Activation: sigmoid
        inputs: gate
      - Multiply:
        inputs: [value, prev]
  halves:
    inputs: [a]
    layers:
      - Split: [2, -1]
        outputs: [left, right]
    outputs: [right, left]
layers:
  - repeat: 3
    inputs: x
    name: step
    layers:
      - gated
  - halves:
    name: first
    outputs: [longer, shorter]
  - repeat: 2
    name: turn
    layers:
      - Split: {sections: 2, axis: -1}
        outputs: [one, other]
      - Concatenate:
        inputs: [other, one]
  - gated:
    name: last
  - reuse: last
    name: again
  - Conv2D: {filters: 6, kernel_size: 1}
    inputs: image
  - Split: {sections: [1, 3, 2]}
    name: channels
    outputs: [never, middle, end]
  - Split: {sections: [2, -1], axis: 1}
    inputs: middle
    outputs: [top, bottom]
  - MaxPooling2D: {pool_size: 2, strides: 1}
    inputs: bottom
  - Roll: {shift: [1, -1], axis: [1, 2]}
  - Take: {indices: -1, axis: 2}
    name: column
outputs: [again, shorter, end, top, column]
""",
    "recurrent_layers_with_and_without_masks": """
inputs: {x: "float32[N, 5, 3]", y: "float32[N, T, 3]", mask: "bool[N, 5]", masks: "bool[N, T]"}
blocks:
  read:
    inputs: [a, b]
    layers:
      - Bidirectional: {layer: {GRU: {units: 2, return_sequences: true}}}
        inputs: [a, b]
        name: both
      - reuse: both
        inputs: a
      - Add:
        inputs: [prev, both]
layers:
  - LSTM: {units: 4, return_sequences: true}
    inputs: [x, mask]
    name: first
  - reuse: first
    inputs: x
    name: unmasked
  - reuse: first
    inputs: [y, masks]
    name: longer
  - SimpleRNN: {units: 3, return_sequences: true}
    inputs: y
    name: plain
  - reuse: plain
    inputs: [y, masks]
    name: masked
  - read:
    inputs: [x, mask]
outputs: [first, unmasked, longer, plain, masked, read]
""",
    "windows_of_an_image": """
inputs: {image: "float32[N, 6, 8, 3]"}
blocks:
  attend:
    params: {shift: 0}
    layers:
      - Roll: {shift: ["${-shift}", "${-shift}"], axis: [1, 2]}
        when: "${shift > 0}"
      - Reshape: [3, 2, 4, 2, "${x.channels}"]
      - Permute: [1, 3, 2, 4, 5]
      - Reshape: [12, 4, "${x.channels}"]
      - Dense: {units: "${x.channels}", activation: tanh}
      - Reshape: [3, 4, 2, 2, "${x.channels}"]
      - Permute: [1, 3, 2, 4, 5]
      - Reshape: ["${x.height}", "${x.width}", "${x.channels}"]
      - Roll: {shift: ["${shift}", "${shift}"], axis: [1, 2]}
        when: "${shift > 0}"
      - Add:
        inputs: [x, prev]
layers:
  - Conv2D: {filters: 4, kernel_size: 1}
  - for: {shift: [0, 1, 0, 1]}
    name: block
    layers:
      - attend: {shift: "${shift}"}
  - PixelUnshuffle: 2
  - Slice: {start: 1, axis: 1}
  - UpSampling2D: {interpolation: bilinear}
  - CenterCrop: {height: 3, width: 5}
""",
    "two_attentions_of_other_weights": """
inputs: {query: "float32[N, T, 4]", value: "float32[N, S, 4]"}
layers:
  - AdditiveAttention:
    inputs: [query, value]
    name: additive
  - Attention: {score_mode: concat}
    inputs: [query, value]
    name: concatenated
outputs: [additive, concatenated]
""",
    "two_attentions_of_which_one_has_a_scale": """
inputs: {query: "float32[N, T, 4]", value: "float32[N, S, 4]"}
layers:
  - Attention:
    inputs: [query, value]
  - Attention: {use_scale: true}
    inputs: [prev, value]
""",
}
"""What each spec says below its name."""

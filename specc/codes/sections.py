"""Codes of the sections `train` and `data`, held against the network."""

from __future__ import annotations

SECTIONS = {
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

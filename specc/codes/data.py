"""Codes of data: files, columns, labels and classes."""

from __future__ import annotations

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

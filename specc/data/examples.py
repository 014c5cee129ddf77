"""What a format yields: columns by the names of the network's inputs and outputs.

`Wanted` is what the network asks for; `Examples` what a source gives, raw. What makes the one from
the other for all formats alike is in `specc.data.preparing` and `specc.data.targets`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from specc.data.columns import ArrayColumn, Column
from specc.data.document import Columns
from specc.diagnostics import SpecError
from specc.names import did_you_mean
from specc.source import printable
from specc.wording import listing

if TYPE_CHECKING:
    from specc.data.columns import Array
    from specc.tensor import TensorType
    from specc.training.objectives import Objective

SplitName = Literal["train", "validation", "test"]

SPLITS: dict[str, SplitName] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "t10k": "test",
}
"""The splits by the names that folders, files and arrays give them."""

_STEM = re.compile(rf"(?P<stem>.+)_(?P<split>{'|'.join(SPLITS)})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the network takes and is trained towards: inputs and objectives by name."""

    inputs: Mapping[str, TensorType]
    objectives: Mapping[str, Objective]

    def only(self, format: str) -> tuple[str, str]:
        """The names of the one input and the one output that a format of one of each can feed.

        Raises `SpecError` (`data-mismatch`) where there are several.
        """
        if len(self.inputs) == 1 and len(self.objectives) == 1:
            return next(iter(self.inputs)), next(iter(self.objectives))
        expected = f"{format} holds one input and one target for each example"
        received = f"{len(self.inputs)} inputs and {len(self.objectives)} trained outputs"
        help = "use arrays, or columns of a table"
        raise SpecError.of("data-mismatch", f"{expected}; the network has {received}", help=help)


@dataclass(frozen=True, slots=True)
class Examples:
    """The examples of one split, as their source has them.

    inputs, targets: columns by the names of inputs and outputs, all of one length.
    class_names: what the class indices in a target mean, where the source knows it.
    place: where an example stands, for messages.
    """

    inputs: Mapping[str, Column]
    targets: Mapping[str, Column]
    place: Callable[[int], str]
    class_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))


Splits = dict[SplitName, Examples]
"""What a path holds: where it knows no splits, all of it is `train`."""


def split_of(name: str) -> tuple[str, SplitName | None]:
    """An array's name without its split, and the split: `x_val` is `x` of validation."""
    match = _STEM.fullmatch(name)
    return (match["stem"], SPLITS[match["split"].lower()]) if match else (name, None)


def assigned(
    what: Literal["input", "output"],
    wanted: Iterable[str],
    given: Columns | Mapping[str, Columns] | None,
    default: Callable[[str], Columns | None],
) -> dict[str, Columns]:
    """The columns of each wanted input or output: those that the spec gives, else the default ones.

    Raises `SpecError` (`missing-column`) for one without a column, and for a name that the network
    does not have.
    """
    names = list(wanted)
    if given is not None and not isinstance(given, Mapping):
        if len(names) > 1:
            expected = f"expected a column for each {what} by its name, as `{{{names[0]}: …}}`"
            received = listing("received", names_of(given))
            raise SpecError.of("missing-column", f"{expected}, {received}")
        given = dict.fromkeys(names, given)
    given = given or {}
    for name in given:
        if name not in names:
            message = f"the network trains no {what} `{printable(name)}`"
            help = did_you_mean(name, names) or listing("there are", names)
            raise SpecError.of("missing-column", message, help=help)
    found = {name: given.get(name) or default(name) for name in names}
    return {name: _present(what, name, columns) for name, columns in found.items()}


def names_of(columns: Columns) -> tuple[str, ...]:
    """The names of one column, or of several."""
    return (columns,) if isinstance(columns, str) else columns


def _present(what: str, name: str, columns: Columns | None) -> Columns:
    if columns is not None:
        return columns
    key = f"data.source.{'inputs' if what == 'input' else 'targets'}"
    message = f"nothing in the data is called as the {what} `{name}`"
    raise SpecError.of("missing-column", message, help=f"say under {key} what it is taken from")


def missing(kind: str, name: str, known: Iterable[str], where: str) -> SpecError:
    """The error for a column or an array that is not there."""
    names = list(known)
    message = f"{printable(where, 200)} has no {kind} `{printable(name)}`"
    help = did_you_mean(name, names) or listing("there are", names)
    return SpecError.of("missing-column", message, help=help)


def column_of(array: Array) -> tuple[ArrayColumn, tuple[str, ...] | None]:
    """An array as a column; strings become class indices, with what they mean in sorted order."""
    if array.dtype.kind not in "US":
        return ArrayColumn(array), None
    import numpy as np

    names, indices = np.unique(array.astype(np.str_), return_inverse=True)
    return ArrayColumn(indices.reshape(array.shape)), tuple(map(str, names))


def require_equal_lengths(lengths: Mapping[str, int], where: str) -> None:
    """Raises `SpecError` (`data-mismatch`) unless all arrays have the same number of rows."""
    if len(set(lengths.values())) > 1:
        received = ", ".join(f"{printable(name)}: {number:,}" for name, number in lengths.items())
        expected = f"{printable(where, 200)}: expected as many examples in each array"
        raise SpecError.of("data-mismatch", f"{expected}, received {received}")

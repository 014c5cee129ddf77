"""Targets in the form that a loss takes: class indices, one-hot, zeros and ones, or values.

Data has classes as indices, as one-hot rows or by name; `Objective.labels` says which form the
output's loss takes. What is made here is checked: no label is out of range when a model sees it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from specc.data.columns import Column
from specc.data.preparing import matches
from specc.diagnostics import Diagnostic, Report, SpecError
from specc.source import printable
from specc.tensor import shape_text
from specc.wording import listing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from specc.data.columns import Array, Rows
    from specc.training.objectives import Objective

    Labels = NDArray[np.int64]

CHUNK = 65_536
"""Rows read at a time where a whole column is gone through."""


class Target(Protocol):
    """The targets of one output."""

    @property
    def labels(self) -> Labels | None:
        """The class of each example; None where an example has no one class."""
        ...

    def take(self, rows: Rows) -> Array:
        """The targets of these examples, in the form of `Objective.labels`. Raises `SpecError`."""
        ...


@dataclass(frozen=True, slots=True)
class ClassTarget:
    """One class for each example; `labels` are within the output's classes."""

    labels: Labels
    objective: Objective

    def take(self, rows: Rows) -> Array:
        import numpy as np

        picked = self.labels[rows]
        last = self.objective.type.shape[-1]
        if self.objective.labels == "int":
            return picked.astype(np.int32)
        if last == 1:
            return picked.astype(np.float32)[:, np.newaxis]
        assert isinstance(last, int)
        return _one_hot(picked, last)


@dataclass(frozen=True, slots=True)
class DenseClassTarget:
    """A class for each position, such as each pixel: indices of the output's shape but its last."""

    column: Column
    objective: Objective
    place: Callable[[int], str]

    @property
    def labels(self) -> None:
        return None

    def take(self, rows: Rows) -> Array:
        import numpy as np

        shape = self.objective.type.shape[1:]
        classes = shape[-1]
        assert isinstance(classes, int)
        picked = self.column.take(rows)
        picked = picked.reshape(len(rows), *self.column.shape[: len(shape) - 1])
        for row, values in zip(rows.tolist(), picked, strict=True):
            _require_range(values.min(initial=0), values.max(initial=0), classes, self.place(row))
        if self.objective.labels == "int":
            return picked.astype(np.int32)
        return _one_hot(picked, classes)


@dataclass(frozen=True, slots=True)
class ValueTarget:
    """Numbers in the shape of the output; `labels` if they are one-hot."""

    column: Column
    shape: tuple[int, ...]
    labels: Labels | None = None

    def take(self, rows: Rows) -> Array:
        import numpy as np

        values = self.column.take(rows).astype(np.float32, copy=False)
        return values.reshape(len(rows), *self.shape)


def target(
    objective: Objective, column: Column, place: Callable[[int], str], named: bool
) -> Target:
    """The targets of an output from the column that holds them.

    place: what a message calls an example.
    named: whether the column's integers are indices of named classes, whatever the loss.
    Raises `SpecError` (`data-mismatch`, `label-out-of-range`).
    """
    wanted = objective.type.shape[1:]
    shape = column.shape
    if column.dtype.kind not in "fiub":
        raise _mismatch(objective, column)
    if shape in ((), (1,)) and _are_classes(objective, column, named):
        return _class_target(objective, column, place)
    if objective.task == "multiclass" and column.dtype.kind in "iub" and len(wanted) > 1:
        without = shape[:-1] if shape[-1:] == (1,) else shape
        if matches(shape, wanted[:-1]) or matches(without, wanted[:-1]):
            return DenseClassTarget(column, objective, place)
    for candidate in (shape, (*shape, 1)):
        if matches(candidate, wanted):
            return _value_target(objective, column, candidate)
    raise _mismatch(objective, column)


def _are_classes(objective: Objective, column: Column, named: bool) -> bool:
    """Whether a column of single numbers holds class indices, rather than values."""
    last = objective.type.shape[-1]
    if objective.type.rank != 2 or not isinstance(last, int):
        return False
    if objective.task == "regression":
        return last != 1 and (named or column.dtype.kind in "iub")
    return objective.task == "multiclass" or last != 1 or _is_whole(column)


def _is_whole(column: Column) -> bool:
    """Whether all numbers are integers, be they written as floats."""
    import numpy as np

    if column.dtype.kind in "iub":
        return True
    values = column.take(np.arange(len(column)))
    return bool((values == np.floor(values)).all())


def _class_target(objective: Objective, column: Column, place: Callable[[int], str]) -> ClassTarget:
    import numpy as np

    values = column.take(np.arange(len(column))).reshape(len(column))
    labels = values.astype(np.int64)
    if values.dtype.kind == "f" and not np.array_equal(labels, values):
        row = int(np.flatnonzero(labels != values)[0])
        message = f"{place(row)}: expected the index of a class, received {values[row]}"
        raise SpecError.of("label-out-of-range", message)
    check_labels(labels, class_count(objective), place)
    return ClassTarget(labels, objective)


def class_count(objective: Objective) -> int:
    """How many classes an example may have: two where one number tells them apart."""
    last = objective.type.shape[-1]
    assert isinstance(last, int)
    return 2 if last == 1 else last


def check_labels(labels: Labels, classes: int, place: Callable[[int], str]) -> None:
    """Raises `SpecError` (`label-out-of-range`) with every label not from 0 to classes − 1."""
    import numpy as np

    report = Report()
    for row in np.flatnonzero((labels < 0) | (labels >= classes)).tolist():
        message = _out_of_range(place(row), int(labels[row]), classes)
        report.add(Diagnostic("label-out-of-range", message, help=_RANGE_HELP))
    report.raise_if_failed()


def _value_target(objective: Objective, column: Column, shape: tuple[int, ...]) -> Target:
    if objective.task != "multiclass":
        return ValueTarget(column, shape)
    if len(shape) > 1:
        if objective.labels == "int":
            raise _mismatch(objective, column)
        return ValueTarget(column, shape)
    labels = _indices(column)
    if objective.labels == "int":
        return ClassTarget(labels, objective)
    return ValueTarget(column, shape, labels)


def _indices(column: Column) -> Labels:
    """The class of each one-hot row."""
    import numpy as np

    rows = np.arange(len(column))
    chunks = (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))
    return np.concatenate([column.take(chunk).argmax(-1) for chunk in chunks] or [rows])


def renumbered(column: Column, names: Sequence[str], order: Sequence[str], where: str) -> Column:
    """A column of indices into `names` as one of indices into `order`.

    Raises `SpecError` (`class-mismatch`) for a name that is not in `order`.
    """
    import numpy as np

    from specc.data.columns import ArrayColumn

    if tuple(names) == tuple(order):
        return column
    labels = column.take(np.arange(len(column)))
    present: list[int] = np.unique(labels).tolist()
    used = {names[index] for index in present if 0 <= index < len(names)}
    if unknown := sorted(used.difference(order)):
        message = f"{where} has the class `{printable(unknown[0])}`, which is not among the classes"
        raise SpecError.of("class-mismatch", message, help=listing("the classes are", order))
    positions = {name: index for index, name in enumerate(order)}
    table = np.array([positions.get(name, -1) for name in names] or [-1])
    known = (labels >= 0) & (labels < len(names))
    return ArrayColumn(np.where(known, table[np.where(known, labels, 0)], -1))


def class_weights(labels: Labels, classes: int) -> tuple[float, ...]:
    """The weight of each class that balances them: n / (classes · count), as scikit-learn has it.

    A class without an example gets 0.
    """
    import numpy as np

    counts = np.bincount(labels, minlength=classes)
    return tuple(len(labels) / (classes * count) if count else 0.0 for count in counts.tolist())


_RANGE_HELP = "the first class is 0; is the network's last axis the number of classes?"


def _one_hot(labels: Array, classes: int) -> Array:
    import numpy as np

    return np.eye(classes, dtype=np.float32)[labels]


def _require_range(low: int, high: int, classes: int, place: str) -> None:
    for label in (low, high):
        if not 0 <= label < classes:
            message = _out_of_range(place, int(label), classes)
            raise SpecError.of("label-out-of-range", message, help=_RANGE_HELP)


def _out_of_range(place: str, label: int, classes: int) -> str:
    return f"{printable(place, 200)}: expected a label from 0 to {classes - 1}, received {label}"


def _mismatch(objective: Objective, column: Column) -> SpecError:
    received = f"{column.dtype}{shape_text(('N', *column.shape))}"  # type: ignore[arg-type]
    expected = f"{objective.loss.name} trains the output `{objective.output}`: {objective.type}"
    message = f"{expected}, the data has targets {received}"
    return SpecError.of("data-mismatch", message, help=_FORMS[objective.labels])


_FORMS: Mapping[str, str] = {
    "int": "expected class indices, or one-hot rows",
    "one_hot": "expected class indices, or one-hot rows",
    "binary": "expected zeros and ones, one for each number that the output has",
    "values": "expected one number for each that the output has",
}

"""A data set as training sees it: splits that give batches in their final form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from specc.data.examples import Examples, SplitName
from specc.data.preparing import InputFeed, Preprocessing
from specc.data.targets import Target
from specc.diagnostics import Report

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from specc.data.columns import Array
    from specc.data.targets import Labels

    Rows = NDArray[np.int64]


class Split(Protocol):
    """Examples by their numbers, from 0.

    quick: whether a batch is mere copying, so that threads would cost more than they bring.
    example_bytes: of the inputs of one example.
    """

    @property
    def quick(self) -> bool: ...
    @property
    def example_bytes(self) -> int: ...
    def __len__(self) -> int: ...
    def fetch(self, indices: Rows) -> tuple[dict[str, Array], dict[str, Array]]:
        """The final inputs and the final targets, by name. Safe to call from several threads.

        Raises `SpecError` for an example that cannot be read, with its file.
        """
        ...

    def labels(self) -> Labels | None:
        """The class of each example, where examples have one."""
        ...

    def describe(self, index: int) -> str:
        """Where the example is from: a file, or `row 12 of digits.csv`."""
        ...

    def picture(self, index: int) -> NDArray[np.uint8] | None:
        """The example as a picture [H, W, C], before scaling; None if it is none."""
        ...


@dataclass(frozen=True, slots=True)
class PreparedSplit:
    """Examples of a source, or some of them, ready for the network.

    rows: which, in which order; None for all.
    targets: by output; the first that has classes gives `labels`.
    """

    examples: Examples
    inputs: Mapping[str, InputFeed]
    targets: Mapping[str, Target]
    rows: Rows | None = None

    @property
    def quick(self) -> bool:
        return all(feed.column.quick for feed in self.inputs.values())

    @property
    def example_bytes(self) -> int:
        return sum(feed.example_bytes for feed in self.inputs.values())

    def __len__(self) -> int:
        return len(self.examples) if self.rows is None else len(self.rows)

    def fetch(self, indices: Rows) -> tuple[dict[str, Array], dict[str, Array]]:
        rows = indices if self.rows is None else self.rows[indices]
        inputs = {name: feed.take(rows) for name, feed in self.inputs.items()}
        return inputs, {name: target.take(rows) for name, target in self.targets.items()}

    def labels(self) -> Labels | None:
        for target in self.targets.values():
            if target.labels is not None:
                return target.labels if self.rows is None else target.labels[self.rows]
        return None

    def describe(self, index: int) -> str:
        return self.examples.place(self._row(index))

    def picture(self, index: int) -> NDArray[np.uint8] | None:
        row = self._row(index)
        pictures = (feed.picture(row) for feed in self.inputs.values())
        return next((picture for picture in pictures if picture is not None), None)

    def _row(self, index: int) -> int:
        return index if self.rows is None else int(self.rows[index])


@dataclass(frozen=True, slots=True)
class Census:
    """The examples of a split, in all and by class (empty where there are no classes)."""

    examples: int
    by_class: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Dataset:
    """The splits of the data, None for one that it does not have.

    class_names: in the order of their indices; empty if this is no classification.
    preprocessing: of the pictures, or else of the first input: what prediction must repeat.
    """

    train: PreparedSplit | None
    validation: PreparedSplit | None
    test: PreparedSplit | None
    class_names: tuple[str, ...]
    preprocessing: Preprocessing

    def splits(self) -> dict[SplitName, PreparedSplit]:
        """The splits that there are."""
        named: dict[SplitName, PreparedSplit | None] = {
            "train": self.train,
            "validation": self.validation,
            "test": self.test,
        }
        return {name: split for name, split in named.items() if split is not None}

    def check(self) -> dict[SplitName, Census]:
        """Look at the header of every file, decoding none, and count.

        Opening has checked the shapes and the labels already. Raises `SpecError` with all faults
        (`data-unreadable`).
        """
        report = Report()
        examples = {id(split.examples): split.examples for split in self.splits().values()}
        for part in examples.values():
            for column in part.inputs.values():
                column.check(report)
        report.raise_if_failed()
        return {name: self._census(split) for name, split in self.splits().items()}

    def _census(self, split: PreparedSplit) -> Census:
        import numpy as np

        labels = split.labels()
        if labels is None:
            return Census(len(split), {})
        counts = np.bincount(labels, minlength=len(self.class_names)).tolist()
        return Census(len(split), dict(zip(self.class_names, counts, strict=True)))

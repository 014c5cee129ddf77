"""Tables: CSV and Parquet files, and what the `datasets` library makes of them and of its own.

All are Arrow tables on disk, mapped into memory, so that they may be larger than it. A column of
strings among the targets holds the names of classes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from specc.data.columns import ArrayColumn, Column, PictureColumn
from specc.data.document import Columns, Csv, Parquet, Table
from specc.data.examples import (
    SPLITS,
    Examples,
    SplitName,
    Splits,
    Wanted,
    assigned,
    column_of,
    missing,
    names_of,
)
from specc.data.images import PictureError, PictureFormat, picture_format
from specc.diagnostics import Report, SpecError
from specc.source import printable

if TYPE_CHECKING:
    import numpy as np

    from specc.data.columns import Array, Rows
    from specc.tensor import TensorType

    Frame = Any  # datasets.Dataset, which is not typed
    Feature = Any

USUAL_TARGETS = ("label", "labels", "target", "y")


def open_table(source: Csv | Parquet, path: Path, wanted: Wanted) -> Splits:
    """The rows of a file, or of the files `train`, `validation` and `test` of a folder.

    Raises `SpecError` (`data-not-found`, `data-unreadable`, `missing-column`, `data-mismatch`).
    """
    suffix = f".{source.name}"
    files: dict[SplitName, Path] = {"train": path}
    if path.is_dir():
        files = {
            SPLITS[each.stem.lower()]: each
            for each in sorted(path.glob(f"*{suffix}"))
            if each.stem.lower() in SPLITS
        }
    if not path.exists() or not files:
        where = printable(str(path), 200)
        message = (
            f"{where} holds no train{suffix}" if path.is_dir() else f"there is no file {where}"
        )
        raise SpecError.of("data-not-found", message)
    return {
        split: examples_of(source, read_table(source, file), file.name, wanted, file.parent)
        for split, file in files.items()
    }


def read_table(source: Csv | Parquet, path: Path) -> Frame:
    """The rows of a file, turned into Arrow's format in the cache of `datasets`."""
    options = {"sep": source.separator} if isinstance(source, Csv) else _streaming()
    with coded(str(path)), _without_bars():
        # `from_csv` and `from_parquet` would read an empty file as None.
        return library().load_dataset(
            source.name, data_files={"train": str(path)}, split="train", **options
        )


def _streaming() -> dict[str, Any]:
    """How a Parquet file is read so that no more than a row group of it is in memory."""
    from pyarrow import dataset  # pyright: ignore[reportMissingTypeStubs]

    # What is buffered ahead, as it is by default, is kept until the file's end.
    arrow: Any = dataset
    options = arrow.ParquetFragmentScanOptions(pre_buffer=False, use_buffered_stream=True)
    return {"fragment_scan_options": options}


def library() -> Any:
    """The package `datasets`, which is not typed."""
    import datasets  # pyright: ignore[reportMissingTypeStubs]

    return datasets


@contextmanager
def coded(where: str) -> Generator[None]:
    """Make what `datasets` raises a `SpecError` (`data-unreadable`) that names `where`."""
    try:
        yield
    except Exception as error:  # its errors have no common base, and pyarrow's come through
        cause = error.__cause__ or error
        reason = printable(str(cause).strip().partition("\n")[0], 200) or type(cause).__name__
        message = f"{printable(where, 200)}: {reason}"
        raise SpecError.of("data-unreadable", message) from None


@contextmanager
def _without_bars() -> Generator[None]:
    """Keep `datasets` from showing bars for what takes a moment."""
    datasets = library()
    shown = datasets.is_progress_bar_enabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            datasets.enable_progress_bars()


def examples_of(
    source: Table, frame: Frame, where: str, wanted: Wanted, folder: Path | None = None
) -> Examples:
    """The rows of a table by the network's inputs and outputs.

    where: what messages call the table.
    folder: what the paths of pictures in it start from; None if it has none.
    """
    known: list[str] = list(frame.column_names)
    targets = assigned("output", wanted.objectives, source.targets, _target(wanted, known))
    taken = {name for columns in targets.values() for name in names_of(columns)}
    rest = tuple(name for name in known if name not in taken)
    inputs = assigned("input", wanted.inputs, source.inputs, _input(wanted, known, rest))
    for columns in [*targets.values(), *inputs.values()]:
        for name in names_of(columns):
            if name not in known:
                raise missing("column", name, known, where)

    def input_column(input: str, columns: Columns) -> Column:
        type = wanted.inputs[input]
        if not isinstance(columns, str) or not _are_pictures(frame.features[columns], type, folder):
            return _values(frame, columns, where)
        return _pictures(frame, columns, where, folder, picture_format(input, type, source))

    labels = {output: _target_column(frame, columns, where) for output, columns in targets.items()}
    return Examples(
        {input: input_column(input, columns) for input, columns in inputs.items()},
        {output: column for output, (column, _) in labels.items()},
        lambda row: f"row {row + 1} of {where}",
        {output: names for output, (_, names) in labels.items() if names is not None},
    )


def _target(wanted: Wanted, known: list[str]) -> Callable[[str], Columns | None]:
    """The column called as the output, else one with a usual name where there is one output."""
    usual = next((name for name in USUAL_TARGETS if name in known), None)
    only = usual if len(wanted.objectives) == 1 else None
    return lambda name: name if name in known else only


def _input(
    wanted: Wanted, known: list[str], rest: tuple[str, ...]
) -> Callable[[str], Columns | None]:
    """The column called as the input, else all that are no targets where there is one input."""
    only = rest if len(wanted.inputs) == 1 and rest else None
    only = only[0] if only and len(only) == 1 else only
    return lambda name: name if name in known else only


def _target_column(
    frame: Frame, columns: Columns, where: str
) -> tuple[Column, tuple[str, ...] | None]:
    """A target, and the names of the classes where the column knows them."""
    if not isinstance(columns, str):
        return NumberColumn.of(frame, columns, where), None
    feature = frame.features[columns]
    if hasattr(feature, "names"):
        return ArrayColumn(_whole(frame, columns, where)), tuple(feature.names)
    if _is_text(feature):
        return column_of(_whole(frame, columns, where))
    if _is_number(feature):
        return ArrayColumn(_whole(frame, columns, where)), None
    return FeatureColumn(frame, columns), None


def _whole(frame: Frame, name: str, where: str) -> Array:
    """All of one column in memory: labels, which are small. None may be missing."""
    import numpy as np

    column = frame.select_columns([name]).with_format("arrow")[:][name]
    if column.null_count:
        row = int(np.flatnonzero(column.is_null().to_numpy())[0])
        message = f"row {row + 1} of {printable(where, 200)} has no value in `{printable(name)}`"
        raise SpecError.of("data-mismatch", message, help="fill it, or take the row out")
    values = column.to_numpy()
    return values.astype(np.str_) if values.dtype == object else values


def _values(frame: Frame, columns: Columns, where: str) -> Column:
    if not isinstance(columns, str):
        return NumberColumn.of(frame, columns, where)
    if isinstance(frame.features[columns], library().Value | library().ClassLabel):
        return NumberColumn.of(frame, (columns,), where)
    return FeatureColumn(frame, columns)


def _are_pictures(feature: Feature, type: TensorType, folder: Path | None) -> bool:
    """Whether a column has pictures, or what can only be their paths."""
    if isinstance(feature, library().Image):
        return True
    return folder is not None and type.rank > 2 and _is_text(feature)


def _pictures(
    frame: Frame, name: str, where: str, folder: Path | None, format: PictureFormat
) -> PictureColumn:
    if isinstance(frame.features[name], library().Image):
        files = EncodedPictures.of(frame, name)
        return PictureColumn(files, format, lambda row: f"row {row + 1} of {where}")
    assert folder is not None
    paths = PicturePaths(frame.select_columns([name]).with_format("arrow"), name, folder)
    return PictureColumn(paths, format, lambda row: f"row {row + 1} of {where}: {paths.path(row)}")


def _is_text(feature: Feature) -> bool:
    return getattr(feature, "dtype", "") in ("string", "large_string")


def _is_number(feature: Feature) -> bool:
    kinds = ("int", "uint", "float", "double", "bool")
    return isinstance(feature, library().ClassLabel) or (
        isinstance(feature, library().Value) and feature.dtype.startswith(kinds)
    )


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """Columns of numbers, side by side as one vector: [N, columns]. Empty cells are NaN."""

    frame: Frame
    names: tuple[str, ...]
    dtype: np.dtype[Any]

    quick = True

    @classmethod
    def of(cls, frame: Frame, names: tuple[str, ...], where: str) -> NumberColumn:
        """Raises `SpecError` (`data-mismatch`) for a column that holds no numbers."""
        import numpy as np

        for name in names:
            if not _is_number(frame.features[name]):
                received = printable(str(frame.features[name]))
                message = f"{where}: expected numbers in the column `{printable(name)}`"
                help = "name the columns to take under data.source.inputs and targets"
                raise SpecError.of("data-mismatch", f"{message}, received {received}", help=help)
        dtypes = [np.dtype(_numpy_name(frame.features[name].dtype)) for name in names]
        chosen = frame.select_columns(list(names)).with_format("arrow")
        return cls(chosen, names, np.result_type(*dtypes))

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.names),)

    def __len__(self) -> int:
        return len(self.frame)

    def take(self, rows: Rows) -> Array:
        import numpy as np

        table = self.frame[rows]
        columns = [table.column(name).to_numpy() for name in self.names]
        return np.stack(columns, -1)

    def check(self, report: Report) -> None:
        pass


def _numpy_name(dtype: str) -> str:
    return {"double": "float64", "float": "float32"}.get(dtype, dtype)


@dataclass(frozen=True)
class FeatureColumn:
    """A column of lists or arrays, all of one shape."""

    source: Frame
    name: str

    quick = False

    @cached_property
    def frame(self) -> Frame:
        return self.source.select_columns([self.name]).with_format("numpy")

    @cached_property
    def _first(self) -> Array:
        import numpy as np

        return np.asarray(self.frame[:1][self.name][0])

    @property
    def shape(self) -> tuple[int, ...]:
        return self._first.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._first.dtype

    def __len__(self) -> int:
        return len(self.frame)

    def take(self, rows: Rows) -> Array:
        import numpy as np

        if not len(rows):
            return np.empty((0, *self.shape), self.dtype)
        values = self.frame[rows][self.name]
        for row, value in zip(rows.tolist(), values, strict=True):
            if np.shape(value) != self.shape:
                expected = f"row {row + 1}: expected `{self.name}` of shape {list(self.shape)}"
                message = f"{expected} as in row 1, received {list(np.shape(value))}"
                raise SpecError.of("data-mismatch", message)
        return np.asarray(values)

    def check(self, report: Report) -> None:
        pass


@dataclass(frozen=True, slots=True)
class EncodedPictures:
    """The files of a column of pictures: their contents, or where they are."""

    frame: Frame
    name: str

    @classmethod
    def of(cls, frame: Frame, name: str) -> EncodedPictures:
        """The pictures of the column, not decoded."""
        chosen = frame.select_columns([name]).cast_column(name, library().Image(decode=False))
        return cls(chosen.with_format("arrow"), name)

    def __len__(self) -> int:
        return len(self.frame)

    def __getitem__(self, row: int) -> str | bytes:
        value: Any = self.frame[row][self.name][0].as_py() or {}
        return value.get("bytes") or value.get("path") or b""


@dataclass(frozen=True, slots=True)
class PicturePaths:
    """The files of a column of paths, which start from a folder and do not leave it."""

    frame: Frame
    name: str
    folder: Path

    def __len__(self) -> int:
        return len(self.frame)

    def path(self, row: int) -> str:
        """What the column says."""
        return self.frame[row][self.name][0].as_py() or ""

    def __getitem__(self, row: int) -> str:
        """Raises `PictureError` for a path that leads elsewhere."""
        path = PurePath(self.path(row))
        if path.anchor or ".." in path.parts:
            raise PictureError("expected a path below the folder of the table")
        return str(self.folder / path)

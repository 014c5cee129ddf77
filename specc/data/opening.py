"""Opening data: from what a spec says of it to splits that are ready for the network.

`open_data` is the way in. What cannot be right is found here, before a framework is imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from specc.data.arrays import open_arrays
from specc.data.dataset import Dataset, PreparedSplit
from specc.data.document import (
    SOURCES,
    Arrays,
    Csv,
    Data,
    HuggingFace,
    Idx,
    ImageFolder,
    Parquet,
    Source,
)
from specc.data.examples import Examples, SplitName, Splits, Wanted
from specc.data.hugging_face import MARKERS, open_hugging_face
from specc.data.idx import idx_files, open_idx
from specc.data.image_folder import open_image_folder, subfolders
from specc.data.preparing import InputFeed, Preprocessing, input_feed
from specc.data.splitting import require_all_classes, split_off
from specc.data.tables import open_table
from specc.data.targets import Target, renumbered, target
from specc.diagnostics import SpecError
from specc.packages import needs
from specc.source import printable
from specc.wording import listing

if TYPE_CHECKING:
    from specc.tensor import TensorType
    from specc.training.objectives import Objective

SUFFIXES: dict[str, type[Source]] = {
    ".npz": Arrays,
    ".npy": Arrays,
    ".csv": Csv,
    ".parquet": Parquet,
}
"""The formats that a file's name tells."""


@needs("train")
def open_data(
    data: Data,
    inputs: Mapping[str, TensorType],
    objectives: Mapping[str, Objective],
    *,
    rescales: bool,
) -> Dataset:
    """The data that `data` describes, for a network of these inputs and objectives.

    rescales: whether the network begins by scaling its inputs, so that bytes go in as they are.
    A split that the source itself has goes before `validation_split`. No example is decoded.

    Raises `SpecError`: `data-not-found`, `data-unreadable`, `data-format`, `data-mismatch`,
    `missing-column`, `class-mismatch`, `label-out-of-range`, `missing-package`.
    """
    wanted = Wanted(inputs, objectives)
    raw = _raw_splits(data, wanted)
    names = _class_names(data, raw, wanted)
    prepared = {
        split: PreparedSplit(
            examples,
            _inputs(examples, wanted, data, rescales),
            _targets(examples, wanted, names, f"the {split} split"),
        )
        for split, examples in raw.items()
    }
    main = names.get(next(iter(names), ""), ())
    training = prepared.get("train")
    if data.validation_split and training is not None and "validation" not in prepared:
        training, prepared["validation"] = split_off(
            training, data.validation_split, data.seed, main
        )
    elif training and "validation" in prepared and isinstance(data.source, ImageFolder):
        require_all_classes(training, prepared["validation"], main)
    return Dataset(
        training,
        prepared.get("validation"),
        prepared.get("test"),
        main,
        _preprocessing(next(iter(prepared.values()))),
    )


def with_path(data: Data | None, path: str) -> Data:
    """`data` with its source at `path`: in the spec's format, unless the path is plainly another.

    Raises `SpecError` (`data-not-found`, `data-format`) where the spec names no format and the path
    does not tell it.
    """
    data = data or Data()
    kinds = list(_kinds(Path(path)))
    if data.source is not None and (not kinds or type(data.source) in kinds):
        source = data.source.model_copy(update={"path": path})
    else:
        source = detected(Path(path))(path=path)
    return data.model_copy(update={"source": source})


def detected(path: Path) -> type[Source]:
    """The format of what is at `path`.

    Raises `SpecError` (`data-not-found`, `data-format`) if it is none, or could be several.
    """
    where = printable(str(path), 200)
    if not path.exists():
        raise SpecError.of("data-not-found", f"there is no file or folder {where}")
    kinds = list(_kinds(path))
    if len(kinds) == 1:
        return kinds[0]
    if kinds:
        names = " or ".join(f"`{kind.name}`" for kind in kinds)
        help = f"say which under data.source, as `{kinds[0].name}: {where}`"
        raise SpecError.of("data-format", f"{where} could be {names}", help=help)
    known = listing("formats are", (kind.name for kind in SOURCES))
    message = f"{where} is no data in a format that specc knows"
    raise SpecError.of("data-format", message, help=known)


def _kinds(path: Path) -> Iterator[type[Source]]:
    """The formats that a path could be of, from the names of its files."""
    if path.is_file() and path.suffix.lower() in SUFFIXES:
        yield SUFFIXES[path.suffix.lower()]
    if not path.is_dir():
        return
    if any((path / marker).is_file() for marker in MARKERS):
        yield HuggingFace
        return
    suffixes = {each.suffix.lower() for each in path.iterdir() if each.is_file()}
    yield from dict.fromkeys(SUFFIXES[suffix] for suffix in SUFFIXES if suffix in suffixes)
    if idx_files(path):
        yield Idx
    if subfolders(path):
        yield ImageFolder


def _raw_splits(data: Data, wanted: Wanted) -> Splits:
    """The examples of each split, of all sources together."""
    if data.source is None:
        message = "the spec does not say where the data is"
        raise SpecError.of("data-not-found", message, help="give --data PATH, or say data.source")
    splits = _opened(data.source, data, wanted)
    extra: dict[SplitName, Source | None] = {"validation": data.validation, "test": data.test}
    for split, source in extra.items():
        if source is not None:
            found = _opened(source, data, wanted)
            splits[split] = found.get(split) or next(iter(found.values()))
    for split, examples in splits.items():
        if not len(examples):
            raise SpecError.of("data-not-found", f"the {split} split of the data has no example")
    return splits


def _opened(source: Source, data: Data, wanted: Wanted) -> Splits:
    if source.path is None:
        message = f"the spec does not say where its {source.name} is"
        raise SpecError.of("data-not-found", message, help="give --data PATH")
    path = Path(source.path)
    match source:
        case ImageFolder():
            return open_image_folder(source, path, wanted, data.class_names)
        case Arrays():
            return open_arrays(source, path, wanted)
        case Idx():
            return open_idx(path, wanted)
        case Csv() | Parquet():
            return open_table(source, path, wanted)
        case HuggingFace():
            return open_hugging_face(source, path, wanted)
        case _:
            raise AssertionError(f"unhandled source {source}")


def _class_names(data: Data, raw: Splits, wanted: Wanted) -> dict[str, tuple[str, ...]]:
    """The names of the classes of each output that has them, in the order of their indices.

    From the spec, else from the training data; where neither knows them, their numbers.
    """
    first = raw.get("train") or next(iter(raw.values()))
    found: dict[str, tuple[str, ...]] = {}
    for output, objective in wanted.objectives.items():
        of_spec = objective.classes is not None or len(wanted.objectives) == 1
        known = (data.class_names if of_spec else None) or first.class_names.get(output)
        last = objective.type.shape[-1]
        classes = objective.classes or (last if known and last != 1 else None)
        if isinstance(classes, int):
            found[output] = known or tuple(map(str, range(classes)))
            _require_count(output, found[output], classes)
    return found


def _require_count(output: str, names: tuple[str, ...], expected: int) -> None:
    if len(names) != expected:
        message = f"the output `{output}` tells {expected} classes apart, the data has {len(names)}"
        help = listing("they are", names)
        raise SpecError.of("class-mismatch", message, help=help)


def _inputs(examples: Examples, wanted: Wanted, data: Data, rescales: bool) -> dict[str, InputFeed]:
    return {
        name: input_feed(name, type, examples.inputs[name], data, rescales)
        for name, type in wanted.inputs.items()
    }


def _targets(
    examples: Examples, wanted: Wanted, names: Mapping[str, tuple[str, ...]], where: str
) -> dict[str, Target]:
    found: dict[str, Target] = {}
    for output, objective in wanted.objectives.items():
        column, own = examples.targets[output], examples.class_names.get(output)
        if own is not None and output in names:
            column = renumbered(column, own, names[output], where)
        found[output] = target(objective, column, examples.place, own is not None)
    return found


def _preprocessing(split: PreparedSplit) -> Preprocessing:
    """What is done to pictures, else to the first input."""
    records = [feed.preprocessing for feed in split.inputs.values()]
    pictures = (record for record in records if record.image_size is not None)
    return next(pictures, records[0])

"""Data sets of the `datasets` library, on disk or on the Hugging Face hub: `HuggingFace`.

They are Arrow and Parquet files: since version 4 the library runs no code of a data set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from specc.data.document import HuggingFace
from specc.data.examples import SPLITS, SplitName, Splits, Wanted
from specc.data.tables import coded, examples_of, library
from specc.diagnostics import SpecError
from specc.source import printable
from specc.wording import listing

if TYPE_CHECKING:
    Frames = Mapping[str, Any]  # of datasets.Dataset, which is not typed

MARKERS = ("dataset_dict.json", "state.json")
"""What `save_to_disk` writes beside the data: the one with splits, the other without."""

HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")


def open_hugging_face(source: HuggingFace, path: Path, wanted: Wanted) -> Splits:
    """The data set in the folder `path`, or of that name on the hub.

    Splits that are none of train, validation and test are passed over.
    Raises `SpecError` (`data-not-found`, `data-unreadable`, `missing-column`, `data-mismatch`).
    """
    frames = _on_disk(path) if path.exists() else _on_hub(source, str(path))
    known: dict[SplitName, Any] = {
        SPLITS[name.lower()]: frame for name, frame in frames.items() if name.lower() in SPLITS
    }
    if not known:
        message = f"{printable(str(path), 200)} has no split `train`, `validation` or `test`"
        raise SpecError.of("data-not-found", message, help=listing("there are", frames))
    return {
        split: examples_of(source, frame, f"{path} ({split})", wanted)
        for split, frame in known.items()
    }


def _on_disk(path: Path) -> Frames:
    if not any((path / marker).is_file() for marker in MARKERS):
        message = f"{printable(str(path), 200)} is no folder that `save_to_disk` wrote"
        help = "for a folder of pictures, csv or parquet files take that source"
        raise SpecError.of("data-not-found", message, help=help)
    with coded(str(path)):
        return _by_split(library().load_from_disk(str(path)))


def _on_hub(source: HuggingFace, name: str) -> Frames:
    if not HUB_NAME.fullmatch(name):
        message = f"there is no folder {printable(name, 200)}, and it is no name on the hub"
        raise SpecError.of("data-not-found", message)
    with coded(name):
        loaded: Any = library().load_dataset(name, source.config_name, revision=source.revision)
        return _by_split(loaded)


def _by_split(loaded: Any) -> Frames:
    return cast("Frames", loaded) if isinstance(loaded, Mapping) else {"train": loaded}

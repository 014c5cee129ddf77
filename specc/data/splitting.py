"""A part of the training examples taken for validation, from each class alike."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from specc.data.dataset import PreparedSplit
from specc.diagnostics import Diagnostic, Report, SpecError
from specc.source import printable
from specc.wording import count

if TYPE_CHECKING:
    from specc.data.targets import Labels


def split_off(
    split: PreparedSplit, share: float, seed: int, names: tuple[str, ...]
) -> tuple[PreparedSplit, PreparedSplit]:
    """The examples that train and those that validate: disjoint, and all of them together.

    Stratified by class where there are classes; the same for the same seed. Either part keeps the
    order of the source.
    Raises `SpecError` (`class-mismatch`, `data-mismatch`) if a class or a part would be empty.
    """
    import numpy as np
    from sklearn import model_selection  # pyright: ignore[reportMissingTypeStubs]

    labels = split.labels()
    total = len(split)
    validating = round(total * share)
    if not 0 < validating < total:
        message = f"validation_split {share} of {count(total, 'example')} leaves a part empty"
        raise SpecError.of("data-mismatch", message, help="give more examples, or another share")
    if labels is not None:
        _require_room(labels, validating, names)
    parts = cast("Any", model_selection).train_test_split(
        np.arange(total), test_size=validating, random_state=seed, stratify=labels
    )
    training, validation = (replace(split, rows=np.sort(part)) for part in parts)
    require_all_classes(training, validation, names)
    return training, validation


def require_all_classes(
    training: PreparedSplit, validation: PreparedSplit, names: tuple[str, ...]
) -> None:
    """Raises `SpecError` (`class-mismatch`) for a class that is trained and not validated."""
    import numpy as np

    trained, validated = training.labels(), validation.labels()
    if trained is None or validated is None:
        return
    report = Report()
    missing: list[int] = np.setdiff1d(trained, validated).tolist()
    for index in missing:
        number = int((trained == index).sum())
        name = printable(names[index])
        message = (
            f"the class `{name}` is missing from validation, in training it has"
            f" {count(number, 'example')}"
        )
        help = "add examples of it, or take a larger validation_split"
        report.add(Diagnostic("class-mismatch", message, help=help))
    report.raise_if_failed()


def _require_room(labels: Labels, validating: int, names: tuple[str, ...]) -> None:
    """Raise for classes that cannot stand in both parts."""
    import numpy as np

    present, counts = np.unique(labels, return_counts=True)
    report = Report()
    single: list[int] = present[counts < 2].tolist()
    for index in single:
        message = f"the class `{printable(names[index])}` has 1 example: training or validation"
        help = "add examples of it, or take it out"
        report.add(Diagnostic("class-mismatch", f"{message} would have none", help=help))
    report.raise_if_failed()
    if min(validating, len(labels) - validating) < len(present):
        received = f"{len(labels) - validating} to train and {validating} to validate"
        message = f"expected an example of each of {len(present)} classes in both parts"
        help = "give more examples, or another validation_split"
        raise SpecError.of("class-mismatch", f"{message}, received {received}", help=help)

"""What an engine predicts for a split, collected in the form in which it is judged.

Batches come and go; only targets and scores are kept: a label or the targets of an output, and the
output itself, for each example.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from specc.data.loading import Batch, Loader
    from specc.training.objectives import Objective

    Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Predictions:
    """Of one output, in the order of the split: what `specc.reports.evaluation.evaluate` takes."""

    targets: Array
    scores: Array


@dataclass(slots=True)
class _Parts:
    """The batches so far."""

    targets: list[Array] = field(default_factory=list[Any])
    scores: list[Array] = field(default_factory=list[Any])


class Model(Protocol):
    """What predicts batches, such as an engine."""

    def predict(self, batches: Iterable[Batch]) -> Iterator[dict[str, Array]]:
        """The outputs for each batch, by name."""
        ...


def collect(
    model: Model, loader: Loader, objectives: Mapping[str, Objective]
) -> dict[str, Predictions]:
    """The predictions for the examples of a loader that does not shuffle, by output."""
    import numpy as np

    parts = {name: _Parts() for name in objectives}
    for outputs in model.predict(_noting_targets(loader, objectives, parts)):
        for name, objective in objectives.items():
            parts[name].scores.append(probabilities(outputs[name], objective))
    return {
        name: Predictions(np.concatenate(each.targets), np.concatenate(each.scores))
        for name, each in parts.items()
    }


def _noting_targets(
    loader: Loader, objectives: Mapping[str, Objective], parts: Mapping[str, _Parts]
) -> Iterator[Batch]:
    """The batches of the loader; their targets are kept as they pass."""
    for batch in loader.epoch(0):
        for name, objective in objectives.items():
            parts[name].targets.append(labels(batch.targets[name], objective))
        yield batch


def probabilities(outputs: Array, objective: Objective) -> Array:
    """The outputs of a classification as probabilities, float32; other outputs as they are.

    Scores on either side of 0, which hinge losses ask for, are taken as logits: the same decisions,
    with a confidence that says no more than their order.
    """
    import numpy as np

    loss = objective.loss
    values = np.asarray(outputs, np.float32)
    if not (loss.from_logits or loss.gives == "scores"):
        return values
    if objective.task == "multiclass":
        powers = np.exp(values - values.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True)
    return (1 + np.tanh(values / 2)) / 2  # the sigmoid, which does not overflow so


def labels(targets: Array, objective: Objective) -> Array:
    """One-hot targets as class indices; others as they are."""
    return targets.argmax(axis=-1) if objective.labels == "one_hot" else targets

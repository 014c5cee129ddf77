"""What a model gives for an example, in the words of its classes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from specc.reports.tables import number
from specc.source import printable
from specc.training.metadata import ModelCard

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Kind = Literal["probability", "score", "value"]
"""What the numbers are: of classes that add up to one, of classes in no known unit, a regression's.
"""


@dataclass(frozen=True, slots=True)
class Score:
    """One class and what the model gives for it. name: None if the model does not tell it."""

    index: int
    name: str | None
    value: float

    @property
    def label(self) -> str:
        return f"class {self.index}" if self.name is None else printable(self.name)

    def as_json(self) -> dict[str, object]:
        """The same as data: JSON has no NaN and no infinity."""
        value = self.value if math.isfinite(self.value) else None
        return {"class": self.index, "name": self.name, "score": value}


@dataclass(frozen=True, slots=True, repr=False)
class Prediction:
    """The best classes of one example, the best first; or the values of a regression, in order.

    input: the file or what else it was, with the index in a batch.
    """

    input: str
    scores: tuple[Score, ...]
    kind: Kind

    @property
    def top(self) -> Score:
        """The best class; of a regression the first value."""
        return self.scores[0]

    def amount(self, score: Score) -> str:
        """The number of one of the scores as people read it: `99.4 %`, `1.2500`."""
        is_share = self.kind == "probability"
        return f"{100 * score.value:.1f} %" if is_share else number(score.value)

    def __str__(self) -> str:
        found = ", ".join(f"{score.label} {self.amount(score)}" for score in self.scores)
        return f"{printable(self.input, 200)}: {found}"

    def __repr__(self) -> str:
        return f"<Prediction {self}>"

    def as_json(self) -> dict[str, object]:
        """The same as data."""
        return {"input": self.input, "predictions": [score.as_json() for score in self.scores]}


@dataclass(frozen=True, slots=True)
class Interpretation:
    """How the rows [N, classes] of a model's output are read. output: its name."""

    card: ModelCard
    output: str

    @property
    def kind(self) -> Kind:
        match self.card.output:
            case "values":
                return "value"
            case None:
                return "score"
            case "logits" if self.card.top_k:  # without those of the other classes
                return "score"
            case _:
                return "probability"

    def prediction(
        self, input: str, row: Array, top_k: int, classes: Array | None = None
    ) -> Prediction:
        """The `top_k` best classes of a row; all values of a regression.

        classes: whose the scores are, the best first, where the model tells only the best.
        """
        if self.kind == "value":
            best = {index: row[index] for index in range(len(row))}
        elif classes is None:
            best = {index: row[index] for index in (-row).argsort(kind="stable")[:top_k].tolist()}
        else:
            best = dict(zip(classes[:top_k].tolist(), row, strict=False))
        scores = (
            Score(index, self._name(index, len(row)), float(value)) for index, value in best.items()
        )
        return Prediction(input, tuple(scores), self.kind)

    def _name(self, index: int, count: int) -> str | None:
        if self.kind == "value":
            return self.output if count == 1 else f"{self.output}[{index}]"
        names = self.card.class_names
        return names[index] if index < len(names) else None

    def probabilities(self, scores: Array) -> Array:
        """Of each class; what the model gives, if it does not say what that is, or not all.

        One number for two classes is the probability of the second.
        """
        import numpy as np

        if self.card.top_k:
            return scores
        if self.card.output == "logits":
            logits = scores.astype(np.float64)
            if self.card.task == "binary":
                scores = 0.5 * (1 + np.tanh(0.5 * logits))
            else:
                powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
                scores = powers / powers.sum(axis=-1, keepdims=True)
        if self.card.task == "binary" and scores.shape[-1] == 1:
            scores = np.concatenate([1 - scores, scores], axis=-1)
        return scores

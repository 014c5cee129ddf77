"""What the ONNX file of a trained model says of itself: enough to use it without its run.

The values of a file's metadata are text; those here are JSON, or one word.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, get_args

from pydantic import TypeAdapter, ValidationError

from specc.data.preparing import Preprocessing
from specc.training.losses import Task
from specc.training.objectives import Objective, objectives

if TYPE_CHECKING:
    from specc.training.run import Run

T = TypeVar("T")

Output = Literal["logits", "probabilities", "values"]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """How inputs are made for a model, and what its first output means.

    class_names: in the order of their indices. preprocessing: of pictures.
    task: what the output was trained for. output: what it gives.
    """

    class_names: tuple[str, ...] = ()
    preprocessing: Preprocessing | None = None
    task: Task | None = None
    output: Output | None = None

    def metadata(self) -> dict[str, str]:
        """The same as the metadata of a file."""
        values = {
            "class_names": json.dumps(self.class_names, ensure_ascii=False),
            "preprocessing": json.dumps(asdict(self.preprocessing)) if self.preprocessing else "",
            "task": self.task or "",
            "output": self.output or "",
        }
        return {key: value for key, value in values.items() if value not in ("", "[]")}

    @classmethod
    def read(cls, metadata: Mapping[str, str]) -> ModelCard:
        """The card in the metadata of anyone's model: what is not as here counts as not there."""
        task, output = metadata.get("task"), metadata.get("output")
        return cls(
            tuple(map(str, _parsed(list[Any], metadata.get("class_names")) or ())),
            _parsed(Preprocessing, metadata.get("preprocessing")),
            cast("Task", task) if task in get_args(Task) else None,
            cast("Output", output) if output in get_args(Output) else None,
        )


def model_card(run: Run, *, softmax: bool = False) -> ModelCard:
    """The card of a model of `run`. softmax: whether one is appended to it."""
    first = next(iter(run.network.outputs))
    objective = objectives(run.network.graph, run.train).get(first)
    if objective is None:
        return ModelCard(run.class_names, run.preprocessing)
    output = "probabilities" if softmax else _output(objective)
    return ModelCard(run.class_names, run.preprocessing, objective.task, output)


def _output(objective: Objective) -> Output:
    if objective.task == "regression":
        return "values"
    # A hinge's scores decide as logits do; see `specc.reports.collecting.probabilities`.
    scores = objective.loss.from_logits or objective.loss.gives == "scores"
    return "logits" if scores else "probabilities"


def _parsed(kind: type[T], text: str | None) -> T | None:
    if text is None:
        return None
    try:
        return TypeAdapter(kind).validate_json(text)
    except ValidationError:
        return None

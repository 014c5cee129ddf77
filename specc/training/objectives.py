"""What each output of a network is trained for: its loss and metrics, and the targets they take.

It follows from the section `train` and the types of the outputs; data and engines read it here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from specc.dims import Dim
from specc.tensor import FLOATS
from specc.training.losses import Labels, Task
from specc.training.metrics import AUC, Direction, Metric, TopKAccuracy

if TYPE_CHECKING:
    from specc.ir import Graph
    from specc.tensor import TensorType
    from specc.training.document import OutputTraining, Train
    from specc.training.losses import Loss


@dataclass(frozen=True, slots=True)
class Objective:
    """What one output is trained for.

    output, type: its name, and its type as in the spec, channels last.
    weight: of this loss in the sum.
    task: what is learnt; `binary` with a last axis of more than 1 is multi-label.
    labels: the form in which targets come. `int`: int32 [N, …], class indices without the last
        axis. `one_hot`: float32 [N, …, C]. `binary`: float32 in the output's shape, 0 and 1.
        `values`: float32 in the output's shape; where the data has class indices and the last axis
        is longer than 1, the data one-hots them.
    classes: the last axis of `multiclass`; 2 for `binary` with a last axis of 1; else None.
    """

    output: str
    type: TensorType
    loss: Loss
    weight: float
    metrics: tuple[Metric, ...]
    task: Task
    labels: Labels
    classes: int | None


def objectives(graph: Graph, train: Train) -> dict[str, Objective]:
    """The objective of each output that has a loss, in the order of the network's outputs.

    `train` must fit the graph: `output_misfit` and `misfit` give nothing, and `loss` stands for
    the only output.
    """
    trained = outputs_trained(graph, train)
    return {
        name: _objective(name, graph.outputs[name].type, trained[name])
        for name in graph.outputs
        if name in trained
    }


def outputs_trained(graph: Graph, train: Train) -> Mapping[str, OutputTraining]:
    """What `train` says of each output, be it with `loss` or with `outputs`."""
    from specc.training.document import OutputTraining

    if train.outputs is not None:
        return train.outputs
    assert train.loss is not None
    return {name: OutputTraining(loss=train.loss, metrics=train.metrics) for name in graph.outputs}


def _objective(name: str, type: TensorType, part: OutputTraining) -> Objective:
    loss = part.loss
    return Objective(
        output=name,
        type=type,
        loss=loss,
        weight=part.loss_weight,
        metrics=part.metrics,
        task=loss.task,
        labels=loss.labels,
        classes=_classes(loss.task, type),
    )


def _classes(task: Task, type: TensorType) -> int | None:
    last = type.shape[-1]
    if task == "multiclass":
        assert isinstance(last, int)
        return last
    return 2 if task == "binary" and last == 1 else None


def output_misfit(graph: Graph, train: Train) -> str | None:
    """Why `train` does not say which outputs are trained; None if it does."""
    names = ", ".join(f"`{name}`" for name in graph.outputs)
    if train.outputs is None:
        if len(graph.outputs) == 1:
            return None
        return f"`loss` is for a network of one output, received {names}"
    unknown = [name for name in train.outputs if name not in graph.outputs]
    return f"there is no output `{unknown[0]}`; the network has {names}" if unknown else None


def misfit(loss: Loss, type: TensorType) -> str | None:
    """Why an output of `type` cannot be trained with `loss`; None if it can."""
    if type.dtype not in FLOATS:
        return f"{loss.name} needs an output of floats, received {type}"
    if type.rank < 2:
        return f"{loss.name} needs an output [N, …, C], received {type}"
    if loss.task != "multiclass":
        return None
    last = type.shape[-1]
    if isinstance(last, Dim):
        return f"{loss.name} needs a constant number of classes on the last axis, received {type}"
    if last < 2:
        return f"{loss.name} needs at least 2 classes on the last axis, received {type}"
    return None


def metric_misfit(metric: Metric, objective: Objective) -> str | None:
    """Why `metric` says nothing of this objective; None if it does."""
    loss, classes = objective.loss, objective.classes
    if objective.task not in metric.tasks:
        fitting = " or ".join(sorted(metric.tasks))
        return f"{metric.name} is for {fitting} losses, received {loss.name} ({objective.task})"
    if loss.labels == "int" and "regression" in metric.tasks:
        return f"{metric.name} compares values, and {loss.name} takes class indices as targets"
    if isinstance(metric, TopKAccuracy) and classes is not None and metric.k >= classes:
        return f"{metric.name} needs a k below {classes}, the classes, received {metric.k}"
    if isinstance(metric, AUC) and loss.gives == "scores":
        return f"auc needs probabilities, and {loss.name} makes the network give scores"
    return None


def class_weight_misfit(train: Train, found: Mapping[str, Objective]) -> str | None:
    """Why `class_weight` cannot weigh the examples; None if it can, or is not given."""
    weights = train.class_weight
    if weights is None:
        return None
    if len(found) != 1:
        return f"class_weight is for a network of one output, received {len(found)}"
    (objective,) = found.values()
    classes = objective.classes
    if classes is None or objective.type.rank > 2:
        return "class_weight needs an output of classes, each example of one"
    if weights != "balanced" and len(weights) != classes:
        return f"class_weight needs {classes} weights, one for each class, received {len(weights)}"
    return None


def directions(found: Mapping[str, Objective]) -> dict[str, Direction]:
    """Every name in the logs, without `val_`, and whether less or more of it is better.

    As in Keras: `loss` and `accuracy` with one output; with several `loss`, then `age_loss` for
    each, then `age_mae`.
    """
    several = len(found) > 1
    names: dict[str, Direction] = {"loss": "min"}
    if several:
        names |= {f"{output}_loss": "min" for output in found}
    for output, objective in found.items():
        prefix = f"{output}_" if several else ""
        names |= {f"{prefix}{metric.name}": metric.direction for metric in objective.metrics}
    return names


def log_names(found: Mapping[str, Objective]) -> tuple[str, ...]:
    """The names that losses and metrics have in the logs, without `val_`."""
    return tuple(directions(found))

"""What the ONNX file of a trained model says of itself: enough to use it without its run.

The values of a file's metadata are text; those here are JSON, or one word.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, get_args

from pydantic import TypeAdapter, ValidationError

from specc.data.document import Data, Idx, ImageFolder, Table
from specc.data.images import MODES
from specc.data.preparing import BYTE_SCALE, Preprocessing
from specc.data.rescaling import rescales
from specc.dims import Shape, Size
from specc.tensor import FLOATS
from specc.training.losses import Task
from specc.training.objectives import Objective, objectives

if TYPE_CHECKING:
    from specc.network import Network
    from specc.training.run import Run

T = TypeVar("T")

Output = Literal["logits", "probabilities", "values"]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """How inputs are made for a model, and what its first output means.

    class_names: in the order of their indices. preprocessing: of pictures.
    task: what the output was trained for. output: what it gives.
    top_k: how many of the best classes it gives, as scores and as indices; None gives all scores.
    """

    class_names: tuple[str, ...] = ()
    preprocessing: Preprocessing | None = None
    task: Task | None = None
    output: Output | None = None
    top_k: int | None = None

    def metadata(self) -> dict[str, str]:
        """The same as the metadata of a file."""
        values = {
            "class_names": json.dumps(self.class_names, ensure_ascii=False),
            "preprocessing": json.dumps(asdict(self.preprocessing)) if self.preprocessing else "",
            "task": self.task or "",
            "output": self.output or "",
            "top_k": str(self.top_k or ""),
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
            _parsed(int, metadata.get("top_k")),
        )


def run_card(run: Run, *, softmax: bool = False, top_k: int | None = None) -> ModelCard:
    """The card of a model of `run`: as `spec_card`, with what training saw."""
    card = spec_card(run.network, softmax=softmax, top_k=top_k)
    return replace(card, class_names=run.class_names, preprocessing=run.preprocessing)


def spec_card(network: Network, *, softmax: bool = False, top_k: int | None = None) -> ModelCard:
    """The card of a model of `network`, as far as its sections `train` and `data` tell.

    softmax, top_k: what is appended to it.
    """
    names, preprocessing = _class_names(network), _declared_preprocessing(network)
    card = ModelCard(names, preprocessing, top_k=top_k)
    objective = _objective(network)
    if objective is None:
        return card
    output = "probabilities" if softmax else _output(objective)
    return replace(card, task=objective.task, output=output)


def _objective(network: Network) -> Objective | None:
    """Of the first output, if the spec says how the network is trained."""
    if network.train is None:
        return None
    return objectives(network.graph, network.train).get(next(iter(network.outputs)))


def _class_names(network: Network) -> tuple[str, ...]:
    return (network.data and network.data.class_names) or ()


def _declared_preprocessing(network: Network) -> Preprocessing | None:
    """Of pictures, where the spec tells how they are made into inputs, or the network scales them.

    As `specc.data.preparing` does it with bytes.
    """
    type, data = next(iter(network.inputs.values())), network.data or Data()
    sizes, scaled = _picture_sizes(type.shape), rescales(network.graph)
    told = scaled or (data.scale, data.mean, data.std) != (None, None, None)
    # What has three axes may also be a sequence, whose numbers are scaled too.
    if sizes is None or not (_is_of_pictures(data) or (told and type.rank == 4)):
        return None
    *image_size, channels = sizes
    source = data.source if isinstance(data.source, ImageFolder | Table) else ImageFolder()
    size = source.image_size or _constant(*image_size)
    if type.dtype not in FLOATS:
        return Preprocessing(size, channels, source.interpolation)
    scale = (1.0 if scaled else BYTE_SCALE) if data.scale is None else data.scale
    return Preprocessing(size, channels, source.interpolation, scale, data.mean, data.std)


def _picture_sizes(shape: Shape) -> tuple[Size, Size, int] | None:
    """Height, width and channels of the pictures that an input of this shape may take."""
    match shape:
        case (_, height, width):
            return height, width, 1
        case (_, height, width, int() as channels) if channels in MODES:
            return height, width, channels
        case _:
            return None


def _is_of_pictures(data: Data) -> bool:
    match data.source:
        case ImageFolder() | Idx():
            return True
        case Table(model_fields_set=given):
            return bool(given & {"image_size", "interpolation"})
        case _:
            return False


def _constant(height: Size, width: Size) -> tuple[int, int] | None:
    if isinstance(height, int) and isinstance(width, int):
        return height, width
    return None


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

"""The PyTorch engine: an ordinary training loop, on Lightning Fabric's devices and precision.

A step waits for the device only where somebody reads the logs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from specc.backends.pytorch import runtime
from specc.backends.pytorch.constraints import METHOD as CONSTRAIN
from specc.backends.pytorch.names import method_name
from specc.backends.pytorch.penalties import METHOD as PENALIZE
from specc.diagnostics import SpecError
from specc.training.schedules import rate_at

from .devices import connected, device_name, start, words
from .logits import from_logits
from .losses import make_loss
from .metrics import Tally
from .optimizers import ITERATIONS, make_optimizer
from .snapshot import (
    arrays_of,
    below,
    fill,
    named,
    optimizer_state,
    random_state,
    restore_optimizer,
    restore_random,
    whole,
)

if TYPE_CHECKING:
    from specc.backend import Array, Arrays
    from specc.data.loading import Batch
    from specc.ir import Graph
    from specc.training.engine import AfterStep, Logs, Plan


@dataclass(frozen=True, slots=True)
class Share:
    """This process's share of a batch. Inputs lie as the module takes them, targets as in the spec.

    examples: in this share.
    part: of the batch, times the number of processes: 1 where all shares are equal.
    """

    inputs: list[Tensor]
    targets: dict[str, Tensor]
    weights: Tensor | None
    examples: int
    part: float


class PyTorchEngine:
    """See `specc.training.engine.Engine`.

    Where there are several processes, each normalizes batches over its own share, and logs that are
    read within an epoch are of the share; the logs of an epoch are of all.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._fabric, self.precision = start(plan)
        self.rank, self.world = self._fabric.global_rank, self._fabric.world_size
        self.device = device_name(self._fabric.device)
        self._words = words(self.world)
        torch.manual_seed(plan.train.seed + self.rank)
        self._graph, self._objectives, self._left_out = from_logits(plan.graph, plan.objectives)
        self._network = _network(self._graph, plan.weights)
        compiled = self._compiled()
        module = self._fabric.setup_module(compiled)
        # One process in float32 has no need of Fabric's wrapper, which takes longer than a layer.
        plain = self.world == 1 and self.precision == "float32"
        self._forward = compiled if plain else module
        self._penalty = self._method(PENALIZE)
        self._constrain = self._method(CONSTRAIN)
        optimizer = make_optimizer(plan.train.optimizer, self._network.named_parameters())
        self._optimizer = self._fabric.setup_optimizers(optimizer)
        (self._group,) = optimizer.param_groups
        self._losses = {name: make_loss(each.loss) for name, each in self._objectives.items()}
        self._tally = Tally(self._objectives, self._fabric.device)
        axes = runtime.boundary_axes(plan.graph)
        self._input_axes = {name: axes[value] for name, value in plan.graph.inputs.items()}
        self._output_axes = {
            name: runtime.inverse(axes[value]) for name, value in plan.graph.outputs.items()
        }
        self._made = 0
        self._rate: float | None = None

    @property
    def learning_rate(self) -> float:
        if self._rate is not None:
            return self._rate
        train, steps = self._plan.train, self._plan.steps_per_epoch
        return rate_at(train.optimizer.learning_rate, self._made, steps, train.epochs * steps)

    def reduce_learning_rate(self, rate: float) -> None:
        self._rate = rate

    @connected
    def train(self, batches: Iterable[Batch], after_step: AfterStep, *, done: int = 0) -> Logs:
        if not done:
            self._tally.reset()
        self._network.train()
        for step, share in enumerate(self._shares(batches), done + 1):
            with _explained(share):
                self._step(share)
            after_step(step, self._tally.logs)
        return self._tally.logs(whole=True)

    @connected
    def evaluate(self, batches: Iterable[Batch]) -> Logs:
        tally = Tally(self._objectives, self._fabric.device)
        for share, outputs in self._inferred(batches):
            if share.examples:
                _, losses = self._loss(outputs, share)
                tally.add(losses, outputs, share.targets, share.examples)
        return tally.logs(whole=True)

    def predict(self, batches: Iterable[Batch]) -> Iterator[dict[str, Array]]:
        for _, outputs in self._inferred(batches):
            activated = {name: each(outputs[name]) for name, each in self._left_out.items()}
            yield arrays_of(outputs | activated)

    @connected
    def weights(self) -> dict[str, Array]:
        self._share_averages()
        state = self._network.state_dict()
        return arrays_of({key: state[key] for key in self._plan.graph.weights})

    @connected
    def state(self) -> dict[str, Array]:
        device = self._fabric.device
        own = named("tally/", self._tally.state())
        own |= named("random/", random_state(self._network, device))
        state = {name: self._gathered(each) for name, each in own.items()}
        state |= named("optimizer/", optimizer_state(self._optimizer.optimizer))
        counts = {
            "steps": np.array(self._made),
            "iterations": np.array(self._group[ITERATIONS]),
            "rate": np.array(np.nan if self._rate is None else self._rate),
        }
        return arrays_of(state) | counts | self._scale()

    def restore(self, weights: Arrays, state: Arrays) -> None:
        own = self._network.state_dict()
        for key, array in weights.items():
            fill(own[key], array)
        restore_optimizer(self._optimizer.optimizer, below(state, "optimizer/"))
        self._made, self._group[ITERATIONS] = int(state["steps"]), int(state["iterations"])
        self._rate = None if np.isnan(state["rate"]) else float(state["rate"])
        self._tally.restore(self._own(below(state, "tally/")))
        random = below(state, "random/")
        if len(random["cpu"]) == self.world:
            restore_random(self._network, self._fabric.device, self._own(random))
        self._rescale(state)

    @connected
    def any(self, flag: bool) -> bool:
        if self.world == 1:
            return flag
        found = torch.tensor(float(flag))
        torch.distributed.all_reduce(found, group=self._words)
        return bool(found)

    @connected
    def first(self, fault: SpecError | None) -> SpecError | None:
        if self.world == 1:
            return fault
        found: list[SpecError | None] = [None] * self.world
        torch.distributed.all_gather_object(found, fault, group=self._words)
        return next(filter(None, found), None)

    def close(self) -> None:
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()

    # --- a step ---------------------------------------------------------------------------------

    def _step(self, share: Share) -> None:
        self._group["lr"] = self.learning_rate
        self._optimizer.zero_grad()
        outputs = self._outputs(share)
        loss, losses = self._loss(outputs, share)
        self._fabric.backward(loss)
        self._optimizer.step()
        if self._constrain is not None:
            self._constrain()
        self._made += 1
        if share.examples:
            self._tally.add(losses, outputs, share.targets, share.examples)

    def _outputs(self, share: Share) -> dict[str, Tensor]:
        """What the network gives, as the spec lays it out."""
        made = self._forward(*share.inputs)
        results = made if isinstance(made, tuple) else (made,)
        return {
            name: result.permute(axes)
            for (name, axes), result in zip(self._output_axes.items(), results, strict=True)
        }

    def _loss(self, outputs: Mapping[str, Tensor], share: Share) -> tuple[Tensor, list[Tensor]]:
        """What to minimize, and the losses for the logs.

        Gradients are averaged over the processes: each counts by its part of the batch.
        """
        losses = [
            loss(outputs[name], share.targets[name], share.weights)
            for name, loss in self._losses.items()
        ]
        weighed = [
            loss if each.weight == 1 else each.weight * loss
            for loss, each in zip(losses, self._objectives.values(), strict=True)
        ]
        total = weighed[0] if len(weighed) == 1 else torch.stack(weighed).sum()
        minimized = total if share.part == 1 else total * share.part
        if self._penalty is not None:
            penalty = whole(self._penalty())
            minimized, total = minimized + penalty, total + penalty
        return minimized, [total, *(losses if len(losses) > 1 else [])]

    def _inferred(self, batches: Iterable[Batch]) -> Iterator[tuple[Share, dict[str, Tensor]]]:
        self._network.eval()
        for share in self._shares(batches):
            with torch.no_grad():
                outputs = self._outputs(share)
            yield share, outputs

    # --- batches --------------------------------------------------------------------------------

    def _shares(self, batches: Iterable[Batch]) -> Iterator[Share]:
        """The batches on the device; on a GPU the next one is on its way while one is used."""
        if self._fabric.device.type != "cuda":
            yield from map(self._moved, batches)
            return
        ahead = None
        for batch in batches:
            here, ahead = ahead, self._moved(batch)
            if here is not None:
                yield here
        if ahead is not None:
            yield ahead

    def _moved(self, batch: Batch) -> Share:
        inputs = [
            self._tensor(batch.inputs[name]).permute(axes)
            for name, axes in self._input_axes.items()
        ]
        targets = {name: self._tensor(array) for name, array in batch.targets.items()}
        weights = None if batch.weights is None else self._tensor(batch.weights)
        examples = len(inputs[0])
        return Share(inputs, targets, weights, examples, examples * self.world / batch.size)

    def _tensor(self, array: Array) -> Tensor:
        tensor = runtime.tensor_of(array)
        if self._fabric.device.type == "cuda":
            tensor = tensor.pin_memory()
        return tensor.to(self._fabric.device, non_blocking=True)

    # --- several processes ----------------------------------------------------------------------

    def _gathered(self, tensor: Tensor) -> Tensor:
        """Those of all processes, one after the other along a new first axis."""
        if self.world == 1:
            return tensor.unsqueeze(0)
        tensor = tensor.contiguous().to(self._fabric.device)
        found = [torch.empty_like(tensor) for _ in range(self.world)]
        torch.distributed.all_gather(found, tensor)
        return torch.stack(found)

    def _own(self, arrays: Arrays) -> dict[str, Tensor]:
        """This process's part of what was gathered; of other processes' than these, the sum."""
        tensors = {name: torch.from_numpy(each) for name, each in arrays.items()}
        if all(len(each) == self.world for each in tensors.values()):
            return {name: each[self.rank].clone() for name, each in tensors.items()}
        return {name: each.sum(0) * (self.rank == 0) for name, each in tensors.items()}

    def _share_averages(self) -> None:
        """Take the first process's moving averages: each has its own of its share."""
        if self.world > 1:
            for buffer in self._network.buffers():
                torch.distributed.broadcast(buffer, 0)

    # --- the scale of float16's loss ------------------------------------------------------------

    @property
    def _scaler(self) -> Any:
        return getattr(self._fabric.strategy.precision, "scaler", None)

    def _scale(self) -> dict[str, Array]:
        state = self._scaler.state_dict() if self._scaler is not None else {}
        changing = {name: state[name] for name in ("scale", "_growth_tracker") if state}
        return {f"scaler/{name}": np.array(value) for name, value in changing.items()}

    def _rescale(self, state: Arrays) -> None:
        found = {name: each.item() for name, each in below(state, "scaler/").items()}
        if found and self._scaler is not None:
            self._scaler.load_state_dict(self._scaler.state_dict() | found)

    # --- the network ----------------------------------------------------------------------------

    def _method(self, usual: str) -> Any:
        """A method that the network may have."""
        return getattr(self._network, method_name(self._graph, usual), None)

    def _compiled(self) -> Any:
        """The network to run: each size of batch is compiled for itself."""
        asked, device = self._plan.train.compile, self._fabric.device
        wanted = device.type == "cuda" if asked == "auto" else asked
        return torch.compile(self._network, dynamic=False) if wanted else self._network


def _network(graph: Graph, weights: Arrays) -> nn.Module:
    """The network with its first weights.

    Pictures lie channels last in memory, as in the data: convolutions are the faster for it on
    GPUs, and most are on CPUs.
    """
    network = runtime.model(graph, weights, "channels_first")
    pictures = all(parameter.ndim != 5 for parameter in network.parameters())
    return network.to(memory_format=torch.channels_last) if pictures else network


@contextmanager
def _explained(share: Share) -> Iterator[None]:
    """Say what is to be done about errors of PyTorch's that a spec can mend."""
    try:
        yield
    except torch.OutOfMemoryError:
        message = f"the device has not enough memory for a step of {share.examples} examples"
        help = "make batch_size smaller, or set precision to bfloat16"
        raise SpecError.of("out-of-memory", message, help=help) from None
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        message = "batch normalization cannot learn from one example, the last of an epoch"
        help = "change batch_size, so that the last batch has more"
        raise SpecError.of("batch-too-small", message, help=help) from None

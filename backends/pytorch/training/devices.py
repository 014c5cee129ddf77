"""Where a network is trained: the device or devices, the processes and the arithmetic.

Lightning Fabric does the work; here it is told what to do, and what cannot be done is said in
specc's words.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy, ModelParallelStrategy

from specc.backends.pytorch.constraints import split_weights
from specc.diagnostics import SpecError
from specc.training.interruption import Interrupted

from .optimizers import ELEMENTWISE

if TYPE_CHECKING:
    from specc.training.engine import Plan

PLUGINS = {"float32": "32-true", "bfloat16": "bf16-mixed", "float16": "16-mixed"}
"""What Fabric calls each precision: weights are float32 in all of them."""


def start(plan: Plan) -> tuple[Fabric, str]:
    """The processes of `plan`, launched where that is not done already, and the precision.

    Raises `SpecError` (`device-unavailable`).
    """
    accelerator = _accelerator(plan)
    devices, nodes = _processes(plan, accelerator)
    precision = _precision(plan.train.precision, accelerator)
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    fabric = Fabric(
        accelerator=accelerator,
        devices=devices,
        num_nodes=nodes,
        strategy=_strategy(plan, devices * nodes),
        precision=PLUGINS[precision],  # type: ignore[arg-type]
    )
    fabric.launch()
    return fabric, precision


def device_name(device: torch.device) -> str:
    """The device in words: `cpu`, `NVIDIA H100 80GB HBM3`."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def words(world: int) -> Any:
    """The group through which processes agree: beside the devices, which need not stop for it."""
    return torch.distributed.new_group(backend="gloo") if world > 1 else None


Method = TypeVar("Method", bound=Callable[..., Any])


def connected(method: Method) -> Method:
    """Say that another process is gone, where an engine's method needs it.

    The first process raises `SpecError` (`process-lost`), the others `Interrupted`.
    """

    @wraps(method)
    def guarded(engine: Any, *arguments: Any, **options: Any) -> Any:
        try:
            return method(engine, *arguments, **options)
        except RuntimeError as error:
            if not (isinstance(error, torch.distributed.DistError) or "gloo" in str(error)):
                raise
            raise _lost() if engine.rank == 0 else Interrupted from None

    return cast("Method", guarded)


def _lost() -> SpecError:
    message = "another process of the run has ended in the middle of a step"
    help = "see what it wrote; --resume goes on from the last checkpoint"
    return SpecError.of("process-lost", message, help=help)


def _accelerator(plan: Plan) -> str:
    """`cpu`, `cuda` or `mps`."""
    if plan.accelerator != "cpu":
        if torch.cuda.is_available():
            return "cuda"
        if torch.backends.mps.is_available():
            return "mps"
    if plan.accelerator == "gpu":
        raise SpecError.of("device-unavailable", "there is no GPU here that PyTorch can use")
    return "cpu"


def _processes(plan: Plan, accelerator: str) -> tuple[int, int]:
    """Devices on each node, and nodes: what launched this process knows best.

    Otherwise one device is used unless the plan asks for more.
    """
    environment = os.environ
    if "TORCHELASTIC_RUN_ID" in environment:
        here = int(environment["LOCAL_WORLD_SIZE"])
        return here, int(environment["WORLD_SIZE"]) // here
    if "SLURM_NTASKS" in environment and environment.get("SLURM_JOB_NAME") not in (
        "bash",
        "interactive",
    ):
        nodes = int(environment.get("SLURM_NNODES", "1"))
        return int(environment["SLURM_NTASKS"]) // nodes, nodes
    devices = plan.devices or 1
    there = _count(accelerator)
    if devices > there:
        message = f"{devices} devices were asked for, and there are {there}"
        raise SpecError.of("device-unavailable", message, help=f"--devices {there}")
    return devices, 1


def _count(accelerator: str) -> int:
    """How many devices there are: a process for each core is the most that a CPU has a use for."""
    if accelerator == "cuda":
        return torch.cuda.device_count()
    return 1 if accelerator == "mps" else max(os.cpu_count() or 1, 2)


def _precision(asked: str, accelerator: str) -> str:
    """Of the arithmetic. With bfloat16 and float16 weights and sums stay float32."""
    if asked == "auto":
        fast = accelerator == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        return "bfloat16" if fast else "float32"
    if asked == "float16" and accelerator != "cuda":
        message = f"float16 is for CUDA devices, received {accelerator}"
        raise SpecError.of("device-unavailable", message, help="set precision to bfloat16")
    return asked


def _strategy(plan: Plan, world: int) -> Any:
    if plan.strategy == "fsdp":
        _require_elementwise(plan)
        _require_whole_axes(plan)
        return ModelParallelStrategy(_sharded, data_parallel_size=world, tensor_parallel_size=1)
    if world == 1:
        return "auto"
    unused = len(plan.objectives) < len(plan.graph.outputs)
    return DDPStrategy(find_unused_parameters=unused)


def _sharded(network: torch.nn.Module, mesh: Any) -> torch.nn.Module:
    """The network with its weights spread over the devices, gathered a layer at a time."""
    from torch.distributed.fsdp import fully_shard

    for layer in network.children():
        if next(layer.parameters(), None) is not None:
            fully_shard(layer, mesh=mesh["data_parallel"])
    return fully_shard(network, mesh=mesh["data_parallel"])


def _require_elementwise(plan: Plan) -> None:
    """Refuse optimizers that look at whole weights, of which each process has but a part."""
    optimizer = plan.train.optimizer
    if optimizer.name in ELEMENTWISE:
        return
    message = f"{optimizer.name} needs whole weights, and fsdp spreads them over the devices"
    raise SpecError.of("device-unavailable", message, help="use --strategy ddp")


def _require_whole_axes(plan: Plan) -> None:
    """Refuse norms along a part of an axis, such as one head's: it may lie on several devices."""
    for key in split_weights(plan.graph)[:1]:
        message = f"the constraint of {key} splits an axis, which fsdp spreads over the devices"
        raise SpecError.of("device-unavailable", message, help="use --strategy ddp")

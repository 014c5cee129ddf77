"""Where Keras trains, and in which precision: asked of the framework that Keras runs on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import keras

from specc.diagnostics import SpecError

if TYPE_CHECKING:
    from specc.training.engine import Plan

Scope = Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True, slots=True)
class Gpu:
    """A device: its name in words, and whether it computes in bfloat16."""

    name: str
    bfloat16: bool


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an engine's model lives.

    device: in words.
    precision: of the arithmetic.
    replicas: how many devices each hold the model and see a share of every batch. Each share counts
        the same in a step, also where a last batch cannot be divided evenly.
    scope: a context for all that is done with the model.
    """

    device: str
    precision: str
    replicas: int
    scope: Scope


def placement(plan: Plan) -> Placement:
    """Where to train what is planned: on one device, unless the plan asks for more.

    Raises `SpecError` (`device-unavailable`).
    """
    gpus = [] if plan.accelerator == "cpu" else _gpus()
    if plan.accelerator == "gpu" and not gpus:
        raise _unavailable("there is no GPU here that Keras can use")
    replicas = plan.devices or 1
    there = len(gpus) or _cpus()
    if replicas > there:
        raise _unavailable(
            f"{replicas} devices were asked for, and there are {there}", help=f"--devices {there}"
        )
    name = gpus[0].name if gpus else "cpu"
    return Placement(name, _precision(plan, gpus), replicas, _scope(plan, gpus, replicas))


def _unavailable(message: str, help: str = "") -> SpecError:
    return SpecError.of("device-unavailable", message, help=help)


def _precision(plan: Plan, gpus: list[Gpu]) -> str:
    asked = plan.train.precision
    if asked == "auto":
        return "bfloat16" if gpus and all(gpu.bfloat16 for gpu in gpus) else "float32"
    if asked == "float16" and not gpus:
        raise _unavailable("float16 is for GPUs, received cpu", help="set precision to bfloat16")
    return asked


def _scope(plan: Plan, gpus: list[Gpu], replicas: int) -> Scope:
    backend = keras.backend.backend()
    if plan.strategy == "fsdp":
        raise _unavailable("fsdp is for PyTorch", help="use --strategy ddp")
    if replicas == 1:
        # Where there is a GPU, Keras takes it unasked.
        return partial(keras.device, "cpu:0") if plan.accelerator == "cpu" else nullcontext
    names = [f"{'gpu' if gpus else 'cpu'}:{index}" for index in range(replicas)]
    match backend:
        case "tensorflow":
            import tensorflow as tf

            return tf.distribute.MirroredStrategy(names).scope
        case "jax":
            return keras.distribution.DataParallel(devices=names).scope
        case _:
            raise _unavailable(f"Keras trains on one device with {backend}", help="--devices 1")


def _cpus() -> int:
    """How many devices the CPU counts as; one, unless the user has divided it."""
    if keras.backend.backend() != "tensorflow":
        return 1
    import tensorflow as tf

    return len(tf.config.list_logical_devices("CPU"))


def _gpus() -> list[Gpu]:
    match keras.backend.backend():
        case "tensorflow":
            return _tensorflow_gpus()
        case "torch":
            return _torch_gpus()
        case _:
            return _jax_gpus()


def _tensorflow_gpus() -> list[Gpu]:
    import tensorflow as tf

    described = map(
        tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU")
    )
    return [
        Gpu(details.get("device_name", "GPU"), details.get("compute_capability", (0, 0)) >= (8, 0))
        for details in described
    ]


def _torch_gpus() -> list[Gpu]:
    from torch import cuda

    return [
        Gpu(cuda.get_device_name(index), cuda.get_device_capability(index) >= (8, 0))
        for index in range(cuda.device_count())
    ]


def _jax_gpus() -> list[Gpu]:
    import jax

    return [Gpu(device.device_kind, True) for device in jax.devices() if device.platform == "gpu"]

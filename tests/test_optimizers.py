"""Every optimizer makes Keras's steps in PyTorch: with its defaults and with each of its options.

The cases follow from the declarations. Both make thirty steps in float32 with the defaults, and
twelve with each option.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from specc.backends.pytorch.training.optimizers import make_optimizer
from specc.training.optimizers import OPTIMIZERS, Optimizer

RATES = {"adadelta": 1.0}
"""Learning rates that move the weights; others get 0.01."""

SHAPES = {"kernel": (6, 4, 3, 2), "dense.weight": (5, 7), "tall.weight": (9, 3), "bias": (5,)}
"""Of the weights, in PyTorch's layout: Keras has the axes of a kernel in another order."""
KERAS_AXES = {4: (2, 3, 1, 0), 2: (1, 0), 1: (0,)}

COMMON = {"weight_decay": 0.05, "clipnorm": 0.3, "clipvalue": 0.05, "global_clipnorm": 0.5}
OPTIONS: dict[str, Any] = {
    "momentum": 0.9,
    "muon_b": -4.8,
    "rms_rate": None,
    "learning_rate_power": -0.4,
    "initial_accumulator_value": 0.3,
    "beta": 0.2,
    "epsilon": 1e-3,
    "ns_steps": 3,
    "adam_lr_ratio": 0.5,
}
"""Values for options; of the others, booleans are turned round and numbers moved a little."""


def cases() -> Iterator[Any]:
    for member in OPTIMIZERS:
        yield pytest.param(member, {}, id=member.name)
        for option, field in member.model_fields.items():
            if option == "learning_rate":
                continue
            value = COMMON.get(option, OPTIONS.get(option, _other(field.default)))
            yield pytest.param(member, {option: value}, id=f"{member.name}-{option}")
        if "momentum" in member.model_fields and not member.model_fields["momentum"].default:
            extra = next(iter({"nesterov", "centered"} & member.model_fields.keys()))
            together = {"momentum": 0.9, extra: True, "weight_decay": 0.05}
            yield pytest.param(member, together, id=f"{member.name}-momentum-{extra}")


def _other(default: Any) -> Any:
    if isinstance(default, bool):
        return not default
    return default * 0.9 if default else 0.01


def rates(declared: Optimizer) -> list[float]:
    """A rate that falls from step to step: an optimizer may not take it for a constant."""
    steps = 12 if declared.model_fields_set else 30
    return [RATES.get(declared.name, 0.01) * 0.97**step for step in range(steps)]


def start() -> dict[str, np.ndarray[Any, Any]]:
    generator = np.random.default_rng(0)
    return {
        name: generator.normal(0, 0.5, shape).astype(np.float32) for name, shape in SHAPES.items()
    }


def gradients(step: int) -> dict[str, np.ndarray[Any, Any]]:
    """What pulls towards the target at `step`, beside the weights themselves: noise."""
    generator = np.random.default_rng(step + 1)
    return {
        name: generator.normal(0.1, 0.3, shape).astype(np.float32) for name, shape in SHAPES.items()
    }


def in_pytorch(declared: Optimizer) -> dict[str, np.ndarray[Any, Any]]:
    weights = {name: torch.nn.Parameter(torch.from_numpy(array)) for name, array in start().items()}
    optimizer = make_optimizer(declared, weights.items())
    for step, rate in enumerate(rates(declared)):
        optimizer.param_groups[0]["lr"] = rate
        for name, gradient in gradients(step).items():
            weights[name].grad = torch.from_numpy(gradient) + 0.1 * weights[name].detach()
        optimizer.step()
    return {name: weight.detach().numpy() for name, weight in weights.items()}


def in_keras(declared: Optimizer) -> dict[str, np.ndarray[Any, Any]]:
    import keras

    def there(array: Any) -> Any:
        return array.transpose(KERAS_AXES[array.ndim])

    weights = {name: keras.Variable(there(array), name=name) for name, array in start().items()}
    name, options = declared.keras_config()
    optimizer = getattr(keras.optimizers, name)(**options)
    for step, rate in enumerate(rates(declared)):
        optimizer.learning_rate = rate
        pulls = {name: there(gradient) for name, gradient in gradients(step).items()}
        pairs = [(pulls[name] + 0.1 * weight.value, weight) for name, weight in weights.items()]
        optimizer.apply_gradients(pairs)
    return {
        name: weight.numpy().transpose(np.argsort(KERAS_AXES[weight.ndim]))
        for name, weight in weights.items()
    }


@pytest.mark.parametrize(("member", "options"), list(cases()))
def test_the_steps_are_those_of_keras(member: type[Optimizer], options: dict[str, Any]) -> None:
    declared = member.model_validate(options)
    ours, theirs, before = in_pytorch(declared), in_keras(declared), start()
    for name, weight in ours.items():
        moved = np.abs(theirs[name] - before[name]).max()
        assert moved > 1e-3, f"{name} hardly moved: {moved}"
        np.testing.assert_allclose(weight, theirs[name], rtol=1e-5, atol=2e-6, err_msg=name)

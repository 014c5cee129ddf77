"""Keras's optimizers for PyTorch: from the same weights and gradients the same steps.

Where a class of `torch.optim` can be made to mean exactly what Keras means, it is used, for its
fast kernels; the others are a `Rule`, with a function each after keras/src/optimizers. Clipping and
weight decay are Keras's and happen just before a step. All that an optimizer remembers is in its
`state_dict`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.optim import SGD, Adadelta, AdamW, NAdam, Optimizer

if TYPE_CHECKING:
    from specc.training import optimizers as declarations

ITERATIONS = "iterations"
"""The key of a parameter group under which its steps are counted, from 1 in the first."""

ELEMENTWISE = frozenset(
    {"sgd", "rmsprop", "adam", "adamw", "adadelta", "adagrad", "adamax", "nadam", "ftrl", "lion"}
)
"""The optimizers that look at each element alone, so that they can work on parts of a weight."""


def make_optimizer(
    declared: declarations.Optimizer, parameters: Iterable[tuple[str, torch.nn.Parameter]]
) -> Optimizer:
    """The optimizer of `parameters`, which come with their canonical keys.

    It has one group, whose learning rate `lr` is to be set before each step.
    """
    named = list(parameters)
    optimizer = _native(declared, named) or Rule(named, declared)
    optimizer.param_groups[0][ITERATIONS] = 0
    optimizer.register_step_pre_hook(partial(_prepare, declared))
    return optimizer


def _native(declared: Any, named: Any) -> Optimizer | None:
    """The class of `torch.optim` with Keras's formula, where there is one."""
    match declared.name:
        case "sgd" if not declared.momentum:
            optimizer = SGD(named, lr=0.0, fused=True)
        case "adam" | "adamw":
            betas, decay = (declared.beta_1, declared.beta_2), declared.weight_decay or 0.0
            optimizer = AdamW(
                named, lr=0.0, betas=betas, weight_decay=decay, amsgrad=declared.amsgrad, fused=True
            )
        case "adadelta":
            optimizer = Adadelta(named, lr=0.0, rho=declared.rho, eps=declared.epsilon)
        case "nadam":
            # Keras's momentum follows 0.96 ** t, PyTorch's 0.96 ** (t * momentum_decay).
            betas, epsilon = (declared.beta_1, declared.beta_2), declared.epsilon
            optimizer = NAdam(named, lr=0.0, betas=betas, eps=epsilon, momentum_decay=1.0)
        case _:
            return None
    # Clipping is of gradients without the loss's scale: a fused step would divide it out too late.
    optimizer._step_supports_amp_scaling = False
    return optimizer


# --- before each step ---------------------------------------------------------------------------


def _prepare(declared: Any, optimizer: Optimizer, *_: object) -> None:
    """Count the step, clip the gradients and let the weights decay."""
    (group,) = optimizer.param_groups
    group[ITERATIONS] += 1
    weights = [weight for weight in group["params"] if weight.grad is not None]
    _clip(declared, [weight.grad for weight in weights])
    if declared.name in ("adam", "adamw"):  # they decay weights in their own step
        # Keras adds epsilon to a root that is not yet corrected for its start from 0.
        group["eps"] = declared.epsilon / math.sqrt(1 - declared.beta_2 ** group[ITERATIONS])
    else:
        _decay(declared, weights, group["lr"])


@torch.no_grad()
def _clip(declared: Any, gradients: list[Tensor]) -> None:
    if declared.clipnorm is not None:
        norms = torch.stack(torch._foreach_norm(gradients))
        scales = declared.clipnorm / norms.clamp(min=declared.clipnorm)
        torch._foreach_mul_(gradients, list(scales.unbind()))
    elif declared.global_clipnorm is not None:
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        # A norm that is not finite makes every gradient NaN, as in Keras.
        scale = declared.global_clipnorm / norm.clamp(min=declared.global_clipnorm)
        torch._foreach_mul_(gradients, scale + (norm - norm))
    elif declared.clipvalue is not None:
        torch._foreach_clamp_min_(gradients, -declared.clipvalue)
        torch._foreach_clamp_max_(gradients, declared.clipvalue)


@torch.no_grad()
def _decay(declared: Any, weights: list[Tensor], rate: float) -> None:
    if declared.name != "muon":
        parts = [(weights, declared.weight_decay)]
    else:
        matrices = [weight for weight in weights if _is_matrix(weight)]
        others = [weight for weight in weights if not _is_matrix(weight)]
        parts = [(matrices, declared.weight_decay), (others, declared.adam_weight_decay)]
    for part, decay in parts:
        if part and decay:
            torch._foreach_mul_(part, 1 - rate * decay)


# --- the optimizers that PyTorch has not, or has with another formula ---------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """What a rule works on. number: of the step, from 1."""

    weights: list[Tensor]
    gradients: list[Tensor]
    states: list[dict[str, Tensor]]
    rate: float
    number: int

    def slot(self, name: str, start: float = 0.0) -> list[Tensor]:
        """What is remembered under `name` for each weight; at first `start` everywhere."""
        for weight, state in zip(self.weights, self.states, strict=True):
            if name not in state:
                state[name] = torch.full_like(weight, start)
        return [state[name] for state in self.states]

    def each(self) -> Iterable[tuple[Tensor, Tensor, dict[str, Tensor]]]:
        """The weights one by one, each with its gradient and what is remembered."""
        return zip(self.weights, self.gradients, self.states, strict=True)


Update = Callable[[Any, Step], None]

RULES: dict[str, Update] = {}
"""By the optimizer's name: a function that takes the declaration and changes the weights."""


def _rule(name: str) -> Callable[[Update], Update]:
    def register(update: Update) -> Update:
        RULES[name] = update
        return update

    return register


class Rule(Optimizer):
    """An optimizer that is one of `RULES`."""

    def __init__(self, parameters: Any, declared: declarations.Optimizer) -> None:
        super().__init__(parameters, {"lr": 0.0})
        self.declared = declared

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        (group,) = self.param_groups
        weights = [weight for weight in group["params"] if weight.grad is not None]
        gradients = [weight.grad for weight in weights]
        states = [self.state[weight] for weight in weights]
        step = Step(weights, gradients, states, group["lr"], group[ITERATIONS])
        RULES[self.declared.name](self.declared, step)


@_rule("sgd")
def _momentum(declared: declarations.SGD, step: Step) -> None:
    """PyTorch's momentum leaves the rate out, which is another thing when the rate changes."""
    velocities = step.slot("momentum")
    torch._foreach_mul_(velocities, declared.momentum)
    torch._foreach_add_(velocities, step.gradients, alpha=-step.rate)
    if declared.nesterov:
        torch._foreach_add_(step.weights, velocities, alpha=declared.momentum)
        torch._foreach_add_(step.weights, step.gradients, alpha=-step.rate)
    else:
        torch._foreach_add_(step.weights, velocities)


@_rule("rmsprop")
def _rmsprop(declared: declarations.RMSprop, step: Step) -> None:
    squares = step.slot("velocity")
    torch._foreach_mul_(squares, declared.rho)
    torch._foreach_addcmul_(squares, step.gradients, step.gradients, 1 - declared.rho)
    if declared.centered:
        averages = step.slot("average_gradient")
        torch._foreach_lerp_(averages, step.gradients, 1 - declared.rho)
        squares = torch._foreach_sub(squares, torch._foreach_mul(averages, averages))
    divisors = torch._foreach_sqrt(torch._foreach_add(squares, declared.epsilon))
    if declared.momentum:
        momenta = step.slot("momentum")
        torch._foreach_mul_(momenta, declared.momentum)
        torch._foreach_addcdiv_(momenta, step.gradients, divisors, step.rate)
        torch._foreach_sub_(step.weights, momenta)
    else:
        torch._foreach_addcdiv_(step.weights, step.gradients, divisors, -step.rate)


@_rule("adagrad")
def _adagrad(declared: declarations.Adagrad, step: Step) -> None:
    sums = step.slot("accumulator", declared.initial_accumulator_value)
    torch._foreach_addcmul_(sums, step.gradients, step.gradients)
    divisors = torch._foreach_sqrt(torch._foreach_add(sums, declared.epsilon))
    torch._foreach_addcdiv_(step.weights, step.gradients, divisors, -step.rate)


@_rule("adamax")
def _adamax(declared: declarations.Adamax, step: Step) -> None:
    momenta, norms = step.slot("momentum"), step.slot("norm")
    torch._foreach_lerp_(momenta, step.gradients, 1 - declared.beta_1)
    torch._foreach_mul_(norms, declared.beta_2)
    torch._foreach_maximum_(norms, torch._foreach_abs(step.gradients))
    divisors = torch._foreach_add(norms, declared.epsilon)
    rate = step.rate / (1 - declared.beta_1**step.number)
    torch._foreach_addcdiv_(step.weights, momenta, divisors, -rate)


@_rule("lion")
def _lion(declared: declarations.Lion, step: Step) -> None:
    momenta = step.slot("momentum")
    directions = torch._foreach_mul(momenta, declared.beta_1)
    torch._foreach_add_(directions, step.gradients, alpha=1 - declared.beta_1)
    torch._foreach_sign_(directions)
    torch._foreach_add_(step.weights, directions, alpha=-step.rate)
    torch._foreach_lerp_(momenta, step.gradients, 1 - declared.beta_2)


@_rule("lamb")
def _lamb(declared: declarations.Lamb, step: Step) -> None:
    momenta, squares = step.slot("momentum"), step.slot("velocity")
    torch._foreach_lerp_(momenta, step.gradients, 1 - declared.beta_1)
    torch._foreach_mul_(squares, declared.beta_2)
    torch._foreach_addcmul_(squares, step.gradients, step.gradients, 1 - declared.beta_2)
    updates = torch._foreach_div(momenta, 1 - declared.beta_1**step.number)
    divisors = torch._foreach_div(squares, 1 - declared.beta_2**step.number)
    torch._foreach_sqrt_(divisors)
    torch._foreach_add_(divisors, declared.epsilon)
    torch._foreach_div_(updates, divisors)
    wide, long = (torch.stack(torch._foreach_norm(each)) for each in (step.weights, updates))
    ratios = torch.where((wide > 0) & (long > 0), wide / long, 1.0)
    torch._foreach_mul_(updates, list(ratios.unbind()))
    torch._foreach_add_(step.weights, updates, alpha=-step.rate)


@_rule("ftrl")
def _ftrl(declared: declarations.Ftrl, step: Step) -> None:
    sums = step.slot("accumulator", declared.initial_accumulator_value)
    linears = step.slot("linear")
    power, limit = -declared.learning_rate_power, declared.l1_regularization_strength
    shrinkage = 2 * declared.l2_shrinkage_regularization_strength
    penalty = 2 * declared.l2_regularization_strength + declared.beta / step.rate
    for (weight, gradient, _), sum_, linear in zip(step.each(), sums, linears, strict=True):
        before = sum_.pow(power)
        after = sum_.addcmul_(gradient, gradient).pow(power)
        linear += gradient + shrinkage * weight - (after - before) / step.rate * weight
        weight.copy_((linear.clamp(-limit, limit) - linear) / (after / step.rate + penalty))


@_rule("adafactor")
def _adafactor(declared: declarations.Adafactor, step: Step) -> None:
    """Its `relative_step` bounds the rate by what bounds it anyway, in Keras too."""
    rate = min(step.rate, 1 / math.sqrt(step.number))
    keep = 1 - step.number**declared.beta_2_decay
    for weight, gradient, state in step.each():
        square = gradient.square() + declared.epsilon_1
        update = gradient / _second_moment(square, state, keep).sqrt()
        update /= (_rms(update) / declared.clip_threshold).clamp(min=1)
        weight -= _rms(weight).clamp(min=declared.epsilon_2) * rate * update


def _second_moment(square: Tensor, state: dict[str, Tensor], keep: float) -> Tensor:
    """The moving average of `square`; of a kernel only that of its rows and of its columns.

    A kernel's outputs and inputs, Keras's last two axes, are the first two here.
    """
    if square.ndim < 2:
        return _averaged(state, "velocity", square, keep)
    rows = _averaged(state, "rows", square.mean(0), keep)
    columns = _averaged(state, "columns", square.mean(1), keep)
    return (rows / rows.mean(0)).unsqueeze(0) * columns.unsqueeze(1)


def _averaged(state: dict[str, Tensor], name: str, value: Tensor, keep: float) -> Tensor:
    average = state.setdefault(name, torch.zeros_like(value))
    return average.lerp_(value, 1 - keep)


def _rms(x: Tensor) -> Tensor:
    return x.square().mean().sqrt()


@_rule("muon")
def _muon(declared: declarations.Muon, step: Step) -> None:
    momenta = step.slot("momentum")
    for (weight, gradient, state), momentum in zip(step.each(), momenta, strict=True):
        if not _is_matrix(weight):
            square = state.setdefault("velocity", torch.zeros_like(weight))
            _adam(declared, step, weight, gradient, momentum, square)
            continue
        momentum.mul_(declared.momentum).add_(gradient)
        ahead = gradient + declared.momentum * momentum if declared.nesterov else momentum
        scale = 1.0
        if declared.rms_rate is not None:
            scale = math.sqrt(max(weight.shape)) * declared.rms_rate
        weight.sub_(_orthogonalized(declared, ahead), alpha=step.rate * scale)


def _is_matrix(weight: Tensor) -> bool:
    """Whether Muon's own steps are for this weight: Keras's kernels of rank 2 are so here too."""
    return weight.ndim == 2


def _adam(
    declared: declarations.Muon,
    step: Step,
    weight: Tensor,
    gradient: Tensor,
    momentum: Tensor,
    square: Tensor,
) -> None:
    beta_1, beta_2 = declared.adam_beta_1, declared.adam_beta_2
    momentum.lerp_(gradient, 1 - beta_1)
    square.mul_(beta_2).addcmul_(gradient, gradient, value=1 - beta_2)
    rate = step.rate * declared.adam_lr_ratio
    rate *= math.sqrt(1 - beta_2**step.number) / (1 - beta_1**step.number)
    weight.addcdiv_(momentum, square.sqrt() + declared.epsilon, value=-rate)


def _orthogonalized(declared: declarations.Muon, matrix: Tensor) -> Tensor:
    """Nearly the orthogonal factor of `matrix`, by Newton-Schulz iterations on its wide form."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (torch.linalg.matrix_norm(x) + 1e-7)
    for _ in range(declared.ns_steps):
        gram = x @ x.T
        x = declared.muon_a * x + (declared.muon_b * gram + declared.muon_c * gram @ gram) @ x
    return x.T if tall else x

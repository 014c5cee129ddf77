"""Statements that start weights in emitted PyTorch source, as the spec's initializers say."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from specc.emit.code import Code, Literal, call, optional, text
from specc.initializers import (
    STFT,
    TRUNCATED_STDDEV,
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Identity,
    Initializer,
    LecunNormal,
    LecunUniform,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    UnitForgetBias,
    VarianceScaling,
    Zeros,
)
from specc.layer import WeightDecl

NAMED: dict[type[Initializer], tuple[str, ...]] = {
    Zeros: ("nn.init.zeros_",),
    Ones: ("nn.init.ones_",),
    GlorotUniform: ("nn.init.xavier_uniform_",),
    GlorotNormal: ("glorot_normal_",),
    HeUniform: ("nn.init.kaiming_uniform_", "relu"),
    HeNormal: ("he_normal_",),
    LecunUniform: ("nn.init.kaiming_uniform_", "linear"),
    LecunNormal: ("lecun_normal_",),
    Identity: ("nn.init.eye_",),
}
"""The function for each initializer without arguments, of `nn.init` or `helpers/`."""


@dataclass(frozen=True, slots=True)
class Starts:
    """Statements that start weights. helpers: the functions of `helpers/` that they need."""

    helpers: list[str] = field(default_factory=list[str])

    def of(self, weight: WeightDecl, reference: str) -> Code:
        """The statement that starts one weight, whose sizes are known."""
        if isinstance(weight.initializer, UnitForgetBias):
            others = self.of(replace(weight, initializer=weight.initializer.others), reference)
            return call(self._helper("unit_forget_"), others)
        scaling = _scaling(weight.initializer)
        if scaling is None or counts_as_keras(weight):
            return self.at_any_size(weight.initializer, reference)
        scale, mode, distribution = scaling
        fan_in, fan_out = weight.fan
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
        std = math.sqrt(scale / max(fan, 1))
        if distribution == "uniform":
            limit = math.sqrt(3) * std
            return call("nn.init.uniform_", reference, -limit, limit)
        if distribution == "untruncated_normal":
            return call("nn.init.normal_", reference, std=std)
        return _truncated_normal(reference, 0.0, std / TRUNCATED_STDDEV)

    def at_any_size(self, initializer: Initializer, reference: str) -> Code:
        """The statement that starts a weight of any size, if PyTorch counts its fans as Keras."""
        match initializer:
            case UnitForgetBias(others=others):
                return call(self._helper("unit_forget_"), self.at_any_size(others, reference))
            case STFT(side=side):
                return call(self._helper("stft_"), reference, text(side), **_window(initializer))
            case Constant(value=value):
                return call("nn.init.constant_", reference, Literal(value, "value"))
            case RandomNormal(mean=mean, stddev=std):
                return call("nn.init.normal_", reference, mean=optional(mean, 0.0), std=std)
            case RandomUniform(minval=low, maxval=high):
                return call("nn.init.uniform_", reference, low, high)
            case TruncatedNormal(mean=mean, stddev=std):
                return _truncated_normal(reference, mean, std)
            case Orthogonal(gain=gain):
                return call("nn.init.orthogonal_", reference, gain=optional(gain, 1.0))
            case Identity(gain=gain) if gain != 1:
                return call(self._helper("identity_"), reference, gain)
            case VarianceScaling(scale=scale, mode=mode, distribution=distribution):
                words = (text(mode, "mode"), text(distribution, "distribution"))
                return call(self._helper("variance_scaling_"), reference, scale, *words)
            case _:
                return self._named(initializer, reference)

    def _named(self, initializer: Initializer, reference: str) -> Code:
        """The same, of an initializer without arguments."""
        function, *options = NAMED[type(initializer)]
        if "." not in function:
            self._helper(function)
        if options:
            return call(function, reference, nonlinearity=text(options[0]))
        return call(function, reference)

    def _helper(self, name: str) -> str:
        self.helpers.append(name)
        return name


def counts_as_keras(weight: WeightDecl, *, depthwise: bool = False) -> bool:
    """Whether PyTorch's functions start a weight without being told more: they count its fans.

    depthwise: whether they are given it with its first two axes exchanged.
    """
    scaling, shape = _scaling(weight.initializer), weight.shape
    if scaling is None:
        return True
    if len(shape) < 2:
        return False
    cells = math.prod(shape[2:])
    counted = (shape[1] * cells, shape[0] * cells)
    if scaling[1] == "fan_avg":
        return sum(weight.fan) == sum(counted)
    return weight.fan == (counted[::-1] if depthwise else counted)


def is_symmetric(initializer: Initializer) -> bool:
    """Whether a weight starts the same if its fans are exchanged."""
    scaling = _scaling(initializer)
    return scaling is None or scaling[1] == "fan_avg"


def _scaling(initializer: Initializer) -> tuple[float, str, str] | None:
    """Scale, mode and distribution, if the initializer depends on the fans."""
    match initializer:
        case VarianceScaling(scale=scale, mode=mode, distribution=distribution):
            return scale, mode, distribution
        case UnitForgetBias(others=others):
            return _scaling(others)
        case _:
            return getattr(initializer, "scaling", None)


def _truncated_normal(reference: str, mean: float, std: float) -> Code:
    """PyTorch truncates at absolute limits: two deviations from the mean, as in Keras."""
    if std == 0:
        return call("nn.init.constant_", reference, mean)
    low, high = mean - 2 * std, mean + 2 * std
    mean_argument = optional(mean, 0.0)
    return call("nn.init.trunc_normal_", reference, mean=mean_argument, std=std, a=low, b=high)


def _window(initializer: STFT) -> dict[str, object]:
    """What `stft_` is told of the window, where it is not the default."""
    given = {name: getattr(initializer, name) for name in ("window", "scaling", "periodic")}
    return {
        name: optional(
            text(value) if isinstance(value, str) else value, STFT.model_fields[name].default, name
        )
        for name, value in given.items()
    }

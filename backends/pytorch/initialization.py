"""Initial weights in emitted PyTorch source: the spec's initializers, which are Keras's.

What most layers of a class share stands in one function `initialize`, which the network applies
to its modules, the inner ones first. A weight that starts otherwise gets a statement after that.
The scale and shift of a normalization, which PyTorch starts as Keras does, get one where the module
is made, if they start otherwise.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, repeat

from specc.emit.code import Code, Literal, call, optional, render, text
from specc.emit.code import python as python_text
from specc.emit.format import statement
from specc.emit.naming import attribute
from specc.emit.template import Line
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
from specc.ir import Graph
from specc.layer import WeightDecl

from .emitted import helpers
from .site import Site

NATIVE: dict[str, Initializer] = {
    "weight": Ones(),
    "bias": Zeros(),
    "running_mean": Zeros(),
    "running_var": Ones(),
}
"""How the normalizations of PyTorch start."""

NORMALIZATIONS = ("nn.BatchNorm", "nn.GroupNorm", "nn.InstanceNorm", "nn.LayerNorm", "nn.RMSNorm")
"""Their classes begin so; all others start their weights in a way that is not Keras's."""

Place = tuple[str, str]
"""A class of modules, and the name of a weight in it."""

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


@dataclass(slots=True)
class Initialization:
    """How the modules of one network get their first weights.

    kinds: the class of each module whose weights do not start as PyTorch starts them, by path.
    helpers: the functions of `helpers/` that are needed.
    rules: how a weight starts in most modules of a class.
    missing: weights that some modules of their class do not have.
    """

    kinds: dict[str, str] = field(default_factory=dict[str, str])
    helpers: list[str] = field(default_factory=list[str])
    rules: dict[Place, Initializer] = field(default_factory=dict[Place, Initializer])
    missing: set[Place] = field(default_factory=set[Place])

    def start(self, site: Site, reference: str) -> list[Line]:
        """Take note of the new module of a node; what stands after its constructor."""
        if not site.kind.startswith(NORMALIZATIONS):
            parts = {f"{site.node.path}.{part}": kind for part, kind in site.parts.items()}
            self.kinds |= {site.node.path: site.kind, **parts}
            return []
        return [
            Line(self._start(weight, f"{reference}.{name}"))
            for name, weight in site.node.weights().items()
            if weight.initializer != NATIVE[name]
        ]

    def network_lines(self, graph: Graph) -> list[Line]:
        """The last statements of the network's `__init__`; settles the rules."""
        weights = [
            (path, self.kinds[path], key.removeprefix(f"{path}."), weight)
            for key, weight in graph.weights.items()
            if (path := self._module(key))
        ]
        counts = Counter(
            ((kind, name), weight.initializer)
            for _, kind, name, weight in weights
            if _is_shareable(weight)
        )
        usual: dict[Place, Initializer] = {}
        for (place, initializer), _ in counts.most_common():
            usual.setdefault(place, initializer)
        modules = Counter(self.kinds.values())
        having = Counter((kind, name) for _, kind, name, _ in weights)
        self.rules = {place: usual[place] for place in having if place in usual}
        inner = any(map(_has_inner_biases, modules))
        self.missing = {
            (kind, name)
            for kind, name in having
            if having[kind, name] < modules[kind] or (inner and name == "bias")
        }
        exceptions = [
            Line(self._start(weight, f"self.{attribute(path)}.{name}"))
            for path, kind, name, weight in weights
            if not (_is_shareable(weight) and weight.initializer == self.rules[kind, name])
        ]
        return [Line("self.apply(initialize)"), *exceptions] if self.rules else exceptions

    def _module(self, key: str) -> str:
        """The path of the innermost module known to have that weight; empty if there is none."""
        path = key.rpartition(".")[0]
        while path and path not in self.kinds:
            path = path.rpartition(".")[0]
        return path

    def functions(self) -> Iterator[str]:
        """The function that the network applies to its modules."""
        if not self.rules:
            return
        yield "\n".join(
            [
                "def initialize(module: nn.Module) -> None:",
                '    """Start the weights of a layer as the spec says."""',
                *self._branches(),
            ]
        )

    def _branches(self) -> Iterator[str]:
        """One branch for each class of modules; one for several that start alike."""
        kinds = sorted({kind for kind, _ in self.rules})
        bodies = {kind: tuple(self._branch(kind)) for kind in kinds}
        words = chain(["if"], repeat("elif"))
        for word, lines in zip(words, dict.fromkeys(bodies.values()), strict=False):
            alike = [kind for kind, body in bodies.items() if body == lines]
            classes = alike[0] if len(alike) == 1 else f"({', '.join(alike)})"
            yield statement(f"{word} isinstance(module, {classes}):", 1)
            yield from lines

    def _branch(self, kind: str) -> Iterator[str]:
        for place in self.rules:
            if place[0] != kind:
                continue
            if place in self.missing:
                yield f"        if module.{place[1]} is not None:"
            yield self._rule_text(place, 2 + (place in self.missing))

    def _rule_text(self, place: Place, level: int) -> str:
        code = self._shared_start(self.rules[place], f"module.{place[1]}")
        return statement(render(code, lambda literal: python_text(literal.value)), level)

    def _start(self, weight: WeightDecl, reference: str) -> Code:
        """The statement that starts one weight, whose sizes are known."""
        if isinstance(weight.initializer, UnitForgetBias):
            others = self._start(replace(weight, initializer=weight.initializer.others), reference)
            return call(self._helper("unit_forget_"), others)
        scaling = _scaling(weight.initializer)
        if scaling is None or _is_shareable(weight):
            return self._shared_start(weight.initializer, reference)
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

    def _shared_start(self, initializer: Initializer, reference: str) -> Code:
        """The statement that starts a weight, whatever its sizes are."""
        match initializer:
            case UnitForgetBias(others=others):
                return call(self._helper("unit_forget_"), self._shared_start(others, reference))
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
                return self._named_start(initializer, reference)

    def _named_start(self, initializer: Initializer, reference: str) -> Code:
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


def _window(initializer: STFT) -> dict[str, object]:
    """What `stft_` is told of the window, where it is not the default."""
    given = {name: getattr(initializer, name) for name in ("window", "scaling", "periodic")}
    return {
        name: optional(
            text(value) if isinstance(value, str) else value, STFT.model_fields[name].default, name
        )
        for name, value in given.items()
    }


def _has_inner_biases(kind: str) -> bool:
    """Whether a module of `helpers/` has others in it, which have a bias or not."""
    return kind in helpers() and "bias=bias" in helpers()[kind].source


def _is_shareable(weight: WeightDecl) -> bool:
    """Whether PyTorch's functions start it without being told more: they count fans their way."""
    scaling, shape = _scaling(weight.initializer), weight.shape
    if scaling is None:
        return True
    if len(shape) < 2:
        return False
    cells = math.prod(shape[2:])
    counted = (shape[1] * cells, shape[0] * cells)
    if scaling[1] == "fan_avg":  # of a depthwise kernel Keras has the two the other way round
        return sum(weight.fan) == sum(counted)
    return weight.fan == counted


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

"""Initial weights in emitted PyTorch source: the spec's initializers, which are Keras's.

What most layers of a class share stands in one function `initialize`, which the network applies
to its modules. A kernel that starts otherwise gets a statement after that. The scale and shift of a
normalization, which PyTorch starts as Keras does, get one where the module is made, if they start
otherwise.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from specc.emit.code import Code, Literal, call, optional, render, text
from specc.emit.code import python as python_text
from specc.emit.format import statement
from specc.emit.naming import attribute
from specc.emit.template import Line
from specc.initializers import (
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
    VarianceScaling,
    Zeros,
)
from specc.ir import Graph, Node
from specc.layer import WeightDecl

NATIVE: dict[str, Initializer] = {
    "weight": Ones(),
    "bias": Zeros(),
    "running_mean": Zeros(),
    "running_var": Ones(),
}
"""How the normalizations of PyTorch start."""

KERNELS = ("nn.Conv2d", "nn.Linear")
"""Modules that PyTorch starts in its own way."""

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
"""The function for each initializer without arguments, of `nn.init` or `helpers.py`."""


@dataclass(slots=True)
class Initialization:
    """How the modules of one network get their first weights.

    kinds: the class of each module that PyTorch starts in its own way, by path.
    helpers: the functions of `helpers.py` that are needed.
    rules: how a weight starts in most modules of a class.
    unbiased: the classes of which some modules have no bias.
    """

    kinds: dict[str, str] = field(default_factory=dict[str, str])
    helpers: list[str] = field(default_factory=list[str])
    rules: dict[tuple[str, str], Initializer] = field(
        default_factory=dict[tuple[str, str], Initializer]
    )
    unbiased: set[str] = field(default_factory=set[str])

    def register(self, node: Node, kind: str) -> None:
        """Take note of a module of class `kind`."""
        if kind in KERNELS:
            self.kinds[node.path] = kind

    def own_lines(self, node: Node, reference: str) -> list[Line]:
        """Statements after the constructor of a normalization that starts unlike PyTorch's own."""
        if node.type not in ("BatchNormalization", "LayerNormalization"):
            return []
        return [
            Line(self._start(weight, f"{reference}.{name}"))
            for name, weight in node.weights().items()
            if weight.initializer != NATIVE[name]
        ]

    def network_lines(self, graph: Graph) -> list[Line]:
        """The last statements of the network's `__init__`; settles the rules."""
        weights = [
            (node.path, kind, name, weight)
            for node in graph.nodes
            if (kind := self.kinds.get(node.path)) is not None
            for name, weight in node.weights().items()
        ]
        counts = Counter(
            (kind, name, weight.initializer)
            for _, kind, name, weight in weights
            if name == "weight" or _scaling(weight.initializer) is None
        )
        for (kind, name, initializer), _ in counts.most_common():
            self.rules.setdefault((kind, name), initializer)
        biased = {path for path, _, name, _ in weights if name == "bias"}
        self.unbiased = {kind for path, kind in self.kinds.items() if path not in biased}
        exceptions = [
            Line(self._start(weight, f"self.{attribute(path)}.{name}", kernel=name == "weight"))
            for path, kind, name, weight in weights
            if weight.initializer != self.rules.get((kind, name))
        ]
        return [Line("self.apply(initialize)"), *exceptions] if self.rules else []

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
        """One branch for each class of modules; one for both if they start alike."""
        bodies = {
            kind: tuple(self._branch(kind)) for kind in KERNELS if (kind, "weight") in self.rules
        }
        for word, lines in zip(("if", "elif"), dict.fromkeys(bodies.values()), strict=False):
            kinds = [kind for kind, body in bodies.items() if body == lines]
            classes = kinds[0] if len(kinds) == 1 else f"({', '.join(kinds)})"
            yield f"    {word} isinstance(module, {classes}):"
            yield from lines

    def _branch(self, kind: str) -> Iterator[str]:
        yield self._rule_text(kind, "weight", 2)
        if (kind, "bias") not in self.rules:
            return
        if kind in self.unbiased:
            yield "        if module.bias is not None:"
        yield self._rule_text(kind, "bias", 2 + (kind in self.unbiased))

    def _rule_text(self, kind: str, name: str, level: int) -> str:
        code = self._shared_start(self.rules[kind, name], f"module.{name}")
        return statement(render(code, lambda literal: python_text(literal.value)), level)

    def _start(self, weight: WeightDecl, reference: str, *, kernel: bool = False) -> Code:
        """The statement that starts one weight, whose sizes are known."""
        scaling = _scaling(weight.initializer)
        if scaling is None or kernel:
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


def _scaling(initializer: Initializer) -> tuple[float, str, str] | None:
    """Scale, mode and distribution, if the initializer depends on the fans."""
    match initializer:
        case VarianceScaling(scale=scale, mode=mode, distribution=distribution):
            return scale, mode, distribution
        case _:
            return getattr(initializer, "scaling", None)


def _truncated_normal(reference: str, mean: float, std: float) -> Code:
    """PyTorch truncates at absolute limits: two deviations from the mean, as in Keras."""
    if std == 0:
        return call("nn.init.constant_", reference, mean)
    low, high = mean - 2 * std, mean + 2 * std
    mean_argument = optional(mean, 0.0)
    return call("nn.init.trunc_normal_", reference, mean=mean_argument, std=std, a=low, b=high)

"""The ONNX operators' own node tests, each as a use of one of our layers.

`TRANSLATIONS` has a function for each operator that a layer stands for; `REASONS` says why there is
none for the others. A function gives the layer's parameters and weights, and arrays in the layout
of the spec: channels last, the batch first. An operator that knows of no batch works on arrays that
are one item of a batch of one. What a function does not read of a node, an attribute or an input,
is something that the layer does not have.

A case is held in the outputs that the layer has: statistics, masks of a dropout, the places of
maxima and the states of a cache are left out.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class NotExpressible(Exception):
    """Why a case is no use of one of our layers."""


@dataclass(frozen=True, slots=True)
class Node:
    """One node test of ONNX: what an operator makes of some arrays.

    inputs, outputs: None where an optional one is left out.
    read: what was asked for, by name or by the index of an input.
    """

    name: str
    operator: str
    attributes: Mapping[str, Any]
    inputs: tuple[Array | None, ...]
    outputs: tuple[Array | None, ...]
    read: set[str | int] = field(default_factory=set)

    def get(self, attribute: str, default: Any = None) -> Any:
        """An attribute, as plain Python data."""
        self.read.add(attribute)
        value = self.attributes.get(attribute, default)
        return value.decode() if isinstance(value, bytes) else value

    def given(self, index: int) -> Array | None:
        """An input, if there is one."""
        self.read.add(index)
        return self.inputs[index] if index < len(self.inputs) else None

    def input(self, index: int) -> Array:
        array = self.given(index)
        assert array is not None, f"{self.name} has no input {index}"
        return array

    def leave(self, *names: str | int) -> None:
        """Say of attributes, or of inputs, that the translation has no need of them."""
        self.read.update(names)

    @property
    def x(self) -> Array:
        """The first input."""
        return self.input(0)

    @property
    def y(self) -> Array:
        """The first output."""
        (first, *_) = self.outputs
        assert first is not None
        return first

    def require_all_read(self) -> None:
        """Refuse an attribute or an input that the translation did not ask for."""
        for name in self.attributes:
            if name not in self.read:
                raise NotExpressible(f"the layer has no `{name}`")
        for index, array in enumerate(self.inputs):
            if array is not None and index not in self.read:
                raise NotExpressible(f"the layer has no such input as that at {index}")


@dataclass(frozen=True, slots=True)
class Use:
    """A layer with its inputs, weights and expected outputs, in the layout of the spec.

    outputs: all that the layer has; None for those that nothing is known of.
    """

    layer: str
    params: Mapping[str, Any]
    inputs: tuple[Array, ...]
    outputs: tuple[Array | None, ...]
    weights: Mapping[str, Array] = field(default_factory=dict[str, Array])


@cache
def node_tests() -> Mapping[str, tuple[Node, ...]]:
    """All node tests of the installed onnx by operator, without their decompositions."""
    from onnx.backend.test.case import node

    by_operator: dict[str, list[Node]] = {}
    undecomposed = mock.patch.object(node, "function_testcase_helper", return_value=([], 1))
    with undecomposed, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of overflows, which some of the cases are about
        for case in node.collect_testcases():
            read = _read(case)
            by_operator.setdefault(read.operator, []).append(read)
    return {operator: tuple(nodes) for operator, nodes in by_operator.items()}


def _read(case: Any) -> Node:
    from onnx.helper import get_attribute_value

    (node,), ((inputs, outputs),) = case.model.graph.node, case.data_sets
    return Node(
        case.name.removeprefix("test_"),
        f"{node.domain}.{node.op_type}" if node.domain else node.op_type,
        {each.name: get_attribute_value(each) for each in node.attribute},
        tuple(_by_position(node.input, inputs)),
        tuple(_by_position(node.output, outputs)),
    )


def _by_position(names: list[str], arrays: list[Any]) -> Iterator[Any]:
    """The arrays of those that have a name, and None for the others."""
    present = iter(arrays)
    yield from (next(present) if name else None for name in names)


def translated(node: Node) -> Use:
    """The layer that does what a node does. Raises `NotExpressible`."""
    for array in (*node.inputs, *node.outputs):
        if not isinstance(array, np.ndarray | np.generic | None):
            raise NotExpressible("a sequence or an optional value is no tensor")
        if array is not None and array.dtype.name == "bfloat16":
            raise NotExpressible("onnxruntime computes in bfloat16 on no CPU")
    node.read.clear()
    use = TRANSLATIONS[node.operator](node)
    node.require_all_read()
    return use


# Layouts ----------------------------------------------------------------------------------------


def last(array: Array) -> Array:
    """Sequences, images or volumes with their channels last."""
    return np.moveaxis(array, 1, -1)


def item(array: Array) -> Array:
    """An array as the one item of a batch."""
    return np.asarray(array)[None]


def in_item(axis: int) -> int:
    """An axis of an array as that of the item it becomes."""
    return axis if axis < 0 else axis + 1


def of_items(node: Node, layer: str, params: Mapping[str, Any] | None = None) -> Use:
    """A layer without weights that takes all inputs of a node; its arrays become items."""
    inputs = tuple(item(node.input(index)) for index in range(len(node.inputs)))
    return Use(layer, params or {}, inputs, tuple(map(item, node.outputs)))


def of_item(node: Node, layer: str, params: Mapping[str, Any], **weights: Array) -> Use:
    """A layer that takes the first input of a node; its arrays become items."""
    return Use(layer, params, (item(node.x),), (item(node.y),), weights)


def of_images(
    node: Node, layer: str, params: Mapping[str, Any], weights: Mapping[str, Array] | None = None
) -> Use:
    """A layer that takes the first input of a node: sequences, images or volumes."""
    return Use(layer, params, (last(node.x),), (last(node.y),), weights or {})


# The operators ----------------------------------------------------------------------------------

Translation = Callable[[Node], Use]

TRANSLATIONS: dict[str, Translation] = {}


def translates(*operators: str) -> Callable[[Translation], Translation]:
    """Make a function the translation of some operators."""

    def add(translation: Translation) -> Translation:
        TRANSLATIONS.update(dict.fromkeys(operators, translation))
        return translation

    return add


MERGING = {
    "Add": "Add",
    "Sum": "Add",
    "Sub": "Subtract",
    "Mul": "Multiply",
    "Mean": "Average",
    "Max": "Maximum",
    "Min": "Minimum",
}


@translates(*MERGING)
def merging(node: Node) -> Use:
    return of_items(node, MERGING[node.operator])


@translates("Concat")
def concatenation(node: Node) -> Use:
    return of_items(node, "Concatenate", {"axis": in_item(node.get("axis"))})


@translates("MatMul")
def matrix_product(node: Node) -> Use:
    """A vector is summed over with the last axis of the first, or the rows of the second."""
    match node.input(0).ndim, node.input(1).ndim:
        case (1, 1):
            raise NotExpressible("the product of two vectors keeps an axis of 1")
        case (1, _):
            return of_items(node, "Dot", {"axes": [-1, -2]})
        case (_, 1):
            return of_items(node, "Dot", {"axes": -1})
    return of_items(node, "MatMul")


@translates("Gemm")
def dense(node: Node) -> Use:
    """The second input is the weight, the third the bias, each times its factor."""
    x = node.x.T if node.get("transA") else node.x
    kernel, bias = node.input(1), node.given(2)
    units_first = kernel if node.get("transB") else kernel.T
    alpha, beta = node.get("alpha", 1.0), node.get("beta", 1.0)
    weights = {"weight": alpha * units_first}
    if bias is not None:
        if bias.ndim == 2 and len(bias) > 1:
            raise NotExpressible("a bias is the same for all items of the batch")
        weights["bias"] = beta * np.broadcast_to(bias.ravel(), len(units_first))
    params = {"units": len(units_first), "use_bias": bias is not None}
    return Use("Dense", params, (x,), (node.y,), weights)


@translates("Einsum")
def einsum(node: Node) -> Use:
    """The second operand is the kernel; the first is one item."""
    operands, _, result = node.get("equation").replace(" ", "").partition("->")
    if operands.count(",") != 1 or not result:
        raise NotExpressible("there is no kernel, or nothing is left of an item")
    params = {"equation": f"z{operands}->z{result}", "output_shape": list(node.y.shape)}
    return of_item(node, "EinsumDense", params, weight=node.input(1))


# Activations


def activation(name: str) -> Translation:
    """That of an operator with the constants of Keras's function."""
    return lambda node: of_item(node, "Activation", {"activation": name})


TRANSLATIONS |= {
    "Exp": activation("exponential"),
    "HardSwish": activation("hard_silu"),
    "Mish": activation("mish"),
    "Selu": activation("selu"),
    "Sigmoid": activation("sigmoid"),
    "Softplus": activation("softplus"),
    "Softsign": activation("softsign"),
    "Tanh": activation("tanh"),
    "Relu": lambda node: of_item(node, "ReLU", {}),
    "Identity": lambda node: of_item(node, "Identity", {}),
    "Neg": lambda node: of_item(node, "Rescaling", {"scale": -1.0}),
    "Elu": lambda node: of_item(node, "ELU", {"alpha": node.get("alpha", 1.0)}),
    "LeakyRelu": lambda node: of_item(
        node, "LeakyReLU", {"negative_slope": node.get("alpha", 0.01)}
    ),
    "ThresholdedRelu": lambda node: of_item(node, "ReLU", {"threshold": node.get("alpha", 1.0)}),
    "Softmax": lambda node: of_item(node, "Softmax", {"axis": in_item(node.get("axis", -1))}),
}


@translates("Gelu")
def gelu(node: Node) -> Use:
    if node.get("approximate", "none") != "none":
        raise NotExpressible("gelu is exact")
    return activation("gelu")(node)


@translates("Swish")
def swish(node: Node) -> Use:
    if node.get("alpha", 1.0) != 1:
        raise NotExpressible("silu has no factor")
    return activation("silu")(node)


@translates("LogSoftmax")
def log_softmax(node: Node) -> Use:
    """The activation works along the last axis."""
    axis = node.get("axis", -1)
    x, y = (item(np.moveaxis(array, axis, -1)) for array in (node.x, node.y))
    return Use("Activation", {"activation": "log_softmax"}, (x,), (y,))


@translates("Clip")
def clip(node: Node) -> Use:
    bounds = tuple(
        None if bound is None else bound.item() for bound in (node.given(1), node.given(2))
    )
    match bounds:
        case (None, None):
            return of_item(node, "Identity", {})
        case (-1, 1):
            return of_item(node, "Activation", {"activation": "hard_tanh"})
        case (0, most):
            return of_item(node, "ReLU", {"max_value": most})
    raise NotExpressible(f"no activation is bounded by {bounds}")


@translates("PRelu")
def prelu(node: Node) -> Use:
    """From rank 4 on the channels of the weight are first; slopes of one axis are the channels'."""
    slope = node.input(1)
    if slope.ndim == 1:
        shared = [*range(1, node.x.ndim)]
        return of_item(node, "PReLU", {"shared_axes": shared}, weight=slope)
    return of_item(node, "PReLU", {}, weight=np.moveaxis(slope, -1, 0))


@translates("Dropout")
def dropout(node: Node) -> Use:
    """At inference, or of nothing."""
    node.leave("seed")
    ratio, training = node.given(1), node.given(2)
    rate = node.get("ratio", 0.5) if ratio is None else ratio.item()
    if training is not None and training and rate:
        raise NotExpressible("what is dropped is random")
    return of_item(node, "Dropout", {"rate": rate})


# Convolutions and poolings


def per_axis(node: Node, name: str, count: int, default: int = 1) -> list[int]:
    return list(node.get(name) or [default] * count)


def explicit_pads(node: Node, count: int) -> list[list[int]]:
    """Those of a node as a layer takes them: a pair for each axis."""
    pads = node.get("pads") or [0] * 2 * count
    return [list(pair) for pair in zip(pads[:count], pads[count:], strict=True)]


def halves(total: int, mode: str) -> list[int]:
    """Pads of a begin and an end, of which the latter has the odd one with `SAME_UPPER`."""
    fewer, more = total // 2, total - total // 2
    return [fewer, more] if mode == "SAME_UPPER" else [more, fewer]


def pads_of(
    node: Node, window: list[int], strides: list[int], dilations: list[int]
) -> list[list[int]]:
    mode = node.get("auto_pad", "NOTSET")
    if not mode.startswith("SAME"):
        return explicit_pads(node, len(window))
    axes = zip(node.x.shape[2:], window, strides, dilations, strict=True)
    totals = [
        (math.ceil(size / step) - 1) * step + (taps - 1) * rate + 1 - size
        for size, taps, step, rate in axes
    ]
    return [halves(max(total, 0), mode) for total in totals]


@translates("Conv")
def convolution(node: Node) -> Use:
    kernel, bias = node.input(1), node.given(2)
    window, rank = list(kernel.shape[2:]), kernel.ndim - 2
    node.leave("kernel_shape")
    strides, dilations = per_axis(node, "strides", rank), per_axis(node, "dilations", rank)
    params = {
        "filters": len(kernel),
        "kernel_size": window,
        "strides": strides,
        "dilation_rate": dilations,
        "padding": pads_of(node, window, strides, dilations),
        "groups": node.get("group", 1),
        "use_bias": bias is not None,
    }
    return of_images(node, f"Conv{rank}D", params, with_bias(kernel, bias))


def with_bias(kernel: Array, bias: Array | None) -> dict[str, Array]:
    return {"weight": kernel} if bias is None else {"weight": kernel, "bias": bias}


@translates("ConvTranspose")
def transposed_convolution(node: Node) -> Use:
    if node.get("group", 1) != 1:
        raise NotExpressible("Keras's transposed convolutions have no groups")
    kernel, bias = node.input(1), node.given(2)
    rank = kernel.ndim - 2
    node.leave("kernel_shape")
    strides, dilations = per_axis(node, "strides", rank), per_axis(node, "dilations", rank)
    extra = per_axis(node, "output_padding", rank, 0)
    reached = [
        (size - 1) * step + more + (taps - 1) * rate + 1
        for size, step, more, taps, rate in zip(
            node.x.shape[2:], strides, extra, kernel.shape[2:], dilations, strict=True
        )
    ]
    params = {
        "filters": kernel.shape[1],
        "kernel_size": list(kernel.shape[2:]),
        "strides": strides,
        "dilation_rate": dilations,
        "use_bias": bias is not None,
        **cropping(node, reached, strides, extra),
    }
    return of_images(node, f"Conv{rank}DTranspose", params, with_bias(kernel, bias))


def cropping(
    node: Node, reached: list[int], strides: list[int], extra: list[int]
) -> dict[str, Any]:
    """What is cut off of the cells `reached`, as pads, and what is added, as `output_padding`."""
    mode, wanted = node.get("auto_pad", "NOTSET"), node.get("output_shape")
    if mode.startswith("SAME"):
        wanted = [size * step for size, step in zip(node.x.shape[2:], strides, strict=True)]
    if wanted is None:
        return {"padding": explicit_pads(node, len(reached)), "output_padding": extra}
    surplus = [cells - size for cells, size in zip(reached, wanted, strict=True)]
    return {
        "padding": [halves(max(cells, 0), mode) for cells in surplus],
        "output_padding": [
            more + max(-cells, 0) for more, cells in zip(extra, surplus, strict=True)
        ],
    }


@translates("CausalConvWithState")
def causal_convolution(node: Node) -> Use:
    """Each channel by itself, from the beginning of a sequence."""
    kernel, bias = node.input(1), node.given(2)
    name = node.get("activation", "none")
    params = {
        "kernel_size": kernel.shape[2],
        "padding": [kernel.shape[2] - 1, 0],
        "activation": None if name == "none" else name,
        "use_bias": bias is not None,
    }
    return of_images(node, "DepthwiseConv1D", params, with_bias(kernel, bias))


@translates("MaxPool", "AveragePool")
def pooling(node: Node) -> Use:
    kind = {"MaxPool": "Max", "AveragePool": "Average"}[node.operator]
    window = list(node.get("kernel_shape"))
    node.leave("storage_order")  # of the places of the maxima
    strides = per_axis(node, "strides", len(window))
    pads = pads_of(node, window, strides, [1] * len(window))
    if node.get("count_include_pad", 0) and any(map(any, pads)):
        raise NotExpressible("cells of the padding do not count")
    params = {
        "pool_size": window,
        "strides": strides,
        "padding": pads,
        "ceil_mode": bool(node.get("ceil_mode", 0)),
    }
    return of_images(node, f"{kind}Pooling{len(window)}D", params)


@translates("GlobalMaxPool", "GlobalAveragePool")
def global_pooling(node: Node) -> Use:
    kind = node.operator.removesuffix("Pool")
    return of_images(node, f"{kind}Pooling{node.x.ndim - 2}D", {"keepdims": True})


# Normalizations


def affine(node: Node) -> dict[str, Array]:
    """Scale and shift: the second input and the third."""
    return {"weight": node.input(1), "bias": node.input(2)}


@translates("BatchNormalization")
def batch_normalization(node: Node) -> Use:
    moments = {"running_mean": node.input(3), "running_var": node.input(4)}
    params = {"epsilon": node.get("epsilon", 1e-5)}
    return of_images(node, "BatchNormalization", params, affine(node) | moments)


@translates("InstanceNormalization")
def instance_normalization(node: Node) -> Use:
    params = {"epsilon": node.get("epsilon", 1e-5)}
    return of_images(node, "InstanceNormalization", params, affine(node))


@translates("GroupNormalization")
def group_normalization(node: Node) -> Use:
    params = {"groups": node.get("num_groups"), "epsilon": node.get("epsilon", 1e-5)}
    return of_images(node, "GroupNormalization", params, affine(node))


@translates("LayerNormalization", "RMSNormalization")
def layer_normalization(node: Node) -> Use:
    """Over all axes from `axis` on."""
    weights = {"weight": node.input(1)}
    if node.operator == "LayerNormalization":
        weights["bias"] = node.input(2)
    first = node.get("axis", -1) % node.x.ndim
    axes = [in_item(axis) for axis in range(first, node.x.ndim)]
    params = {"axis": axes, "epsilon": node.get("epsilon", 1e-5)}
    return of_item(node, node.operator, params, **weights)


@translates("MeanVarianceNormalization")
def mean_variance_normalization(node: Node) -> Use:
    """Over all items of the batch, which are one for the layer. ONNX has no epsilon of note."""
    axes = [in_item(axis) for axis in node.get("axes", [0, 2, 3])]
    params = {"axis": axes, "epsilon": 1e-9, "center": False, "scale": False}
    return of_item(node, "LayerNormalization", params)


@translates("LpNormalization")
def lp_normalization(node: Node) -> Use:
    if node.get("p", 2) != 2:
        raise NotExpressible("the norm is that of squares")
    return of_item(node, "UnitNormalization", {"axis": in_item(node.get("axis", -1))})


@translates("LRN")
def local_response_normalization(node: Node) -> Use:
    names = {"size": None, "alpha": 1e-4, "beta": 0.75, "bias": 1.0}
    params = {name: node.get(name, default) for name, default in names.items()}
    return of_images(node, "LocalResponseNormalization", params)


# Shapes


@translates("Transpose")
def permutation(node: Node) -> Use:
    order = node.get("perm") or range(node.x.ndim)[::-1]
    return of_item(node, "Permute", {"dims": [axis + 1 for axis in order]})


@translates("Reshape")
def reshape(node: Node) -> Use:
    node.leave("allowzero")  # of sizes of zero, which a tensor cannot have here
    sizes = enumerate(node.input(1).tolist())
    target = [size or node.x.shape[axis] for axis, size in sizes]
    return of_item(node, "Reshape", {"target_shape": target})


@translates("Flatten")
def flatten(node: Node) -> Use:
    axis = node.get("axis", 1) % node.x.ndim
    if axis == 1:
        return Use("Flatten", {}, (node.x,), (node.y,))
    return of_item(node, "Reshape", {"target_shape": [math.prod(node.x.shape[:axis]), -1]})


@translates("Expand")
def expand(node: Node) -> Use:
    """Axes of 1 are repeated; there are as many axes as in the result."""
    node.leave(1)
    x = node.x.reshape((1,) * (node.y.ndim - node.x.ndim) + node.x.shape)
    repeats = [after // before for before, after in zip(x.shape, node.y.shape, strict=True)]
    return Use("Tile", {"repeats": repeats}, (item(x),), (item(node.y),))


@translates("Tile")
def tile(node: Node) -> Use:
    return of_item(node, "Tile", {"repeats": node.input(1).tolist()})


@translates("Unsqueeze", "Squeeze")
def unit_axes(node: Node) -> Use:
    layer = {"Unsqueeze": "ExpandDims", "Squeeze": "Squeeze"}[node.operator]
    return of_item(node, layer, {"axis": list(map(in_item, node.input(1).tolist()))})


@translates("Split")
def split(node: Node) -> Use:
    """The sizes of the parts are those of the outputs."""
    node.leave(1, "num_outputs")
    axis = node.get("axis", 0)
    outputs = tuple(item(part) for part in node.outputs if part is not None)
    sections = [part.shape[in_item(axis)] for part in outputs]
    return Use("Split", {"sections": sections, "axis": in_item(axis)}, (item(node.x),), outputs)


@translates("Slice")
def slicing(node: Node) -> Use:
    """Bounds beyond an axis are its end."""
    starts, stops = node.input(1).tolist(), node.input(2).tolist()
    given, step = node.given(3), node.given(4)
    axes = [*range(len(starts))] if given is None else given.tolist()
    sizes = [node.x.shape[axis] for axis in axes]
    params = {
        "axis": list(map(in_item, axes)),
        "start": starts,
        "stop": [min(stop, size) for stop, size in zip(stops, sizes, strict=True)],
        "step": [1] * len(axes) if step is None else step.tolist(),
    }
    return of_item(node, "Slice", params)


@translates("Gather")
def take(node: Node) -> Use:
    indices = node.input(1)
    if indices.ndim != 1:
        raise NotExpressible("the positions are a list")
    params = {"indices": indices.tolist(), "axis": in_item(node.get("axis", 0))}
    return of_item(node, "Take", params)


@translates("Pad")
def pad(node: Node) -> Use:
    pads, value, axes = node.input(1).tolist(), node.given(2), node.given(3)
    padded = [*range(node.x.ndim)] if axes is None else (axes % node.x.ndim).tolist()
    sides = zip(pads[: len(padded)], pads[len(padded) :], strict=True)
    pairs = dict(zip(padded, map(list, sides), strict=True))
    batch, channels, *places = (pairs.get(axis, [0, 0]) for axis in range(node.x.ndim))
    if batch != [0, 0]:
        raise NotExpressible("the batch is not padded")
    params = {
        "pad_width": [*places, channels],
        "mode": node.get("mode", "constant"),
        "constant_values": 0.0 if value is None else value.item(),
    }
    return of_images(node, "Pad", params)


REDUCTIONS = ("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin")


@translates(*REDUCTIONS)
def reduction(node: Node) -> Use:
    """Over all axes if none is given."""
    axes = node.given(1)
    given = [] if axes is None else axes.tolist()
    if not given and node.get("noop_with_empty_axes", 0):
        raise NotExpressible("no axes are no reduction")
    params = {
        "axis": list(map(in_item, given or range(node.x.ndim))),
        "keepdims": bool(node.get("keepdims", 1)),
    }
    return of_item(node, node.operator, params)


# Images


@translates("DepthToSpace", "SpaceToDepth")
def shuffling(node: Node) -> Use:
    layer = {"DepthToSpace": "PixelShuffle", "SpaceToDepth": "PixelUnshuffle"}[node.operator]
    params = {"block_size": node.get("blocksize"), "mode": node.get("mode", "DCR")}
    return of_images(node, layer, params)


@translates("CenterCropPad")
def center_crop(node: Node) -> Use:
    """Of an image `[H, W, C]`, to the size of the output."""
    node.leave(1, "axes")
    more = [after - before for before, after in zip(node.x.shape, node.y.shape, strict=True)]
    if min(more) >= 0:
        return of_item(node, "Pad", {"pad_width": [[size // 2, -(-size // 2)] for size in more]})
    if max(more) > 0 or more[2]:
        raise NotExpressible("an image is cropped or padded, and its channels are not cropped")
    return of_item(node, "CenterCrop", {"height": node.y.shape[0], "width": node.y.shape[1]})


@translates("Upsample")
def upsampling(node: Node) -> Use:
    scales = node.input(1).tolist()
    if node.get("mode", "nearest") != "nearest":
        raise NotExpressible("corners are aligned")
    return of_images(node, "UpSampling2D", {"size": [int(scale) for scale in scales[2:]]})


@translates("Resize")
def resizing(node: Node) -> Use:
    """Sizes are those of the output; `axes` and the aspect ratio have led to them."""
    node.leave(3, "keep_aspect_ratio_policy")
    require_scales_of_sizes(node)
    before, after = node.x.shape[2:], node.y.shape[2:]
    require_half_pixel(node, after)
    mode = node.get("mode", "nearest")
    if mode == "nearest":
        return nearest(node, before, after)
    require_filter(node, mode)
    params = {
        "height": after[0],
        "width": after[1],
        "interpolation": {"linear": "bilinear", "cubic": "bicubic"}[mode],
        "antialias": bool(node.get("antialias", 0)),
    }
    return of_images(node, "Resizing", params)


def require_scales_of_sizes(node: Node) -> None:
    """The layer divides sizes; ONNX takes a scale as it is given."""
    scales, axes = node.given(2), node.get("axes")
    if scales is None or not scales.size:
        return
    scaled = dict(zip(axes or range(node.x.ndim), scales.tolist(), strict=True))
    for axis, scale in scaled.items():
        if not math.isclose(node.x.shape[axis] * scale, node.y.shape[axis], rel_tol=1e-6):
            raise NotExpressible("the scale is not that of the two sizes")


def require_half_pixel(node: Node, after: tuple[int, ...]) -> None:
    mode = node.get("coordinate_transformation_mode", "half_pixel")
    alike = mode == "pytorch_half_pixel" and min(after) > 1
    if mode != "half_pixel" and not alike:
        raise NotExpressible(f"pixels are squares, not `{mode}`")


def require_filter(node: Node, mode: str) -> None:
    """Keras's: pixels beyond the edge do not count where a filter is wide enough to reach them."""
    if node.get("exclude_outside", 0) == 0 and (mode == "cubic" or node.get("antialias", 0)):
        raise NotExpressible("no filter takes the pixels at the edge for those beyond")
    if mode == "cubic" and node.get("cubic_coeff_a", -0.75) != -0.5:
        raise NotExpressible("the bicubic filter is that of Keys")


def nearest(node: Node, before: tuple[int, ...], after: tuple[int, ...]) -> Use:
    """The nearest pixel, of two the later; whole factors have no two that are equally near."""
    rounding = node.get("nearest_mode", "round_prefer_floor")
    if not rounding.startswith("round"):
        raise NotExpressible(f"the nearest pixel is taken, not the `{rounding}`")
    if all(new % old == 0 for old, new in zip(before, after, strict=True)):
        factors = [new // old for old, new in zip(before, after, strict=True)]
        return of_images(node, "UpSampling2D", {"size": factors})
    ties = any(
        (2 * index + 1) * old % (2 * new) == 0
        for old, new in zip(before, after, strict=True)
        for index in range(new)
    )
    if ties and rounding != "round_prefer_ceil":
        raise NotExpressible("of two equally near pixels the later is taken")
    params = {"height": after[0], "width": after[1], "interpolation": "nearest"}
    return of_images(node, "Resizing", params)


# Sequences

GATES = {"LSTM": "iofc", "GRU": "zrh", "RNN": "h"}
"""The order of the gates in a matrix of ONNX's."""

OUR_GATES = {"LSTM": "ifco", "GRU": "rzh", "RNN": "h"}


@translates("LSTM", "GRU", "RNN")
def recurrent(node: Node) -> Use:
    """All steps and the last states are outputs; a node may have fewer of them."""
    name = "SimpleRNN" if node.operator == "RNN" else node.operator
    params = {
        "units": node.get("hidden_size"),
        "use_bias": node.given(3) is not None,
        "return_sequences": True,
        "return_state": True,
    }
    if node.operator == "GRU":
        params["reset_after"] = bool(node.get("linear_before_reset", 0))
    direction = node.get("direction", "forward")
    x = node.x if node.get("layout", 0) else node.x.swapaxes(0, 1)
    outputs = recurrent_outputs(node, direction)
    if direction != "bidirectional":
        params["go_backwards"] = direction == "reverse"
        return Use(name, params, (x,), outputs, recurrent_weights(node, 0))
    weights = {
        f"{part}_layer.{key}": array
        for index, part in enumerate(("forward", "backward"))
        for key, array in recurrent_weights(node, index).items()
    }
    both = {"layer": {name: params}, "merge_mode": None}
    return Use("Bidirectional", both, (x,), outputs, weights)


def recurrent_weights(node: Node, direction: int) -> dict[str, Array]:
    """One direction's weights, with the gates in our order."""
    biases = node.given(3)
    arrays = {"weight_ih_l0": node.input(1), "weight_hh_l0": node.input(2)}
    if biases is not None:
        of_input, recurrent = np.split(biases, 2, axis=1)
        arrays["bias_ih_l0"] = of_input + recurrent
    return {key: gates_reordered(node.operator, each[direction]) for key, each in arrays.items()}


def gates_reordered(operator: str, matrix: Array) -> Array:
    gates = dict(zip(GATES[operator], np.split(matrix, len(GATES[operator])), strict=True))
    return np.concatenate([gates[gate] for gate in OUR_GATES[operator]])


def recurrent_outputs(node: Node, direction: str) -> tuple[Array | None, ...]:
    """The steps of each direction, `[N, T, units]`, then its states, `[N, units]`.

    ONNX has an axis for the directions, before the batch, and all steps in the order of time.
    """
    known = (*node.outputs, None, None)[: 3 if node.operator == "LSTM" else 2]
    if node.get("layout", 0):
        known = tuple(None if each is None else np.moveaxis(each, 0, -2) for each in known)
    steps, *states = known
    if steps is not None and direction == "reverse":
        steps = steps[::-1]
    directions = range(len(node.input(1)))
    return (
        *(None if steps is None else steps[:, index].swapaxes(0, 1) for index in directions),
        *(None if each is None else each[index] for index in directions for each in states),
    )


@translates("STFT")
def fourier_transform(node: Node) -> Use:
    """Of a real signal, `[N, T, 1]`; all real parts come before the imaginary ones."""
    window = node.given(2)
    length = int(node.input(3)) if window is None else len(window)
    params = {
        **transform(length),
        "frame_step": int(node.input(1)),
        "window": None if window is None else window.tolist(),
    }
    expected = np.concatenate([node.y[..., 0], node.y[..., 1]], axis=2)
    return Use("STFTSpectrogram", params, (node.x,), (expected,))


@translates("DFT")
def whole_fourier_transform(node: Node) -> Use:
    """Of real sequences, `[N, T, C, 1]`, each of which is one frame."""
    axis = node.given(2)
    along = node.get("axis", 1) if axis is None else int(axis)
    if not node.get("onesided", 0) or node.get("inverse", 0) or along != 1:
        raise NotExpressible("only half of the transform of real sequences is given")
    params = {**transform(node.x.shape[1]), "expand_dims": True}
    expected = np.concatenate([node.y[..., 0], node.y[..., 1]], axis=1)[:, None]
    return Use("STFTSpectrogram", params, (node.x[..., 0],), (expected,))


def transform(length: int) -> dict[str, Any]:
    """Both parts of the transform of frames as they are."""
    return {
        "mode": "stft",
        "frame_length": length,
        "fft_length": length,
        "window": None,
        "scaling": None,
    }


# Attention


@dataclass(frozen=True, slots=True)
class Heads:
    """Queries, keys and values, `[N, H, T, K]`, and what is done with them.

    window: how near a key must be; None for any.
    """

    query: Array
    key: Array
    value: Array
    mask: Array | None
    expected: Array
    causal: bool
    scale: float | None
    window: int | None


@translates("Attention", "ai.onnx.preview.FlexAttention")
def attention(node: Node) -> Use:
    """Without projections, unless a layer that has some is needed: these are then identities."""
    heads = heads_of(node)
    require_keys_for_all(heads)
    if heads.query.shape[1] != heads.key.shape[1]:
        return grouped_attention(heads)
    if heads.window or (node.x.ndim == 3 and heads.mask is None):
        return multi_head_attention(heads)
    inputs = [heads.query, heads.key, heads.value]
    if heads.mask is not None:
        missing = heads.query.ndim - heads.mask.ndim
        inputs.append(heads.mask.reshape((1,) * missing + heads.mask.shape))
    params = {"is_causal": heads.causal, "scale": heads.scale}
    return Use("ScaledDotProductAttention", params, tuple(inputs), (heads.expected,))


def heads_of(node: Node) -> Heads:
    node.leave("qk_matmul_output_mode")  # of an output that the layers do not have
    queries, keys = node.get("q_num_heads"), node.get("kv_num_heads")
    left, right = node.get("left_window_size", -1), node.get("right_window_size", -1)
    causal = bool(node.get("is_causal", 0))
    symmetric = left == right or (causal and right == -1)
    if not symmetric:
        raise NotExpressible("a window is the same before and after")
    return Heads(
        with_heads(node.input(0), queries),
        with_heads(node.input(1), keys),
        with_heads(node.input(2), keys),
        node.given(3),
        with_heads(node.y, queries),
        causal,
        node.get("scale"),
        None if left == -1 else left + 1,
    )


def require_keys_for_all(heads: Heads) -> None:
    """Refuse a query that may attend to nothing, of which ONNX makes zeros."""
    if heads.mask is None or heads.mask.dtype != bool:
        return
    sizes = (heads.query.shape[2], heads.key.shape[2])
    attended = heads.mask & (np.tri(*sizes, dtype=bool) if heads.causal else True)
    if not np.broadcast_to(attended, attended.shape[:-2] + sizes).any(axis=-1).all():
        raise NotExpressible("a query that attends to nothing takes the mean of all values")


def with_heads(x: Array, heads: int | None) -> Array:
    """`[N, T, H · K]` as `[N, H, T, K]`, which may be there already."""
    if x.ndim == 4:
        return x
    return x.reshape(*x.shape[:2], heads, -1).swapaxes(1, 2)


def without_heads(x: Array) -> Array:
    """`[N, H, T, K]` as `[N, T, H · K]`."""
    batch, heads, steps, channels = x.shape
    return x.swapaxes(1, 2).reshape(batch, steps, heads * channels)


def multi_head_attention(heads: Heads) -> Use:
    query, key, value, expected = map(
        without_heads, (heads.query, heads.key, heads.value, heads.expected)
    )
    params = {
        "num_heads": heads.query.shape[1],
        "key_dim": heads.query.shape[3],
        "value_dim": heads.value.shape[3],
        "output_shape": value.shape[2],
        **common(heads),
    }
    inputs = (query, value, key, *step_mask(heads))
    sizes = (key.shape[2], value.shape[2], value.shape[2])
    return Use("MultiHeadAttention", params, inputs, (expected,), identities(heads, sizes))


def grouped_attention(heads: Heads) -> Use:
    """The layer's value has as many channels as its query; the projection takes the first."""
    if heads.key.shape[3] != heads.value.shape[3]:
        raise NotExpressible("keys and values have equally many channels")
    query, key, value, expected = map(
        without_heads, (heads.query, heads.key, heads.value, heads.expected)
    )
    channels = query.shape[2]
    params = {
        "num_query_heads": heads.query.shape[1],
        "num_key_value_heads": heads.key.shape[1],
        "head_dim": heads.query.shape[3],
        **common(heads),
    }
    filled = np.pad(value, ((0, 0), (0, 0), (0, channels - value.shape[2])))
    weights = identities(heads, (key.shape[2], value.shape[2], channels))
    weights["value.weight"] = np.eye(value.shape[2], channels, dtype=np.float32)
    inputs = (query, filled, key, *step_mask(heads))
    return Use("GroupQueryAttention", params, inputs, (expected,), weights)


def common(heads: Heads) -> dict[str, Any]:
    return {
        "use_bias": False,
        "use_causal_mask": heads.causal,
        "sliding_window": heads.window,
    }


def identities(heads: Heads, sizes: tuple[int, int, int]) -> dict[str, Array]:
    """Projections that change nothing, but for the scale of the scores."""
    channels = heads.query.shape[3]
    factor = 1.0 if heads.scale is None else heads.scale * math.sqrt(channels)
    names = ("key.weight", "value.weight", "output.weight")
    return {
        "query.weight": factor * np.eye(heads.query.shape[1] * channels, dtype=np.float32),
        **{name: np.eye(size, dtype=np.float32) for name, size in zip(names, sizes, strict=True)},
    }


def step_mask(heads: Heads) -> tuple[Array, ...]:
    """The mask as the layers with projections take it: of bool, `[N, T, S]`."""
    if heads.mask is None:
        return ()
    if heads.mask.dtype != bool or heads.mask.ndim > 2:
        raise NotExpressible("the mask is of bool, and the same for all heads")
    return (heads.mask.reshape((1,) * (3 - heads.mask.ndim) + heads.mask.shape),)


# The others -------------------------------------------------------------------------------------

GROUPS = {
    "no layer computes it element by element": """
        Abs Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Div Erf Floor IsInf IsNaN Log Mod Pow
        Reciprocal Round Sign Sin Sinh Sqrt Tan""",
    "logic and comparisons of tensors": """
        And BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Equal Greater GreaterOrEqual Less
        LessOrEqual Not Or Where Xor""",
    "a type changes, and layers keep theirs": "BitCast Cast CastLike",
    "quantized integers": """
        ConvInteger DequantizeLinear DynamicQuantizeLinear MatMulInteger QLinearConv QLinearMatMul
        QuantizeLinear""",
    "control flow": "If Loop Scan",
    "a sequence or an optional value is no tensor": """
        OptionalGetElement OptionalHasElement SequenceInsert SequenceMap SplitToSequence""",
    "text": "RegexFullMatch StringConcat StringNormalizer StringSplit TfIdfVectorizer",
    "files of images": "ImageDecoder",
    "the size of the output depends on numbers": """
        Compress ConstantOfShape NonMaxSuppression NonZero Range Unique""",
    "no function of a tensor, but of its shape, or of nothing": """
        AffineGrid BlackmanWindow Constant EyeLike HammingWindow HannWindow MelWeightMatrix Shape
        Size""",
    "random": "Bernoulli",
    "a loss, and no layer": "NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss",
    "an optimizer, and no layer": """
        ai.onnx.preview.training.Adagrad ai.onnx.preview.training.Adam
        ai.onnx.preview.training.Momentum""",
    "trees and tables": """
        ai.onnx.ml.ArrayFeatureExtractor ai.onnx.ml.Binarizer ai.onnx.ml.LabelEncoder
        ai.onnx.ml.TreeEnsemble""",
    "positions are inputs, and those of layers are parameters": """
        Col2Im DeformConv GatherElements GatherND GridSample MaxUnpool ReverseSequence RoiAlign
        Scatter ScatterElements ScatterND TensorScatter""",
    "a state goes in and comes out": "LinearAttention",
    "no layer reduces so": """
        ArgMax ArgMin Det Hardmax LpPool ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceProd
        ReduceSumSquare TopK""",
    "no layer runs along an axis so": "CumProd CumSum Trilu",
    "angles are inputs, and the layer computes them": "RotaryEmbedding",
    "the cases have other constants than Keras's function": "Celu HardSigmoid Shrink",
    "the cases have other numbers than 0 and 1": "OneHot",
    "two layers: a silu and a product": "SwiGLU",
}
"""Why operators are not translated."""

REASONS = {
    operator: reason for reason, operators in GROUPS.items() for operator in operators.split()
}
"""The same by operator."""

"""Every pass leaves a whole graph: over all samples, all structures, and the whole zoo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from samples import all_samples, make_graph, sample_graph
from structures import STRUCTURES, structure
from zoo import every_network, network

import specc
from specc.diagnostics import SpecError
from specc.ir import Graph, Item, Node, Region, Value
from specc.layer import LAYERS, Layer, Sample
from specc.passes.appended import append_softmax
from specc.passes.images import images
from specc.passes.layout import REORDER, IoLayout, lay_out
from specc.passes.prune import prune
from specc.passes.verify import BrokenGraph, verify
from specc.tensor import parse_tensor_type

LAYOUTS: tuple[IoLayout, ...] = ("channels_first", "channels_last")


def verify_passes(graph: Graph) -> None:
    """Verify the graph, what pruning leaves of it, and both with each layout."""
    verify(graph)
    pruned, _ = prune(graph)
    verify(pruned)
    for io_layout in LAYOUTS:
        laid_out = lay_out(pruned, io_layout)
        verify(laid_out)
        assert facts(laid_out) == facts(pruned)
        assert boundary(laid_out) == boundary(pruned)


def facts(graph: Graph) -> list[Any]:
    """All that laying out keeps: every node but the reorderings, its place, and its types."""
    return [
        (node.path, node.layer, node.owner, [value.type for value in (*node.inputs, *node.outputs)])
        for node in graph.nodes
        if node.type != REORDER
    ]


def boundary(graph: Graph) -> list[Any]:
    named = (*graph.inputs.items(), *graph.outputs.items())
    return [(name, value.type) for name, value in named]


@pytest.mark.parametrize(("layer", "sample"), all_samples())
def test_samples(layer: type[Layer], sample: Sample) -> None:
    verify_passes(sample_graph(layer, sample))


@pytest.mark.parametrize("name", STRUCTURES)
def test_structures(name: str, tmp_path: Path) -> None:
    verify_passes(structure(name, tmp_path))


OF_NO_CLASSES = {
    *("autoencoder", "dcgan_discriminator", "happy_house", "siamese", "text_lstm"),
    *("unet@batch_normalization", "wide_and_deep"),
}
"""Networks whose one output is a number, or several that are probabilities each for itself."""


@pytest.mark.parametrize(("name", "variant"), every_network())
def test_zoo(name: str, variant: str | None) -> None:
    graph = network(name, variant)
    verify_passes(graph)
    if len(graph.outputs) > 1 or "probabilities" in graph.outputs:
        return
    if name not in OF_NO_CLASSES and f"{name}@{variant}" not in OF_NO_CLASSES:
        verify_passes(append_softmax(graph))
        return
    with pytest.raises(SpecError, match=r"probabilities already|two classes or more"):
        append_softmax(graph)


# What passes may trip over ----------------------------------------------------------------------


def test_pruning_leaves_nothing_that_hangs_in_the_air(tmp_path: Path) -> None:
    """A block's input that no output needs goes, with what made it."""
    graph = structure("unused_parts", tmp_path)
    pruned, _ = prune(graph)
    verify(pruned)
    paths = [item.path for item in pruned.body.descendants()]
    assert paths == ["first", "first.kept", "first_1", "first_1.kept", "flatten"]
    (first, *_) = pruned.body.items
    assert isinstance(first, Region)
    assert [name for name, _ in first.inputs] == ["a"]


@pytest.mark.parametrize("name", ["flatten_input", "dense"])
def test_a_reordering_takes_no_name_of_the_spec(name: str) -> None:
    """`flatten` has its input reordered, by a node named `flatten_input` if that is free."""
    image = Value("x", parse_tensor_type("float32[2, 4, 4, 3]"))
    conv = node(name, LAYERS["Conv2D"](filters=2, kernel_size=1), image)
    flatten = node("flatten", LAYERS["Flatten"](), *conv.outputs)
    graph = make_graph("named", (image,), (conv, flatten), {"y": flatten.outputs[0]})
    verify_passes(graph)
    reorder = next(item for item in lay_out(graph).nodes if item.type == REORDER)
    assert reorder.path == ("flatten_input_1" if name == "flatten_input" else "flatten_input")


# That the verifier sees ------------------------------------------------------------------------


def node(path: str, layer: Layer, *inputs: Value, owner: str = "") -> Node:
    types = layer.infer(*(value.type for value in inputs))
    outputs = tuple(Value(path, type) for type in types)
    weights = layer.weights(*(value.type for value in inputs))
    return Node(path, layer, inputs, outputs, owner or path, weights)


X = Value("x", parse_tensor_type("float32[2, 4, 4, 3]"))
CONV = node("conv", LAYERS["Conv2D"](filters=3, kernel_size=1), X)
AGAIN = node("again", CONV.layer, *CONV.outputs, owner="conv")
OTHER = node("again", LAYERS["Conv2D"](filters=3, kernel_size=2), *CONV.outputs, owner="conv")
RELU = node("relu", LAYERS["ReLU"](), *CONV.outputs)
STRANGER = Value("stranger", X.type)


def chain(*items: Item, outputs: Value = CONV.outputs[0]) -> Graph:
    return make_graph("chain", (X,), items, {"y": outputs})


def block(*items: Item, path: str = "block", **changes: Any) -> Region:
    empty: tuple[tuple[str, Value], ...] = ()
    return replace(Region(path, "block", "block", items, empty, empty, path), **changes)


def ordered(item: Node, order: tuple[int, ...] | None) -> Node:
    return replace(item, outputs=tuple(replace(value, order=order) for value in item.outputs))


BROKEN: dict[str, tuple[Callable[[], Graph], str]] = {
    "two nodes of one path": (
        lambda: chain(CONV, replace(RELU, path="conv", owner="conv")),
        "conv: the path of 2",
    ),
    "two values of one name": (
        lambda: chain(CONV, replace(RELU, outputs=(Value("conv", X.type),))),
        "conv: the name of 2",
    ),
    "an item outside of its region's path": (
        lambda: chain(CONV, block(RELU)),
        "relu: stands in block",
    ),
    "a use before the definition": (
        lambda: chain(RELU, CONV),
        "relu: conv is not defined there",
    ),
    "a value defined twice": (
        lambda: chain(CONV, replace(RELU, outputs=CONV.outputs)),
        "relu: makes conv again",
    ),
    "an output from nowhere": (
        lambda: chain(CONV, outputs=STRANGER),
        "the model: stranger is not defined there",
    ),
    "a block's input from nowhere": (
        lambda: chain(CONV, block(inputs=(("x", STRANGER),))),
        "block: stranger is not defined there",
    ),
    "a block's output from nowhere": (
        lambda: chain(CONV, block(outputs=(("y", STRANGER),))),
        "block: stranger is not defined there",
    ),
    "inputs that the body does not have": (
        lambda: replace(chain(CONV), inputs={"z": X}),
        "the inputs of the model",
    ),
    "outputs that the body does not have": (
        lambda: replace(chain(CONV), outputs={"z": X}),
        "the outputs of the model",
    ),
    "a type that the layer does not give": (
        lambda: chain(
            CONV, replace(RELU, outputs=(Value("relu", parse_tensor_type("float32[2]")),))
        ),
        "relu: its layer gives float32[2, 4, 4, 3]",
    ),
    "an owner that comes later": (
        lambda: chain(replace(CONV, owner="last"), replace(RELU, path="last", owner="last")),
        "conv: its owner last is not before it",
    ),
    "an owner with other weights": (
        lambda: chain(CONV, OTHER),
        "again: its owner conv has other weights",
    ),
    "an owner of another kind": (
        lambda: chain(CONV, block(owner="conv")),
        "block: its owner conv has other weights",
    ),
    "an order that leaves out an axis": (
        lambda: chain(ordered(CONV, (0, 3, 1, 1))),
        "is no order of",
    ),
    "a convolution with channels last in a graph laid out": (
        lambda: chain(CONV, ordered(RELU, (0, 3, 1, 2))),
        "conv: has x in None, conv in None",
    ),
    "a layer of any layout that changes it": (
        lambda: chain(CONV, ordered(RELU, (0, 3, 1, 2))),
        "relu: has conv in None, relu in (0, 3, 1, 2)",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_graph_is_seen(what: str) -> None:
    make, message = BROKEN[what]
    with pytest.raises(BrokenGraph) as caught:
        verify(make())
    assert message in str(caught.value)


def test_a_whole_graph_is_not_broken() -> None:
    """What the broken ones were made of."""
    verify(chain(CONV, AGAIN, RELU, outputs=RELU.outputs[0]))


HEADS = '{x: "float32[N, 2, T, 4]", more: "float32[N, 2, T, T]", mask: "bool[N, 2, T, T]"}'
PICTURE = '{x: "float32[N, 6, 5, 4]", mask: "bool[N, 6, 5, 5]"}'
ROWS = "{num_heads: 2, key_dim: 2, attention_axes: 2}"
SEEN = "GlobalAveragePooling2D: , inputs: more, name: seen"


@pytest.mark.parametrize(
    ("inputs", "layers", "expected"),
    [
        (HEADS, "[{ScaledDotProductAttention: , inputs: [x, x, x, mask]}]", ""),
        (HEADS, "[{ScaledDotProductAttention: , inputs: [x, x, x, more, mask]}]", ""),
        (
            HEADS,
            "[{ReLU: , inputs: more}, {ScaledDotProductAttention: , inputs: [x, x, x, prev]}]",
            "",
        ),
        (HEADS, f"[{{{SEEN}}}, {{ScaledDotProductAttention: , inputs: [x, x, x, more]}}]", "more"),
        (HEADS, "[{RotaryEmbedding: {sequence_axis: -2}, inputs: x}, {ReLU: }]", ""),
        (PICTURE, f"[{{MultiHeadAttention: {ROWS}, inputs: [x, x, mask]}}]", "x output"),
        (PICTURE, "[{Flatten: , inputs: x}, {Dense: 3}]", "x"),
        (PICTURE, "[{ReLU: , inputs: x}, {Conv2D: {filters: 2, kernel_size: 1}}]", "x output"),
        ('{x: "float32[N, 8]"}', "[{Dense: 12}, {Reshape: [2, 2, 3]}]", "output"),
    ],
)
def test_images_are_what_no_attention_takes_for_heads_or_masks(
    inputs: str, layers: str, expected: str, tmp_path: Path
) -> None:
    """Of the inputs that are used, and the outputs: the last layer's, and `seen`."""
    outputs = "[seen, output]" if "seen" in layers else "[output]"
    named = layers.removesuffix("}]") + ", name: output}]"
    text = f"specc: 1\ninputs: {inputs}\nlayers: {named}\noutputs: {outputs}\n"
    (tmp_path / "net.yaml").write_text(text, "utf-8")
    graph = specc.load(tmp_path / "net.yaml").graph
    used = {value for node in graph.nodes for value in node.inputs}
    ends = {name: value for name, value in graph.inputs.items() if value in used} | graph.outputs
    found = images(graph)
    assert {name for name, value in ends.items() if value in found} == {*expected.split()}


def test_a_reordering_that_changes_nothing_is_seen(tmp_path: Path) -> None:
    laid_out = lay_out(structure("conv_flatten_dense_reshape_conv", tmp_path))
    found = next(item for item in laid_out.nodes if item.type == REORDER)
    idle = ordered(found, found.inputs[0].order)
    items = tuple(idle if item is found else item for item in laid_out.body.items)
    with pytest.raises(BrokenGraph, match=f"{found.path}: reorders nothing"):
        verify(replace(laid_out, body=replace(laid_out.body, items=items)))

"""The zoo: every spec in it holds what it says, and is the network that its source describes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from zoo import every_network, network

import specc.zoo
from specc.checking import check_file
from specc.diagnostics import Report
from specc.dims import symbols
from specc.ir import Graph, Node
from specc.summary import summarize
from specc.syntax.document import Document
from specc.syntax.program import load_program


def document(name: str) -> Document:
    program = load_program(specc.zoo.path(name), Report())
    assert program is not None
    return program.document


all_networks = pytest.mark.parametrize(("name", "variant"), every_network())


# What every spec of the zoo owes ----------------------------------------------------------------


@all_networks
def test_it_checks_clean(name: str, variant: str | None) -> None:
    checked = check_file(specc.zoo.path(name), variant=variant)
    assert checked.report.diagnostics == []
    assert not checked.expectation_skipped


@all_networks
def test_it_expects_its_counts_and_its_outputs(name: str, variant: str | None) -> None:
    expect = document(name).expect_of(variant)
    assert expect is not None
    assert expect.parameters
    assert expect.trainable_parameters
    assert expect.outputs is not None
    assert set(expect.outputs) == set(network(name, variant).outputs)


@all_networks
def test_the_batch_is_open(name: str, variant: str | None) -> None:
    found = network(name, variant)
    for value in (*found.inputs.values(), *found.outputs.values()):
        assert symbols(value.type.shape[0]) == {"N"}


@pytest.mark.parametrize("name", specc.zoo.names())
def test_it_is_named_as_its_file_and_says_where_it_is_from(name: str) -> None:
    assert document(name).name == name
    assert len(document(name).description) > 40


@pytest.mark.parametrize("name", specc.zoo.names())
def test_its_lines_are_no_longer_than_those_of_the_code(name: str) -> None:
    lines = specc.zoo.path(name).read_text("utf-8").splitlines()
    assert max(len(line) for line in lines) <= 100


def test_a_name_is_never_a_path() -> None:
    with pytest.raises(KeyError):
        specc.zoo.path("../specs/densenet")


# Parameters as their sources have them ----------------------------------------------------------

COUNTS = {  # all, trainable
    "happy_house": (37_633, 37_569),
    "signs": (1_310, 1_310),
    "cifar100_cnn": (6_850_792, 6_850_792),
    "densenet": (8_062_504, 7_978_856),
    "densenet@densenet121": (8_062_504, 7_978_856),
    "densenet@densenet169": (14_307_880, 14_149_480),
    "densenet@densenet201": (20_242_984, 20_013_928),
    "densenet@four_classes": (7_041_604, 6_957_956),
    "densenet_keras": (7_041_604, 6_957_956),
    "monkeypox": (22_175_138, 22_175_138),
    "flowers": (3_989_285, 3_989_285),
    "flowers@augmented": (3_989_285, 3_989_285),
    "fashion_mlp": (101_770, 101_770),
    "fashion_mlp@softmax": (101_770, 101_770),
    "dense_digits": (55_050, 55_050),
    "resnet@resnet50_v1_5": (25_610_152, 25_557_032),
}


@pytest.mark.parametrize("spec", COUNTS)
def test_parameters(spec: str) -> None:
    name, _, variant = spec.partition("@")
    found = network(name, variant or None)
    assert (found.parameters, found.trainable_parameters) == COUNTS[spec]


# What makes a network the one of its paper ------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "variant", "depth"),
    [
        ("densenet", "densenet121", 121),
        ("densenet", "densenet169", 169),
        ("densenet", "densenet201", 201),
        ("resnet", "resnet18", 18),
        ("resnet", "resnet34", 34),
        ("resnet", "resnet50", 50),
        ("resnet", "resnet101", 101),
        ("resnet", "resnet152", 152),
        ("resnet_v2", "resnet50_v2", 50),
    ],
)
def test_the_number_in_its_name_is_its_depth(name: str, variant: str | None, depth: int) -> None:
    """Convolutions and dense layers in a row: a projection beside the row does not count."""
    found = network(name, variant)
    beside = {"shortcut", "projected"}
    projections = sum(bool(beside & {*node.path.split(".")}) for node in nodes(found, "Conv2D"))
    assert count(found, "Conv2D", "Dense") - projections == depth


@pytest.mark.parametrize(
    ("variant", "strided"),
    [("resnet50", {(1, 1): 6}), ("resnet50_v1_5", {(3, 3): 3, (1, 1): 3})],
)
def test_resnet50_strides_as_its_form_does(variant: str, strided: dict[Any, int]) -> None:
    """Beside the projections, in the first 1×1 convolution of a block or in its 3×3, as v1.5."""
    stem, *convolutions = nodes(network("resnet", variant), "Conv2D")
    assert stem.layer.kernel_size == (7, 7)
    sizes = [node.layer.kernel_size for node in convolutions if node.layer.strides == (2, 2)]
    assert Counter(sizes) == strided


def test_both_forms_of_densenet_have_the_same_weights() -> None:
    pytorch, keras = network("densenet", "four_classes"), network("densenet_keras")
    shapes = [[weight.shape for weight in form.weights.values()] for form in (pytorch, keras)]
    assert shapes[0] == shapes[1]


def test_the_forms_of_densenet_differ_in_their_conventions() -> None:
    pytorch, keras = network("densenet", "four_classes"), network("densenet_keras")
    assert conventions(pytorch) == (False, 0.9, 1e-5, "he_normal", None)
    assert conventions(keras) == (True, 0.99, 1e-3, "glorot_normal", 5e-5)


def conventions(network: Graph) -> tuple[object, ...]:
    """`same` padding, momentum, epsilon, initializer and L2: each one value in all of a network."""
    found = {
        (
            node.layer.padding == "same",
            norm.layer.momentum,
            norm.layer.epsilon,
            node.layer.kernel_initializer.name,
            node.layer.kernel_regularizer and node.layer.kernel_regularizer.l2,
        )
        for node in nodes(network, "Conv2D")
        for norm in nodes(network, "BatchNormalization")
    }
    (only,) = found
    return only


@pytest.mark.parametrize(
    ("name", "bottom", "top"),
    [
        ("fpn", "resnet50_v1_5", {"m2", "m3", "m4", "m5", "smooth"}),
        ("deeplab_v3", "resnet50_v1_5", {"surroundings", "logits", "auxiliary"}),
    ],
)
def test_what_stands_on_a_residual_network_takes_its_weights(
    name: str, bottom: str, top: set[str]
) -> None:
    weights = {key: weight.shape for key, weight in network(name).weights.items()}
    trained = {key: weight.shape for key, weight in network("resnet", bottom).weights.items()}
    below = {key: shape for key, shape in weights.items() if key.split(".")[0] not in top}
    assert below == {key: shape for key, shape in trained.items() if not key.startswith("logits")}


def test_deeplab_looks_further_where_a_residual_network_halves() -> None:
    wide = [node for node in nodes(network("deeplab_v3"), "Conv2D") if node.path[:5] == "stage"]
    rates = [node.layer.dilation_rate[0] for node in wide if node.layer.kernel_size == (3, 3)]
    assert rates == [1] * 3 + [1] * 4 + [1, 2, 2, 2, 2, 2] + [2, 4, 4]


def test_both_images_of_a_siamese_network_go_through_the_same_weights() -> None:
    found = network("siamese")
    assert {key.split(".")[0] for key in found.weights} == {"embedded", "same"}
    assert count(found, "Conv2D") == 2 * 4


def test_augmentation_adds_layers_without_weights() -> None:
    plain, augmented = network("flowers"), network("flowers", "augmented")
    more = Counter(node.type for node in augmented.nodes) - Counter(n.type for n in plain.nodes)
    assert set(more) == {"RandomFlip", "RandomRotation", "RandomZoom", "Dropout"}
    assert augmented.weights.keys() == plain.weights.keys()


def test_the_softmax_variant_appends_one_layer() -> None:
    plain, variant = network("fashion_mlp"), network("fashion_mlp", "softmax")
    assert [node.path for node in variant.nodes] == [
        *(n.path for n in plain.nodes),
        "probabilities",
    ]


def nodes(network: Graph, *types: str) -> list[Node]:
    return [node for node in network.nodes if node.type in types]


def count(network: Graph, *types: str) -> int:
    return len(nodes(network, *types))


# The rows of Keras's own summary ----------------------------------------------------------------


def happy_house() -> Any:
    from keras import Input, Model, layers

    image = Input((64, 64, 3), name="image")
    x = layers.ZeroPadding2D((3, 3))(image)
    x = layers.Conv2D(32, (7, 7), strides=(1, 1))(x)
    x = layers.BatchNormalization(axis=3)(x)
    x = layers.ReLU()(x)
    x = layers.MaxPooling2D((2, 2))(x)
    x = layers.Flatten()(x)
    x = layers.Dense(1, activation="sigmoid", name="probability")(x)
    return Model(image, x)


def signs() -> Any:
    from keras import Input, Model, layers

    image = Input((64, 64, 3), name="image")
    x = layers.Conv2D(8, (4, 4), padding="same")(image)
    x = layers.ReLU()(x)
    x = layers.MaxPooling2D((8, 8), padding="same")(x)
    x = layers.Conv2D(16, (2, 2), padding="same")(x)
    x = layers.ReLU()(x)
    x = layers.MaxPooling2D((4, 4), padding="same")(x)
    x = layers.Flatten()(x)
    x = layers.Dense(6, activation="softmax", name="probabilities")(x)
    return Model(image, x)


def cifar100_cnn() -> Any:
    from keras import Input, Sequential, layers

    return Sequential(
        [
            Input((32, 32, 3), name="image"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(128, 3, activation="relu"),
            layers.Conv2D(256, 3, activation="relu"),
            layers.Conv2D(512, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(1024, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(500, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(100, activation="softmax", name="probabilities"),
        ]
    )


@pytest.mark.parametrize("by_hand", [happy_house, signs, cifar100_cnn], ids=lambda f: f.__name__)
def test_the_summary_has_the_rows_of_keras(by_hand: Callable[[], Any]) -> None:
    import keras

    keras.backend.clear_session()  # which numbers the layers anew
    model = by_hand()
    model = keras.Model(model.inputs, model.outputs)  # a Sequential would not show its input
    summary = summarize(network(by_hand.__name__)).as_json()
    assert [
        (row["name"], row["type"], row["output_shape"], row["parameters"])
        for row in summary["layers"]
    ] == [
        (layer.name, type(layer).__name__, list(layer.output.shape), layer.count_params())
        for layer in model.layers
    ]
    assert summary["parameters"] == model.count_params()

"""Every layer holds what its declaration says: shapes, weights, cost, faults, and Keras's defaults.

No layer is named in a list: the tests walk `LAYERS` and the samples that stand on each class. What
a layer computes is compared between the backends elsewhere.
"""

from __future__ import annotations

import inspect
from math import prod
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from specc.activations import ACTIVATIONS, ALIASES
from specc.codes import CODES
from specc.layer import LAYERS, Fault, Layer, Layout, Sample
from specc.proofs import at_least
from specc.shapes import Window
from specc.tensor import TensorType, parse_tensor_type

SAMPLES = [
    pytest.param(LAYERS[name], sample, id=f"{name}-{index}")
    for name in LAYERS
    for index, sample in enumerate(LAYERS[name].samples)
]
CLASSES = [pytest.param(LAYERS[name], id=name) for name in LAYERS]


def types(texts: tuple[str, ...]) -> tuple[TensorType, ...]:
    return tuple(parse_tensor_type(text) for text in texts)


def built(kind: type[Layer], sample: Sample) -> tuple[Layer, tuple[TensorType, ...]]:
    return kind.model_validate(dict(sample.params)), types(sample.inputs)


# --- samples ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "sample"), SAMPLES)
def test_infers_the_declared_outputs(kind: type[Layer], sample: Sample) -> None:
    layer, inputs = built(kind, sample)
    assert layer.infer(*inputs) == types(sample.outputs)


@pytest.mark.parametrize(("kind", "sample"), SAMPLES)
def test_takes_the_number_of_inputs_it_declares(kind: type[Layer], sample: Sample) -> None:
    least, most = kind.arity
    assert least <= len(sample.inputs) <= most


@pytest.mark.parametrize(("kind", "sample"), SAMPLES)
def test_has_the_declared_number_of_parameters(kind: type[Layer], sample: Sample) -> None:
    layer, inputs = built(kind, sample)
    assert sum(prod(w.shape) for w in layer.weights(*inputs).values()) == sample.parameters


@pytest.mark.parametrize(("kind", "sample"), SAMPLES)
def test_initializers_and_regularizers_reach_a_weight(kind: type[Layer], sample: Sample) -> None:
    layer, inputs = built(kind, sample)
    weights = layer.weights(*inputs).values()
    reached = [*(w.initializer for w in weights), *(w.regularizer for w in weights)]
    given = [name for name in sample.params if name.endswith(("_initializer", "_regularizer"))]
    assert [name for name in given if getattr(layer, name) not in reached] == []


@pytest.mark.parametrize(("kind", "sample"), SAMPLES)
def test_flops_are_a_size(kind: type[Layer], sample: Sample) -> None:
    layer, inputs = built(kind, sample)
    assert at_least(layer.flops(*inputs), 0) is True


@pytest.mark.parametrize(("kind", "sample"), SAMPLES)
def test_layout_is_one_of_the_three(kind: type[Layer], sample: Sample) -> None:
    layer, inputs = built(kind, sample)
    assert layer.layout_for(*inputs) in get_args(Layout)


# --- declarations -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CLASSES)
def test_samples_exercise_every_parameter(kind: type[Layer]) -> None:
    layers = [built(kind, sample)[0] for sample in kind.samples]
    still = [
        name
        for name, field in kind.model_fields.items()
        if all(getattr(layer, name) == field.default for layer in layers)
    ]
    assert layers
    assert still == []


@pytest.mark.parametrize("kind", CLASSES)
def test_some_sample_has_an_unknown_size(kind: type[Layer]) -> None:
    inputs = [type for sample in kind.samples for type in types(sample.inputs)]
    assert any(not isinstance(type.elements, int) for type in inputs)


@pytest.mark.parametrize("kind", CLASSES)
def test_is_documented(kind: type[Layer]) -> None:
    # `__doc__` of the class itself: pydantic and inspect would give a base's.
    docstring = vars(kind).get("__doc__") or ""
    assert "Source: " in docstring
    assert [name for name, field in kind.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("kind", CLASSES)
def test_primary_is_a_parameter(kind: type[Layer]) -> None:
    required = [name for name, field in kind.model_fields.items() if field.is_required()]
    assert kind.primary is None or kind.primary in kind.model_fields
    assert kind.primary is None or required == [] or kind.primary in required


@pytest.mark.parametrize("kind", CLASSES)
def test_has_a_json_schema(kind: type[Layer]) -> None:
    assert set(kind.model_json_schema().get("properties", {})) == set(kind.model_fields)


@pytest.mark.parametrize("kind", CLASSES)
def test_random_samples_are_not_compared_in_training(kind: type[Layer]) -> None:
    seeded = [sample for sample in kind.samples if "seed" in sample.params]
    assert not any(sample.training for sample in seeded)


def test_activation_has_a_sample_for_every_name() -> None:
    activation = LAYERS["Activation"]
    used = {
        built(activation, sample)[0].model_dump()["activation"] for sample in activation.samples
    }
    assert used == set(ACTIVATIONS)
    assert not used & set(ALIASES)


# --- Keras ------------------------------------------------------------------------------------

# Keras's parameters that the language leaves out: it is channels last, and has names of its own.
LEFT_OUT = {
    *("self", "kwargs", "name", "data_format"),
    *("activity_regularizer", "kernel_constraint", "bias_constraint"),
    *("beta_constraint", "gamma_constraint", "lora_rank", "lora_alpha", "quantization_config"),
    *("renorm", "renorm_clipping", "renorm_momentum", "synchronized"),
}

OWN_DEFAULTS = {("AveragePooling2D", "pool_size")}


def keras_parameters(name: str) -> dict[str, inspect.Parameter]:
    import keras

    parameters = inspect.signature(getattr(keras.layers, name).__init__).parameters
    return {name: parameter for name, parameter in parameters.items() if name not in LEFT_OUT}


@pytest.mark.parametrize("kind", CLASSES)
def test_parameters_and_defaults_are_those_of_keras(kind: type[Layer]) -> None:
    import keras

    if not hasattr(keras.layers, kind.__name__):
        assert "keras.layers" not in (kind.__doc__ or "")
        return
    theirs = keras_parameters(kind.__name__)
    assert list(kind.model_fields) == list(theirs)
    sample = kind.samples[0].params
    required = {n: v for n, v in sample.items() if kind.model_fields[n].is_required()}
    for name, parameter in theirs.items():
        if name in required or (kind.__name__, name) in OWN_DEFAULTS:
            assert parameter.default is parameter.empty, name
        else:
            explicit = kind.model_validate({**required, name: parameter.default})
            assert explicit == kind.model_validate(required), name


# --- faults -----------------------------------------------------------------------------------

IMAGE = "float32[N, 8, 9, 4]"

FAULTS: list[tuple[str, dict[str, Any], tuple[str, ...], str, str]] = [
    ("Conv2D", {"filters": 4, "kernel_size": 3}, ("float32[N, 9]",), "rank-mismatch", "received 2"),
    (
        "Conv2D",
        {"filters": 4, "kernel_size": 3},
        ("uint8[N, 8, 8, 3]",),
        "dtype-mismatch",
        "received uint8",
    ),
    (
        "Conv2D",
        {"filters": 4, "kernel_size": 3},
        ("float32[N, 8, 8, C]",),
        "unknown-size",
        "the channels must be a constant, and is `C`",
    ),
    (
        "Conv2D",
        {"filters": 4, "kernel_size": (3, 10)},
        (IMAGE,),
        "kernel-too-large",
        "a window of 10 does not fit the width of 9",
    ),
    (
        "Conv2D",
        {"filters": 4, "kernel_size": 5, "dilation_rate": 3, "padding": 1},
        (IMAGE,),
        "kernel-too-large",
        "a window of 5 (dilated to 13) does not fit the height of 8 padded to 10",
    ),
    (
        "Conv2D",
        {"filters": 4, "kernel_size": 3, "groups": 3},
        (IMAGE,),
        "not-divisible",
        "4 channels cannot be divided into 3 groups",
    ),
    (
        "Conv2D",
        {"filters": 5, "kernel_size": 3, "groups": 2},
        (IMAGE,),
        "not-divisible",
        "5 filters cannot be divided into 2 groups",
    ),
    (
        "Conv2D",
        {"filters": 4, "kernel_size": 3, "strides": 2, "dilation_rate": 2},
        (IMAGE,),
        "invalid-parameter",
        "cannot both be larger than 1",
    ),
    (
        "Conv2D",
        {"filters": 4, "kernel_size": 3, "activation": "glu"},
        (IMAGE,),
        "invalid-parameter",
        "glu, which halves the channels",
    ),
    ("Dense", {"units": 4}, ("float32[N]",), "rank-mismatch", "at least 2 axes"),
    ("Dense", {"units": 4}, ("int32[N, 3]",), "dtype-mismatch", "received int32"),
    ("Dense", {"units": 4}, ("float32[N, T]",), "unknown-size", "is `T`"),
    (
        "Dense",
        {"units": 4, "activation": "glu"},
        ("float32[N, 3]",),
        "invalid-parameter",
        "keeps the shape",
    ),
    ("Activation", {"activation": "relu"}, ("bool[N, 3]",), "dtype-mismatch", "received bool"),
    ("Activation", {"activation": "glu"}, ("float32[N, 3]",), "not-divisible", "3 is not surely"),
    ("Activation", {"activation": "glu"}, ("float32[N, C]",), "not-divisible", "C is not surely"),
    ("Activation", {"activation": "softmax"}, ("float32[N]",), "rank-mismatch", "at least 2"),
    ("ReLU", {}, ("int64[N, 3]",), "dtype-mismatch", "received int64"),
    ("LeakyReLU", {}, ("int64[N, 3]",), "dtype-mismatch", "received int64"),
    ("Softmax", {}, ("int64[N, 3]",), "dtype-mismatch", "received int64"),
    ("Softmax", {"axis": 4}, (IMAGE,), "invalid-parameter", "the input's 4, received 4"),
    ("Softmax", {"axis": -5}, (IMAGE,), "invalid-parameter", "received -5"),
    ("Softmax", {"axis": 0}, (IMAGE,), "invalid-parameter", "beside the batch"),
    ("Softmax", {"axis": (3, -1)}, (IMAGE,), "invalid-parameter", "each axis once"),
    ("Softmax", {}, ("float32[N]",), "rank-mismatch", "beside the batch"),
    ("BatchNormalization", {"axis": -4}, (IMAGE,), "invalid-parameter", "beside the batch"),
    ("BatchNormalization", {}, ("int8[N, 3]",), "dtype-mismatch", "received int8"),
    (
        "BatchNormalization",
        {"axis": 1, "center": False, "scale": False},
        ("float32[N, h, w, 3]",),
        "unknown-size",
        "the height must be a constant, and is `h`",
    ),
    ("LayerNormalization", {"axis": (1, 4)}, (IMAGE,), "invalid-parameter", "received 4"),
    ("LayerNormalization", {"axis": 1}, ("float32[N, T, 3]",), "unknown-size", "is `T`"),
    ("LayerNormalization", {}, ("uint8[N, 3]",), "dtype-mismatch", "received uint8"),
    ("LocalResponseNormalization", {"size": 5}, ("float32[N, 3]",), "rank-mismatch", "4 axes"),
    ("LocalContrastNormalization", {}, ("uint8[N, 8, 8, 3]",), "dtype-mismatch", "uint8"),
    ("MaxPooling2D", {}, ("float32[N, 8, 3]",), "rank-mismatch", "expected 4 axes [N, H, W, C]"),
    ("MaxPooling2D", {"pool_size": 9}, (IMAGE,), "kernel-too-large", "the height of 8"),
    (
        "AveragePooling2D",
        {"pool_size": (3, 2), "padding": (0, 2)},
        (IMAGE,),
        "invalid-parameter",
        "pads smaller than the window of 2, received 2",
    ),
    (
        "AveragePooling2D",
        {"pool_size": 2},
        ("uint8[N, 8, 8, 3]",),
        "dtype-mismatch",
        "received uint8",
    ),
    ("GlobalAveragePooling2D", {}, ("float32[N, 3]",), "rank-mismatch", "received 2: [N, 3]"),
    ("GlobalMaxPooling2D", {}, ("int32[N, 8, 8, 3]",), "dtype-mismatch", "received int32"),
    ("ZeroPadding2D", {}, ("float32[N, 3]",), "rank-mismatch", "expected 4 axes"),
    ("Flatten", {}, ("float32[]",), "rank-mismatch", "at least 1 axes"),
    (
        "Reshape",
        {"target_shape": (7, 7)},
        ("float32[N, 50]",),
        "shape-mismatch",
        "expected a shape of 50 elements, received [7, 7]",
    ),
    ("Reshape", {"target_shape": (-1, 7)}, ("float32[N, 50]",), "shape-mismatch", "[-1, 7]"),
    ("Reshape", {"target_shape": (50,)}, ("float32[N, h, 5]",), "unprovable", "5*h elements"),
    ("Reshape", {"target_shape": (-1, 4)}, ("float32[N, h, 5]",), "unprovable", "[-1, 4]"),
    ("Dropout", {"rate": 0.5}, ("int32[N, 3]",), "dtype-mismatch", "received int32"),
    (
        "Dropout",
        {"rate": 0.5, "noise_shape": (1,)},
        ("float32[N, 3]",),
        "invalid-parameter",
        "one for each axis of [N, 3], received 1",
    ),
    (
        "Dropout",
        {"rate": 0.5, "noise_shape": (None, 2)},
        ("float32[N, 3]",),
        "invalid-parameter",
        "expected null, 1 or 3 for axis 1, received 2",
    ),
    (
        "Concatenate",
        {},
        (IMAGE, "float32[N, 7, 9, 4]"),
        "shape-mismatch",
        "axis 1 (height) is 8 and 7",
    ),
    (
        "Concatenate",
        {},
        ("float32[N, 8, w, 4]", "float32[N, 8, 2*v, 4]"),
        "unprovable",
        "axis 2 (width) is w and 2*v",
    ),
    ("Concatenate", {}, (IMAGE, "float32[N, 4]"), "rank-mismatch", "received 2: [N, 4]"),
    ("Concatenate", {}, (IMAGE, "float16[N, 8, 9, 4]"), "dtype-mismatch", "received float16"),
    ("Concatenate", {"axis": 0}, (IMAGE, IMAGE), "invalid-parameter", "beside the batch"),
    ("Concatenate", {"axis": 7}, (IMAGE, IMAGE), "invalid-parameter", "received 7"),
    (
        "Add",
        {},
        (IMAGE, IMAGE, "float32[N, 8, 9, 2]"),
        "shape-mismatch",
        "Add needs equal shapes: axis 3 (channels) is 4 and 2",
    ),
    ("Add", {}, ("float32[1, 3]", "float32[2, 3]"), "shape-mismatch", "axis 0 (batch) is 1 and 2"),
    ("Add", {}, ("float32[N, h]", "float32[N, w]"), "unprovable", "axis 1 (channels) is h and w"),
    ("Add", {}, ("uint8[N, 3]", "uint8[N, 3]"), "dtype-mismatch", "received uint8"),
    ("Add", {}, ("float32[]", "float32[N, 3]"), "rank-mismatch", "a scalar"),
    ("Multiply", {}, (IMAGE, "float32[N, 8, 1]"), "shape-mismatch", "axis 2 (width)"),
    ("Multiply", {}, (IMAGE, "float64[N, 8, 9, 4]"), "dtype-mismatch", "received float64"),
    ("Rescaling", {"scale": (1.0, 2.0)}, (IMAGE,), "invalid-parameter", "expected 4 numbers"),
    ("Rescaling", {"scale": 1, "offset": (1.0,)}, ("float32[N, C]",), "unknown-size", "is `C`"),
    ("RandomFlip", {}, ("float32[N, 3]",), "rank-mismatch", "expected 4 axes"),
    ("RandomRotation", {"factor": 0.1}, ("float32[N, 8, 8]",), "rank-mismatch", "received 3"),
    ("RandomZoom", {"height_factor": 0.1}, ("float32[N]",), "rank-mismatch", "received 1"),
]


@pytest.mark.parametrize(("name", "params", "inputs", "code", "message"), FAULTS)
def test_refuses_inputs_that_do_not_fit(
    name: str, params: dict[str, Any], inputs: tuple[str, ...], code: str, message: str
) -> None:
    layer = LAYERS[name].model_validate(params)
    with pytest.raises(Fault) as caught:
        layer.infer(*types(inputs))
    fault = caught.value
    assert fault.code == code
    assert code in CODES
    assert message in fault.message
    assert fault.parameter is None or fault.parameter in type(layer).model_fields
    assert fault.input is None or fault.input < len(inputs)


@pytest.mark.parametrize(
    ("inputs", "at_fault"), [((IMAGE, IMAGE, "float32[N, 8, 9, 2]"), 2), ((IMAGE, "int8[N, 8]"), 1)]
)
def test_a_fault_names_the_input(inputs: tuple[str, ...], at_fault: int) -> None:
    with pytest.raises(Fault) as caught:
        LAYERS["Add"]().infer(*types(inputs))
    assert caught.value.input == at_fault


def test_an_unprovable_size_says_what_to_declare() -> None:
    with pytest.raises(Fault) as caught:
        LAYERS["Add"]().infer(*types(("float32[N, 2*(h//2), 4]", "float32[N, h, 4]")))
    assert caught.value.help == "declare h as 2*h"


WRONG_PARAMETERS: list[tuple[str, dict[str, Any], str]] = [
    ("Conv2D", {"filters": 0, "kernel_size": 3}, "filters"),
    ("Conv2D", {"filters": True, "kernel_size": 3}, "filters"),
    ("Conv2D", {"filters": 3.0, "kernel_size": 3}, "filters"),
    ("Conv2D", {"filters": 4, "kernel_size": (3, 3, 3)}, "kernel_size"),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "padding": "full"}, "padding"),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "padding": -1}, "padding"),
    ("Dense", {"units": 2**31}, "units"),
    ("Dense", {"units": 4, "use_bias": 1}, "use_bias"),
    ("Dense", {"units": 4, "kernel_initializer": "he"}, "kernel_initializer"),
    ("Activation", {"activation": "rellu"}, "activation"),
    ("ReLU", {"max_value": -1}, "max_value"),
    ("LeakyReLU", {"negative_slope": float("inf")}, "negative_slope"),
    ("Softmax", {"axis": ()}, "axis"),
    ("BatchNormalization", {"momentum": 1.1}, "momentum"),
    ("BatchNormalization", {"epsilon": 0}, "epsilon"),
    ("BatchNormalization", {"axis": (1, 2)}, "axis"),
    ("LocalResponseNormalization", {"size": 4}, "size"),
    ("LocalContrastNormalization", {"size": 0}, "size"),
    ("ZeroPadding2D", {"padding": ((1, 1), (1, -1))}, "padding"),
    ("Reshape", {"target_shape": (-1, -1)}, "target_shape"),
    ("Reshape", {"target_shape": (0, 4)}, "target_shape"),
    ("Reshape", {"target_shape": (-2, 4)}, "target_shape"),
    ("Reshape", {"target_shape": (1,) * 8}, "target_shape"),
    ("Dropout", {"rate": 1.5}, "rate"),
    ("Dropout", {"rate": 0.5, "seed": -1}, "seed"),
    ("Rescaling", {"scale": float("nan")}, "scale"),
    ("RandomFlip", {"mode": "diagonal"}, "mode"),
    ("RandomRotation", {"factor": 1.5}, "factor"),
    ("RandomRotation", {"factor": True}, "factor"),
    ("RandomZoom", {"height_factor": (-1.0, 0.5)}, "height_factor"),
    ("RandomZoom", {"height_factor": 0.5, "width_factor": "wide"}, "width_factor"),
]


@pytest.mark.parametrize(("name", "params", "parameter"), WRONG_PARAMETERS)
def test_refuses_wrong_parameters(name: str, params: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ValidationError) as caught:
        LAYERS[name].model_validate(params)
    assert {error["loc"][0] for error in caught.value.errors()} == {parameter}


# --- windows ----------------------------------------------------------------------------------


@given(
    kernel=st.integers(1, 9),
    stride=st.integers(1, 9),
    dilation=st.integers(1, 4),
    padding=st.sampled_from(["valid", "same"]) | st.tuples(st.integers(0, 8), st.integers(0, 8)),
    size=st.integers(1, 64),
)
def test_windows_lie_inside_the_padded_axis(
    kernel: int, stride: int, dilation: int, padding: Any, size: int
) -> None:
    window = Window(kernel, stride, dilation, padding)
    pads = window.pads(size)
    assert pads is not None
    starts = range(-pads[0], size + pads[1] - window.extent + 1, stride)
    assert window.output(size) == len(starts) or window.output(size) <= 0 == len(starts)
    if padding == "same":
        assert len(starts) == -(-size // stride)
        assert 0 <= pads[1] - pads[0] <= 1

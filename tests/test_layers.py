"""Every layer holds what its declaration says: shapes, weights, cost, faults, and Keras's defaults.

No layer is named in a list: the tests walk `LAYERS` and the samples that stand on each class. What
a layer computes is compared between the backends elsewhere.
"""

from __future__ import annotations

import inspect
from math import prod
from typing import Any, Literal, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from samples import all_samples

from specc.activations import ACTIVATIONS, ALIASES
from specc.codes import CODES
from specc.layer import LAYERS, Fault, Layer, Layout, Sample
from specc.proofs import at_least
from specc.tensor import TensorType, parse_tensor_type
from specc.vocabulary import NEEDLESS_PARAMETERS
from specc.windows import Window, parts, unfoldings

SAMPLES = all_samples()
CLASSES = [pytest.param(LAYERS[name], id=name) for name in LAYERS]


def types(texts: tuple[str, ...]) -> tuple[TensorType, ...]:
    return tuple(parse_tensor_type(text) for text in texts)


def built(kind: type[Layer], sample: Sample) -> tuple[Layer, tuple[TensorType, ...]]:
    return kind.model_validate(dict(sample.params)), types(sample.inputs)


# --- samples ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "sample"), SAMPLES)
def test_a_sample_is_as_it_declares(kind: type[Layer], sample: Sample) -> None:
    layer, inputs = built(kind, sample)
    assert layer.infer(*inputs) == types(sample.outputs)
    assert kind.arity[0] <= len(inputs) <= kind.arity[1]
    weights = layer.weights(*inputs).values()
    assert sum(prod(weight.shape) for weight in weights) == sample.parameters
    assert at_least(layer.flops(*inputs), 0) is True
    assert layer.layout_for(*inputs) in get_args(Layout)


@pytest.mark.parametrize("kind", CLASSES)
def test_what_is_said_of_weights_reaches_one(kind: type[Layer]) -> None:
    for sample in kind.samples:
        layer, inputs = built(kind, sample)
        weights = layer.weights(*inputs).values()
        reached = [
            each for w in weights for each in (w.initializer, w.regularizer, w.constraint) if each
        ]
        roles = ("_initializer", "_regularizer", "_constraint")
        given = [name for name in sample.params if name.endswith(roles)]
        assert [name for name in given if getattr(layer, name) not in reached] == []


# --- declarations -----------------------------------------------------------------------------


def has_one_value(field: FieldInfo) -> bool:
    """Whether a parameter is there for Keras's sake only, which may know more values one day."""
    return get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1


@pytest.mark.parametrize("kind", CLASSES)
def test_samples_exercise_every_parameter(kind: type[Layer]) -> None:
    layers = [built(kind, sample)[0] for sample in kind.samples]
    still = [
        name
        for name, field in kind.model_fields.items()
        if not has_one_value(field)
        and all(getattr(layer, name) == field.default for layer in layers)
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

OWN_DEFAULTS = {(f"AveragePooling{rank}D", "pool_size") for rank in (1, 2, 3)}


def keras_parameters(kind: type[Layer]) -> dict[str, inspect.Parameter]:
    """Those of Keras's class, without what the language leaves out, then those of its calls."""
    import keras

    theirs = getattr(keras.layers, kind.__name__)
    made, called = (inspect.signature(each).parameters for each in (theirs, theirs.call))
    left_out = {"kwargs", *NEEDLESS_PARAMETERS, *kind.only_keras} - kind.model_fields.keys()
    options = {name: each for name, each in called.items() if name in kind.model_fields}
    return {name: each for name, each in {**made, **options}.items() if name not in left_out}


@pytest.mark.parametrize("kind", CLASSES)
def test_parameters_and_defaults_are_those_of_keras(kind: type[Layer]) -> None:
    import keras

    if not hasattr(keras.layers, kind.__name__):
        assert "keras.layers" not in (kind.__doc__ or "")
        return
    theirs = keras_parameters(kind)
    shared = [name for name in kind.model_fields if name not in kind.beyond_keras]
    assert shared == list(theirs)
    sample = kind.samples[0].params
    required = {n: v for n, v in sample.items() if kind.model_fields[n].is_required()}
    for name, parameter in theirs.items():
        if name in required or (kind.__name__, name) in OWN_DEFAULTS:
            # What Keras can take later, as from data, is required here.
            assert parameter.default in (parameter.empty, None), name
        else:
            explicit = kind.model_validate({**required, name: parameter.default})
            assert explicit == kind.model_validate(required), name


# --- faults -----------------------------------------------------------------------------------

IMAGE = "float32[N, 8, 9, 4]"

TOO_MANY_PADS = ("invalid-parameter", "pads smaller than the window of 2, received 2")

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
    ("Conv1D", {"filters": 4, "kernel_size": 3}, (IMAGE,), "rank-mismatch", "3 axes [N, T, C]"),
    ("Conv3D", {"filters": 4, "kernel_size": 3}, (IMAGE,), "rank-mismatch", "[N, D, H, W, C]"),
    (
        "Conv2DTranspose",
        {"filters": 4, "kernel_size": 3, "strides": 2, "output_padding": (1, 2)},
        (IMAGE,),
        "invalid-parameter",
        "less than the strides of 2, received 2",
    ),
    (
        "Conv2DTranspose",
        {"filters": 4, "kernel_size": 4, "strides": 2, "padding": "same", "output_padding": 0},
        (IMAGE,),
        "invalid-parameter",
        "at least 1 with `padding: same` and a window of 4, received 0",
    ),
    (
        "Conv1DTranspose",
        {"filters": 4, "kernel_size": 3, "padding": 2},
        ("float32[N, 2, 3]",),
        "invalid-parameter",
        "the pads [2, 2] leave nothing of the length",
    ),
    (
        "Conv3DTranspose",
        {"filters": 4, "kernel_size": 3, "strides": 2, "dilation_rate": 2},
        ("float32[N, 2, 2, 2, 3]",),
        "invalid-parameter",
        "cannot both be larger than 1",
    ),
    ("DepthwiseConv1D", {"kernel_size": 2}, ("float32[N, 4, C]",), "unknown-size", "is `C`"),
    (
        "SeparableConv2D",
        {"filters": 4, "kernel_size": 9},
        (IMAGE,),
        "kernel-too-large",
        "the height of 8",
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
    ("Softmax", {}, ("float32[N, 3]", "int32[N, 3]"), "dtype-mismatch", "a mask of bool"),
    ("Softmax", {}, ("float32[N, 3]", "bool[N, 1, 3]"), "rank-mismatch", "at most 2 axes"),
    ("Softmax", {}, ("float32[N, 4, 3]", "bool[N, 3]"), "unprovable", "axis 1 (length) is 4 and N"),
    ("Softmax", {}, ("float32[N, 3]", "bool[4]"), "shape-mismatch", "axis 1 (channels) is 3 and 4"),
    ("ELU", {}, ("int64[N, 3]",), "dtype-mismatch", "received int64"),
    ("PReLU", {}, ("float32[N, h, 9, 4]",), "unknown-size", "along axis 1 (height)"),
    ("PReLU", {"shared_axes": 4}, (IMAGE,), "invalid-parameter", "received 4"),
    ("PReLU", {"shared_axes": (1, -3)}, (IMAGE,), "invalid-parameter", "each axis once"),
    ("PReLU", {}, ("float32[N]",), "rank-mismatch", "at least 2 axes"),
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
    (
        "GroupNormalization",
        {},
        (IMAGE,),
        "not-divisible",
        "the channels of 4 cannot be divided into 32 groups",
    ),
    ("GroupNormalization", {"axis": 0}, (IMAGE,), "invalid-parameter", "beside the batch"),
    ("GroupNormalization", {"groups": 1}, ("float32[N, C]",), "unknown-size", "is `C`"),
    ("GroupNormalization", {"groups": 1}, ("int8[N, 4]",), "dtype-mismatch", "received int8"),
    ("InstanceNormalization", {}, ("float32[N, 4]",), "rank-mismatch", "at least 3 axes"),
    ("InstanceNormalization", {}, ("float32[N, T, C]",), "unknown-size", "is `C`"),
    ("RMSNormalization", {"axis": 1}, ("float32[N, T, 3]",), "unknown-size", "is `T`"),
    ("UnitNormalization", {"axis": 3}, ("float32[N, T, 3]",), "invalid-parameter", "received 3"),
    (
        "Normalization",
        {"mean": (0.0, 1.0), "variance": 1.0},
        (IMAGE,),
        "invalid-parameter",
        "which is of shape [2], received shape []",
    ),
    (
        "Normalization",
        {"mean": (0.0, 1.0), "variance": (1.0, 1.0)},
        (IMAGE,),
        "invalid-parameter",
        "expected 4 numbers for the channels, received 2",
    ),
    (
        "Normalization",
        {"axis": None, "mean": (0.0, 1.0), "variance": (1.0, 1.0)},
        (IMAGE,),
        "invalid-parameter",
        "expected numbers for 0 axes, received shape [2]",
    ),
    (
        "Normalization",
        {"mean": (0.0, 1.0), "variance": (1.0, 1.0)},
        ("float32[N, C]",),
        "unknown-size",
        "is `C`",
    ),
    ("LayerScale", {}, ("float32[N, C]",), "unknown-size", "is `C`"),
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
    ("MaxPooling1D", {"pool_size": 2, "padding": 2}, ("float32[N, 4, 3]",), *TOO_MANY_PADS),
    (
        "MaxPooling2D",
        {"pool_size": 3, "strides": 2, "ceil_mode": True},
        ("float32[N, 1, 9, 3]",),
        "kernel-too-large",
        "the height of 1 padded to 2",
    ),
    (
        "GlobalAveragePooling1D",
        {},
        ("float32[N, T, 3]", "int32[N, T]"),
        "dtype-mismatch",
        "a mask of bool, received int32",
    ),
    (
        "GlobalAveragePooling1D",
        {},
        ("float32[N, 4, 3]", "bool[N, 5]"),
        "shape-mismatch",
        "axis 1 (length) is 4 and 5",
    ),
    (
        "AdaptiveMaxPooling2D",
        {"output_size": (1, 3)},
        ("float32[N, h, w, 3]",),
        "not-divisible",
        "the width of w cannot surely be divided into 3 windows",
    ),
    ("AdaptiveAveragePooling1D", {"output_size": 2}, (IMAGE,), "rank-mismatch", "received 4"),
    ("ZeroPadding2D", {}, ("float32[N, 3]",), "rank-mismatch", "expected 4 axes"),
    ("ZeroPadding1D", {}, (IMAGE,), "rank-mismatch", "expected 3 axes"),
    ("Cropping3D", {}, (IMAGE,), "rank-mismatch", "expected 5 axes"),
    ("Cropping2D", {"cropping": 4}, (IMAGE,), "invalid-parameter", "the height of 8, received 4"),
    ("Pad", {"pad_width": (1, 2)}, (IMAGE,), "invalid-parameter", "received 2"),
    (
        "Pad",
        {"pad_width": (1,), "constant_values": 0.5},
        ("int32[N, 3]",),
        "invalid-parameter",
        "a value of int32, received 0.5",
    ),
    (
        "Pad",
        {"pad_width": (0, 0, 1), "mode": "edge"},
        (IMAGE,),
        "invalid-parameter",
        "no pads of the channels for `edge`, received [1, 1]",
    ),
    (
        "Pad",
        {"pad_width": (8, 0, 0), "mode": "reflect"},
        (IMAGE,),
        "invalid-parameter",
        "smaller than the height of 8, received 8",
    ),
    ("Pad", {"pad_width": (1,), "mode": "edge"}, ("bool[N, 3]",), "invalid-parameter", "bool[N"),
    ("Permute", {"dims": (1, 2)}, (IMAGE,), "invalid-parameter", "[1, 2, 3] of [N, 8, 9, 4]"),
    ("RepeatVector", {"n": 2}, (IMAGE,), "rank-mismatch", "expected 2 axes"),
    ("Tile", {"repeats": (2,)}, (IMAGE,), "invalid-parameter", "received 1"),
    ("ExpandDims", {"axis": 0}, (IMAGE,), "invalid-parameter", "beside the batch"),
    ("ExpandDims", {"axis": 5}, (IMAGE,), "invalid-parameter", "received 5"),
    ("Squeeze", {"axis": 1}, (IMAGE,), "shape-mismatch", "a size of 1 along axis 1, received 8"),
    ("Slice", {"stop": 10, "axis": 2}, (IMAGE,), "invalid-parameter", "the stop 10, received 9"),
    ("Slice", {"start": 3, "stop": 3, "axis": 1}, (IMAGE,), "invalid-parameter", "from 3 to 3"),
    ("Slice", {"start": 8, "axis": 1}, (IMAGE,), "invalid-parameter", "from 8 to the end"),
    ("Slice", {"stop": 4, "axis": 1}, ("float32[N, T, 3]",), "unprovable", "T, which may be less"),
    ("Slice", {"stop": (1, 2), "axis": 1}, (IMAGE,), "invalid-parameter", "expected 1, one for"),
    ("Take", {"indices": 4, "axis": -1}, (IMAGE,), "invalid-parameter", "at least 5 along axis 3"),
    ("Take", {"indices": (0, -2)}, ("float32[N, T]",), "unprovable", "the index -2, received T"),
    ("Split", {"sections": 3}, (IMAGE,), "not-divisible", "a multiple of 3 along axis -1"),
    ("Split", {"sections": (1, 2)}, (IMAGE,), "shape-mismatch", "[1, 2], received 4"),
    ("Split", {"sections": (4, -1)}, (IMAGE,), "shape-mismatch", "[4, -1], received 4"),
    ("Split", {"sections": 2}, ("float32[N, C]",), "unprovable", "received C"),
    ("Roll", {"shift": (1, 2), "axis": 1}, (IMAGE,), "invalid-parameter", "expected 1, one for"),
    ("Roll", {"shift": -2, "axis": 1}, ("float32[N, T]",), "unprovable", "the shift -2"),
    ("Flip", {"axis": 0}, (IMAGE,), "invalid-parameter", "beside the batch"),
    ("UpSampling2D", {}, ("uint8[N, 8, 8, 3]",), "dtype-mismatch", "received uint8"),
    (
        "UpSampling2D",
        {"interpolation": "lanczos3"},
        ("float32[N, h, 8, 3]",),
        "unknown-size",
        "a constant height for `lanczos3`, received h",
    ),
    ("PixelShuffle", {"block_size": 3}, (IMAGE,), "not-divisible", "multiple of 9 channels"),
    ("PixelUnshuffle", {"block_size": 2}, (IMAGE,), "not-divisible", "a width that is a multiple"),
    (
        "Resizing",
        {"height": 4, "width": 4, "crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True},
        (IMAGE,),
        "invalid-parameter",
        "received both",
    ),
    ("Resizing", {"height": 4, "width": 4}, ("int32[N, 8, 8, 3]",), "dtype-mismatch", "int32"),
    (
        "Resizing",
        {"height": 4, "width": 4, "fill_value": 0.5},
        ("uint8[N, 8, 8, 3]",),
        "invalid-parameter",
        "a value of uint8, received 0.5",
    ),
    (
        "CenterCrop",
        {"height": 4, "width": 4},
        ("float32[N, h, 8, 3]",),
        "unprovable",
        "the height of h cannot be shown to be at least 4",
    ),
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
    ("SpatialDropout1D", {"rate": 0.5}, (IMAGE,), "rank-mismatch", "[N, T, C], received 4"),
    ("StochasticDepth", {"rate": 0.5}, ("float32[]",), "rank-mismatch", "at least 1 axes"),
    (
        "AlphaDropout",
        {"rate": 0.5, "noise_shape": (None, 2)},
        ("float32[N, 3]",),
        "invalid-parameter",
        "for axis 1, received 2",
    ),
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
    ("Subtract", {}, (IMAGE, "uint8[N, 8, 9, 4]"), "dtype-mismatch", "received uint8"),
    ("Dot", {"axes": 1}, ("float32[N, 3]", "float32[N, 4]"), "shape-mismatch", "is 3, axis 1"),
    ("Dot", {"axes": 0}, ("float32[N, 3]", "float32[N, 3]"), "invalid-parameter", "the batch"),
    ("Dot", {"axes": 1}, ("float32[N, h]", "float32[N, w]"), "unprovable", "h, axis 1"),
    ("MatMul", {}, ("float32[N, 3, 4]", "float32[N, 3, 4]"), "shape-mismatch", "is 4, axis 1"),
    ("MatMul", {}, ("float32[N, 3, 4]", "float32[N, 4]"), "rank-mismatch", "[N, …, T, K]"),
    (
        "MatMul",
        {},
        ("float32[N, 2, 3, 4]", "float32[N, 3, 4, 5]"),
        "shape-mismatch",
        "axis 1 (height) is 2 and 3",
    ),
    ("Embedding", {"input_dim": 9, "output_dim": 2}, ("float32[N, T]",), "dtype-mismatch", "ids"),
    (
        "ReversibleEmbedding",
        {"input_dim": 9, "output_dim": 2},
        ("float32[N, T, 3]",),
        "shape-mismatch",
        "expected 2 channels, those of its vectors, received 3",
    ),
    (
        "PositionEmbedding",
        {"sequence_length": 4},
        ("float32[N, 5, 3]",),
        "shape-mismatch",
        "at most 4 positions, received 5",
    ),
    ("SinusoidalEmbedding", {}, ("float32[N, 5]",), "rank-mismatch", "[N, …, T, C]"),
    ("RotaryEmbedding", {}, ("float32[N, T, 5]",), "not-divisible", "received 5"),
    (
        "RotaryEmbedding",
        {"sequence_axis": -1},
        ("float32[N, T, 4]",),
        "invalid-parameter",
        "before the channels",
    ),
    ("NotEqual", {"value": 0.5}, ("int32[N, T]",), "invalid-parameter", "received 0.5"),
    ("NotEqual", {}, ("bool[N, T]",), "dtype-mismatch", "received bool"),
    (
        "EinsumDense",
        {"equation": "ab,bc", "output_shape": 4},
        ("float32[N, 3]",),
        "invalid-parameter",
        "received `ab,bc`",
    ),
    (
        "EinsumDense",
        {"equation": "abc,cd->abd", "output_shape": 4},
        ("float32[N, T, 3]",),
        "invalid-parameter",
        "expected 2 sizes, for b, d, received 1",
    ),
    (
        "EinsumDense",
        {"equation": "abc,cd->abd", "output_shape": (None, 4)},
        ("float32[N, 3]",),
        "rank-mismatch",
        "expected 3 axes",
    ),
    (
        "EinsumDense",
        {"equation": "ab,bc->ac", "output_shape": 4, "bias_axes": "d"},
        ("float32[N, 3]",),
        "invalid-parameter",
        "received `d`",
    ),
    (
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3},
        ("float32[N, T, 4]", "float32[N, S, 4]", "bool[N, S]"),
        "shape-mismatch",
        "expected [N, T, S], received [N, S]",
    ),
    (
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3},
        ("float32[N, T, 4]", "float32[M, S, 4]"),
        "unprovable",
        "the value must fit",
    ),
    (
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3, "use_causal_mask": True},
        (IMAGE,),
        "invalid-parameter",
        "received [1, 2]",
    ),
    (
        "MultiHeadAttention",
        {"num_heads": 2, "key_dim": 3, "kernel_initializer": "identity"},
        ("float32[N, T, 4]",),
        "invalid-parameter",
        "received identity",
    ),
    (
        "GroupQueryAttention",
        {"head_dim": 2, "num_query_heads": 3, "num_key_value_heads": 2},
        ("float32[N, T, 4]",),
        "not-divisible",
        "3 heads of the query",
    ),
    (
        "ScaledDotProductAttention",
        {},
        ("float32[N, T, 4]", "float32[N, S, 4]", "float32[N, S, 4]", "int32[N, T, S]"),
        "dtype-mismatch",
        "expected float32, received int32",
    ),
    (
        "Attention",
        {},
        ("float32[N, T, 4]", "float32[N, S, 4]", "float32[N, S, 4]", "float32[N, S]"),
        "dtype-mismatch",
        "a mask of bool",
    ),
    (
        "WindowPositionBias",
        {"num_heads": 2, "window_size": 3},
        ("float32[N, 8, 4]",),
        "shape-mismatch",
        "3 × 3 = 9 cells, received 8",
    ),
    (
        "RelativePositionBias",
        {"num_heads": 2, "max_distance": 8},
        ("float32[N, T, 4]",),
        "invalid-parameter",
        "more than 8",
    ),
    ("ReduceMax", {"axis": 0}, ("float32[N, 3]",), "invalid-parameter", "beside the batch"),
    (
        "TimeDistributed",
        {"layer": {"WindowPositionBias": {"num_heads": 1, "window_size": 2}}},
        ("float32[N, T, 4, 3]",),
        "invalid-parameter",
        "something for each item, received WindowPositionBias",
    ),
    (
        "TimeDistributed",
        {"layer": {"MultiHeadAttention": {"num_heads": 1, "key_dim": 2}}},
        ("float32[N, T, 4, 3]",),
        "invalid-parameter",
        "that Keras can distribute, received MultiHeadAttention",
    ),
    (
        "LSTM",
        {"units": 2, "recurrent_activation": "sparsemax"},
        ("float32[N, T, 3]",),
        "invalid-parameter",
        "received sparsemax",
    ),
    ("NotEqual", {"value": 1e30}, ("int32[N]",), "invalid-parameter", "a value of int32"),
    ("NotEqual", {"value": 0.5}, ("int64[N]",), "invalid-parameter", "received 0.5"),
    (
        "Pad",
        {"pad_width": (1,), "constant_values": -1},
        ("uint8[N, 3]",),
        "invalid-parameter",
        "a value of uint8",
    ),
    (
        "EinsumDense",
        {"equation": "ab,bc->ac", "output_shape": 4, "bias_axes": "cc"},
        ("float32[N, 3]",),
        "invalid-parameter",
        "each once",
    ),
    ("CategoryEncoding", {"num_tokens": 4}, ("int32[N]",), "rank-mismatch", "[N, T]"),
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
    ("Conv2D", {"filters": 4, "kernel_size": 3, "padding": "causal"}, "padding"),
    ("Conv1D", {"filters": 4, "kernel_size": (3, 3)}, "kernel_size"),
    ("Conv3D", {"filters": 4, "kernel_size": 3, "padding": (1, 2)}, "padding"),
    ("Conv2DTranspose", {"filters": 4, "kernel_size": 3, "output_padding": -1}, "output_padding"),
    ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 0}, "depth_multiplier"),
    ("MaxPooling2D", {"ceil_mode": 1}, "ceil_mode"),
    ("AdaptiveMaxPooling1D", {"output_size": 0}, "output_size"),
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
    ("ZeroPadding3D", {"padding": (1, 2)}, "padding"),
    ("Cropping1D", {"cropping": -1}, "cropping"),
    ("Pad", {"pad_width": 1}, "pad_width"),
    ("Permute", {"dims": (0, 1)}, "dims"),
    ("Slice", {"axis": 1, "step": 0}, "step"),
    ("Split", {"sections": 1}, "sections"),
    ("Split", {"sections": (-1, -1)}, "sections"),
    ("Split", {"sections": (0, 2)}, "sections"),
    ("UpSampling2D", {"interpolation": "area"}, "interpolation"),
    ("PixelShuffle", {"block_size": 1}, "block_size"),
    ("Resizing", {"height": 4, "width": 4, "fill_mode": "reflect"}, "fill_mode"),
    ("Reshape", {"target_shape": (-1, -1)}, "target_shape"),
    ("Reshape", {"target_shape": (0, 4)}, "target_shape"),
    ("Reshape", {"target_shape": (-2, 4)}, "target_shape"),
    ("Reshape", {"target_shape": (1,) * 8}, "target_shape"),
    ("Dropout", {"rate": 1.5}, "rate"),
    ("Dropout", {"rate": 0.5, "seed": -1}, "seed"),
    ("AlphaDropout", {"rate": 1}, "rate"),
    ("GaussianDropout", {"rate": 1}, "rate"),
    ("GaussianNoise", {"stddev": 1.5}, "stddev"),
    ("GroupNormalization", {"groups": 0}, "groups"),
    ("GroupNormalization", {"groups": -2}, "groups"),
    ("Normalization", {"variance": 1.0}, "mean"),
    ("Normalization", {"mean": 0.0, "variance": -1.0}, "variance"),
    ("Normalization", {"mean": ((0.0,), (1.0, 2.0)), "variance": 1.0}, "mean"),
    ("Normalization", {"mean": 0.0, "variance": ((1.0, -2.0),)}, "variance"),
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


@given(
    kernel=st.integers(1, 9),
    stride=st.integers(1, 9),
    pads=st.tuples(st.integers(0, 8), st.integers(0, 8)),
    size=st.integers(1, 64),
)
def test_ceil_mode_lets_a_last_window_begin_in_the_axis(
    kernel: int, stride: int, pads: tuple[int, int], size: int
) -> None:
    pads = (min(pads[0], kernel - 1), min(pads[1], kernel - 1))
    window = Window(kernel, stride, 1, pads, ceil_mode=True)
    begin, end = pads
    windows = -(-(size + begin + end - kernel) // stride) + 1  # as ONNX counts them
    if (windows - 1) * stride >= size + begin:
        windows -= 1
    received = window.output(size)
    assert received == windows or max(received, windows) <= 0
    if received > 0:
        known = window.pads(size)
        assert known is not None
        assert known[1] >= end
        assert Window(kernel, stride, 1, known).output(size) == received


@given(
    kernel=st.integers(1, 9),
    stride=st.integers(1, 9),
    dilation=st.integers(1, 4),
    size=st.integers(1, 64),
)
def test_a_transposed_window_undoes_the_sizes_of_a_window(
    kernel: int, stride: int, dilation: int, size: int
) -> None:
    for padding in ("valid", "same"):
        (unfolding,) = unfoldings((kernel,), (stride,), (dilation,), padding, None)
        large = unfolding.output(size)
        assert Window(kernel, stride, dilation, padding).output(large) == size
        assert padding == "valid" or large == size * stride


@given(size=st.integers(1, 64), count=st.integers(1, 64))
def test_parts_cover_an_axis_as_equally_as_they_can(size: int, count: int) -> None:
    found = parts(size, count)
    lengths = {end - begin for begin, end in found}
    assert {cell for begin, end in found for cell in range(begin, end)} == set(range(size))
    assert lengths == {size // count} or max(lengths) - min(lengths) <= 1

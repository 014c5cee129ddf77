"""Initializers and their like: the same names, defaults and meaning as Keras's."""

from __future__ import annotations

import inspect
import math
from typing import Any, get_args

import keras
import numpy as np
import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from specc import activations
from specc.activations import ActivationName
from specc.constraints import CONSTRAINTS, Constraint
from specc.initializers import (
    INITIALIZERS,
    Constant,
    GlorotUniform,
    HeNormal,
    Identity,
    Initializer,
    InitializerField,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
)
from specc.regularizers import L1, L1L2, L2, REGULARIZERS, Regularizer, RegularizerField

KERNEL = (64, 48, 5, 7)
"""A convolution's kernel in the canonical layout; below the same in Keras's."""
KERAS_KERNEL = (5, 7, 48, 64)
FAN = (5 * 7 * 48, 5 * 7 * 64)

RANDOM = [
    *(member() for member in INITIALIZERS if member.name not in ("zeros", "ones", "identity")),
    RandomNormal(mean=1.0, stddev=0.3),
    TruncatedNormal(mean=-2.0, stddev=0.5),
    RandomUniform(minval=0.1, maxval=0.4),
    *(
        VarianceScaling(scale=3.0, mode=mode, distribution=distribution)
        for mode in ("fan_in", "fan_out", "fan_avg")
        for distribution in ("truncated_normal", "untruncated_normal", "uniform")
    ),
]

PINNED = [1.2705655, -1.5769491, -0.48494676, -0.913556]

BOUNDED = [
    initializer
    for initializer in RANDOM
    if initializer.name not in ("random_normal", "orthogonal")
    and "untruncated" not in repr(initializer)
]


class Parameters(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    start: InitializerField = GlorotUniform()
    penalty: RegularizerField = None
    activation: ActivationName | None = None


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Keras draws from its global seed."""
    keras.utils.set_random_seed(0)


def generator() -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(0))


def of_keras(member: Initializer | Regularizer | Constraint) -> Any:
    name, arguments = member.keras_config()
    match member:
        case Initializer():
            family = keras.initializers
        case Regularizer():
            family = keras.regularizers
        case Constraint():
            family = keras.constraints
    return getattr(family, name)(**arguments)


# Against Keras


def test_every_initializer_of_keras_is_there() -> None:
    keras_names = {
        name
        for name, member in inspect.getmembers(keras.initializers, inspect.isclass)
        if not name.endswith("Initializer") and name != "STFT" and name == member.__name__
    }
    assert {member.__name__ for member in INITIALIZERS} == keras_names


def test_every_constraint_of_keras_is_there() -> None:
    theirs = {name for name, _ in inspect.getmembers(keras.constraints, inspect.isclass)}
    names = {name for each in CONSTRAINTS for name in (each.name, each.__name__)}
    assert names == theirs - {"Constraint"}


@pytest.mark.parametrize(
    "member", [*INITIALIZERS, *REGULARIZERS, *CONSTRAINTS], ids=lambda m: m.name
)
def test_arguments_and_defaults_are_those_of_keras(
    member: type[Initializer | Regularizer | Constraint],
) -> None:
    arguments = inspect.signature(type(of_keras(member()))).parameters
    theirs = {name: argument.default for name, argument in arguments.items()}
    for name in ("seed", "input_axes", "output_axes"):  # specc draws by its own seed and fans
        theirs.pop(name, None)
    assert member().model_dump() == {k: v for k, v in theirs.items() if k not in ("args", "kwargs")}


@pytest.mark.parametrize("member", INITIALIZERS, ids=lambda m: m.name)
def test_keras_knows_the_names(member: type[Initializer]) -> None:
    if member is Constant:  # known, but Keras cannot make one from its name alone
        assert keras.initializers.constant is keras.initializers.Constant
        return
    for name in (member.name, *member.aliases):
        assert type(keras.initializers.get(name)).__name__ == member.__name__


@pytest.mark.parametrize("initializer", RANDOM, ids=repr)
def test_distribution_is_that_of_keras(initializer: Initializer) -> None:
    ours = initializer.draw(KERNEL, FAN, generator()).astype(np.float64)
    theirs = np.asarray(of_keras(initializer)(KERAS_KERNEL), np.float64)
    spread = theirs.std()
    # With n = 107,520 values, the errors of mean and deviation are below 0.5 % of the deviation.
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.02 * spread + 1e-9)
    assert ours.std() == pytest.approx(spread, rel=0.02, abs=1e-9)
    # A quantile's error is √(p(1-p)/n) / density: 0.011 deviations at 1 %, 0.028 at 0.1 %.
    for share in (0.01, 0.25, 0.75, 0.99):
        assert np.quantile(ours, share) == pytest.approx(
            np.quantile(theirs, share), abs=0.1 * spread + 1e-9
        )
    assert ours.shape == KERNEL
    assert initializer.draw(KERNEL, FAN, generator()).dtype == np.float32


@pytest.mark.parametrize("initializer", BOUNDED, ids=repr)
def test_limits_are_those_of_keras(initializer: Initializer) -> None:
    """So many values come within a hair of where the distribution ends."""
    ours = initializer.draw(KERNEL, FAN, generator())
    theirs = np.asarray(of_keras(initializer)(KERAS_KERNEL))
    assert ours.min() == pytest.approx(theirs.min(), rel=2e-3)
    assert ours.max() == pytest.approx(theirs.max(), rel=2e-3)


@pytest.mark.parametrize("shape", [(6, 6), (3, 8), (8, 3), (4, 2, 3, 3), (40, 2, 3, 3)])
def test_orthogonal_as_keras_flattens_the_kernel(shape: tuple[int, ...]) -> None:
    kernel = Orthogonal(gain=2.0).draw(shape, (1, 1), generator())
    matrix = np.moveaxis(kernel, (0, 1), (-1, -2)).reshape(-1, shape[0])
    wide = matrix.shape[0] < matrix.shape[1]
    product = matrix @ matrix.T if wide else matrix.T @ matrix
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-5)
    assert kernel.shape == shape
    assert kernel.flags.c_contiguous


def test_identity_is_that_of_keras_transposed() -> None:
    ours = Identity(gain=3.0).draw((4, 6), (6, 4), generator())
    np.testing.assert_array_equal(ours.T, np.asarray(of_keras(Identity(gain=3.0))((6, 4))))


@pytest.mark.parametrize("initializer", [Orthogonal(), Identity()], ids=repr)
def test_shapes_that_keras_refuses(initializer: Initializer) -> None:
    with pytest.raises(ValueError, match="rank 1"):
        of_keras(initializer)((4,))
    assert "received shape [4]" in (initializer.refusal((4,)) or "")
    assert initializer.refusal((4, 4)) is None


def test_a_draw_is_pinned() -> None:
    """The weights of a seed are part of what a release promises."""
    values = HeNormal().draw((2, 2), (2, 2), generator())
    np.testing.assert_allclose(values.ravel(), PINNED, rtol=1e-6)


@pytest.mark.parametrize("regularizer", [L1(), L2(), L2(l2=5e-5), L1L2(l1=0.1, l2=0.2)], ids=repr)
def test_regularizers_are_those_of_keras(regularizer: Regularizer) -> None:
    weights = np.array([1.0, -2.0, 3.0], np.float32)
    factors = regularizer.model_dump()
    expected = factors.get("l1", 0) * 6 + factors.get("l2", 0) * 14
    assert float(of_keras(regularizer)(weights)) == pytest.approx(expected)


# How specs write them


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("he_normal", HeNormal()),
        ("HeNormal", HeNormal()),
        ("normal", RandomNormal()),
        ({"random_normal": {"stddev": 0.02}}, RandomNormal(stddev=0.02)),
        ({"RandomNormal": {"stddev": 1}}, RandomNormal(stddev=1.0)),
        ({"constant": 0.5}, Constant(value=0.5)),
        ({"variance_scaling": {"mode": "fan_out"}}, VarianceScaling(mode="fan_out")),
        ({"he_normal": {}}, HeNormal()),
        (Orthogonal(gain=2.0), Orthogonal(gain=2.0)),
    ],
)
def test_initializer_is_read(written: object, expected: Initializer) -> None:
    assert Parameters.model_validate({"start": written}).start == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (None, None),
        ("l2", L2()),
        ("L2", L2()),
        ({"l2": 5e-5}, L2(l2=5e-5)),
        ({"l2": {"l2": 5e-5}}, L2(l2=5e-5)),
        ({"l1": 1}, L1(l1=1.0)),
        ({"l1_l2": {"l1": 0.1, "l2": 0.2}}, L1L2(l1=0.1, l2=0.2)),
    ],
)
def test_regularizer_is_read(written: object, expected: Regularizer | None) -> None:
    assert Parameters.model_validate({"penalty": written}).penalty == expected


@pytest.mark.parametrize(
    ("written", "where", "message"),
    [
        ("he_norml", (), "there is no initializer `he_norml`; did you mean `he_normal`?"),
        ("qqq", (), "expected one of zeros, ones, constant"),
        (3, (), "received 3"),
        (True, (), "received true"),
        ({"zeros": {}, "ones": {}}, (), "expected one initializer"),
        ({3: {}}, (), "there is no initializer `3`"),
        ({"random_normal": {"sttdev": 1}}, ("random_normal", "sttdev"), "did you mean `stddev`?"),
        ({"random_normal": {"stddev": -1}}, ("random_normal", "stddev"), "greater than or equal"),
        ({"random_normal": 0.02}, ("random_normal",), "valid dictionary"),
        ({"constant": True}, ("constant", "value"), "valid number"),
        ({"constant": float("nan")}, ("constant", "value"), "finite"),
        ({"variance_scaling": {"scale": 0}}, ("variance_scaling", "scale"), "greater than 0"),
        ({"random_uniform": {"minval": 1}}, ("random_uniform",), "received 1.0 and 0.05"),
    ],
)
def test_fault_is_found_where_it_stands(
    written: object, where: tuple[str, ...], message: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        Parameters.model_validate({"start": written})
    [fault] = caught.value.errors()
    assert fault["loc"] == ("start", *where)
    assert message in fault["msg"]


def test_schema_lists_the_names_and_their_arguments() -> None:
    schema = Parameters.model_json_schema()["properties"]
    names, with_arguments = schema["start"]["anyOf"]
    assert {"he_normal", "HeNormal", "normal"} <= set(names["enum"])
    assert with_arguments["properties"]["random_normal"]["properties"]["stddev"]["default"] == 0.05
    assert "swish" in str(schema["activation"])


def test_what_was_read_is_written_as_a_spec_writes_it() -> None:
    written = {"start": {"constant": {"value": 0.5}}, "penalty": "l2", "activation": "silu"}
    assert Parameters.model_validate(written).model_dump() == written


# Activations


def test_activations_are_those_of_keras() -> None:
    functions = inspect.getmembers(keras.activations, inspect.isfunction)
    known = {name for name, _ in functions} - {"get", "serialize", "deserialize"}
    # Keras itself cannot call it: its constants have no defaults.
    assert {*activations.ACTIVATIONS, *activations.ALIASES} == known - {"threshold"}
    assert set(get_args(get_args(ActivationName)[0])) == known - {"threshold"}
    with pytest.raises(TypeError, match="threshold"):
        keras.layers.Activation("threshold")(np.zeros((1, 2), np.float32))


@pytest.mark.parametrize("alias", activations.ALIASES)
def test_alias_is_the_same_function(alias: str) -> None:
    name = Parameters.model_validate({"activation": alias}).activation
    assert name in activations.ACTIVATIONS
    assert keras.activations.get(alias) is keras.activations.get(name)


@pytest.mark.parametrize("name", activations.ACTIVATIONS)
def test_activations_along_channels(name: str) -> None:
    function = keras.activations.get(name)
    assert (name in activations.ALONG_CHANNELS) == (
        "axis" in inspect.signature(function).parameters
    )
    halves = keras.ops.shape(function(np.zeros((2, 4), np.float32))) == (2, 2)
    assert (name in activations.HALVES_CHANNELS) == halves


FORMULAS = {
    name: text.split(":")[0].replace("^", "**").replace("|x|", "abs(x)")
    for name, text in activations.ACTIVATIONS.items()
    if name not in activations.ALONG_CHANNELS
}


@pytest.mark.parametrize("name", FORMULAS)
def test_activation_means_its_formula(name: str) -> None:
    x = np.linspace(-8, 8, 161, dtype=np.float64)
    words = {"erf": np.vectorize(math.erf), "min": np.minimum, "max": np.maximum}
    words |= {name: getattr(np, name) for name in ("exp", "log", "sqrt", "tanh")} | {"x": x}
    words |= {"sigmoid": lambda x: 1 / (1 + np.exp(-x))}
    words |= {"hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1)}
    expected = piecewise(FORMULAS[name], words)
    theirs = np.asarray(keras.activations.get(name)(x.astype(np.float32)))
    np.testing.assert_allclose(theirs, expected, rtol=2e-5, atol=2e-5)


def piecewise(formula: str, words: dict[str, Any]) -> np.ndarray:
    """The value of `a where p, b where q, else c`."""
    *cases, last = formula.replace(", else", ",").split(",") if " where " in formula else [formula]
    result = value_of(last, words)
    for case in cases:
        value, condition = case.split(" where ")
        result = np.where(value_of(condition, words), value_of(value, words), result)
    return result


def value_of(expression: str, words: dict[str, Any]) -> Any:
    return eval(expression.strip(), words)  # noqa: S307 (a line of our own table)


def test_an_initializer_reads_as_a_spec_writes_it() -> None:
    assert str(HeNormal()) == "he_normal"
    assert str(RandomNormal(stddev=0.02)) == "random_normal(stddev=0.02)"

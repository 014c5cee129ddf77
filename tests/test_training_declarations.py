"""`train:` says what Keras says: the same names, arguments, defaults, rates; and what follows."""

from __future__ import annotations

import inspect
import math
import re
from pathlib import Path
from typing import Any

import keras
import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

import specc
from specc import vocabulary
from specc.ir import Graph
from specc.named import Named
from specc.tensor import parse_tensor_type
from specc.training.document import EarlyStopping, ReduceLROnPlateau, Train
from specc.training.losses import LOSSES, LossField
from specc.training.metrics import METRICS, MetricField
from specc.training.objectives import (
    Objective,
    class_weight_misfit,
    directions,
    log_names,
    metric_misfit,
    misfit,
    objectives,
    output_misfit,
)
from specc.training.optimizers import OPTIMIZERS, AdamW, OptimizerField
from specc.training.schedules import (
    DECAYS,
    SCHEDULES,
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
    RateField,
    Schedule,
    WarmUp,
)

# The same names and defaults as Keras's ---------------------------------------------------------

LEFT_OUT = {
    *("self", "args", "kwargs", "name", "dtype", "reduction", "axis", "verbose"),
    *("use_ema", "ema_momentum", "ema_overwrite_frequency"),
    *("loss_scale_factor", "gradient_accumulation_steps"),
    *("exclude_layers", "exclude_embeddings"),
}

NOT_OPTIMIZERS = {"Optimizer", "LossScaleOptimizer", "MultiOptimizer"}
"""Classes that only hold others."""


def keras_defaults(keras_class: type) -> dict[str, Any]:
    """The arguments of a class of Keras; `...` for those without a default."""
    parameters = inspect.signature(keras_class).parameters.values()
    empty = inspect.Parameter.empty
    return {
        parameter.name: ... if parameter.default is empty else parameter.default
        for parameter in parameters
        if parameter.name not in LEFT_OUT
    }


def declared_defaults(model: type[BaseModel]) -> dict[str, Any]:
    fields = model.model_fields.items()
    return {name: ... if field.is_required() else field.default for name, field in fields}


def keras_names(module: Any, base: type) -> set[str]:
    classes = {name: item for name, item in vars(module).items() if inspect.isclass(item)}
    return {name for name, item in classes.items() if issubclass(item, base)}


@pytest.mark.parametrize("member", OPTIMIZERS)
def test_optimizers_have_the_arguments_of_keras(member: type[Named]) -> None:
    keras_class = getattr(keras.optimizers, member.__name__)
    assert declared_defaults(member) == keras_defaults(keras_class)


@pytest.mark.parametrize("member", LOSSES)
def test_losses_have_the_arguments_of_keras(member: type[Named]) -> None:
    keras_class = getattr(keras.losses, member.__name__)
    assert declared_defaults(member) == keras_defaults(keras_class)


@pytest.mark.parametrize("member", DECAYS)
def test_schedules_have_the_arguments_of_keras(member: type[Named]) -> None:
    declared = declared_defaults(member)
    expected = keras_defaults(getattr(keras.optimizers.schedules, member.__name__))
    assert declared.pop("unit") == "step"
    if member is CosineDecay:  # to the end of the training, which Keras does not know
        assert declared.pop("decay_steps") is None
        assert expected.pop("decay_steps") is ...
    assert declared == expected


@pytest.mark.parametrize(
    ("declared", "keras_class"),
    [
        (EarlyStopping, keras.callbacks.EarlyStopping),
        (ReduceLROnPlateau, keras.callbacks.ReduceLROnPlateau),
    ],
)
def test_callbacks_have_the_arguments_of_keras(
    declared: type[BaseModel], keras_class: type
) -> None:
    assert declared_defaults(declared) == keras_defaults(keras_class)


def test_metrics_have_the_defaults_of_keras() -> None:
    by_name = {member.__name__: member for member in METRICS}
    top_k = keras_defaults(keras.metrics.TopKCategoricalAccuracy)
    assert declared_defaults(by_name.pop("TopKAccuracy")) == top_k
    assert declared_defaults(by_name["AUC"])["curve"] == keras_defaults(keras.metrics.AUC)["curve"]
    assert keras_defaults(keras.metrics.AUC)["num_thresholds"] == 200
    assert set(by_name) <= keras_names(keras.metrics, keras.metrics.Metric)


def test_every_optimizer_and_schedule_of_keras_is_declared() -> None:
    expected = keras_names(keras.optimizers, keras.optimizers.Optimizer) - NOT_OPTIMIZERS
    # Not part of the language: see the docstring of `specc.training.optimizers`.
    expected.discard("ScheduleFreeAdamW")
    assert {member.__name__ for member in OPTIMIZERS} == expected
    schedules = keras.optimizers.schedules
    expected = keras_names(schedules, schedules.LearningRateSchedule) - {"LearningRateSchedule"}
    assert {member.__name__ for member in DECAYS} == expected


def test_keras_knows_optimizers_and_losses_by_the_same_names() -> None:
    for optimizer in OPTIMIZERS:
        assert optimizer.name == optimizer.__name__.lower()  # as `keras.optimizers.get` has them
    for loss in LOSSES:
        native = keras.losses.get(loss.name)
        for alias in loss.aliases:
            assert keras.losses.get(alias) is native


def test_keras_takes_what_is_declared() -> None:
    for member in (*OPTIMIZERS, *LOSSES):
        name, arguments = member().keras_config()
        assert arguments == {}
        module = keras.optimizers if member in OPTIMIZERS else keras.losses
        getattr(module, name)(**{**member().model_dump(), "name": "x"})


@pytest.mark.parametrize("family", [OPTIMIZERS, SCHEDULES, LOSSES, METRICS])
def test_names_are_unambiguous_and_everything_is_described(family: tuple[type[Named], ...]) -> None:
    names = [name for member in family for name in (member.name, member.__name__, *member.aliases)]
    assert len(set(names)) == len(names)
    for member in family:
        assert member.__doc__ != type(member).__doc__
        assert all(field.description for field in member.model_fields.values())
        assert member.primary is None or member.primary in member.model_fields
    assert all(field.description for field in Train.model_fields.values())


# Schedules --------------------------------------------------------------------------------------


DECAYING = [
    ExponentialDecay(initial_learning_rate=0.1, decay_steps=7, decay_rate=0.5),
    ExponentialDecay(initial_learning_rate=0.1, decay_steps=7, decay_rate=0.5, staircase=True),
    InverseTimeDecay(initial_learning_rate=0.1, decay_steps=7, decay_rate=0.5),
    InverseTimeDecay(initial_learning_rate=0.1, decay_steps=7, decay_rate=0.5, staircase=True),
    PolynomialDecay(initial_learning_rate=0.1, decay_steps=20),
    PolynomialDecay(initial_learning_rate=0.1, decay_steps=20, end_learning_rate=0.05, power=2),
    PolynomialDecay(initial_learning_rate=0.1, decay_steps=20, power=0.5, cycle=True),
    CosineDecay(initial_learning_rate=0.1, decay_steps=30),
    CosineDecay(initial_learning_rate=0.1, decay_steps=30, alpha=0.2),
    CosineDecay(initial_learning_rate=0.01, decay_steps=20, warmup_target=0.1, warmup_steps=8),
    CosineDecay(initial_learning_rate=0.01, decay_steps=20, warmup_target=0.1),
    CosineDecayRestarts(initial_learning_rate=0.1, first_decay_steps=6),
    CosineDecayRestarts(initial_learning_rate=0.1, first_decay_steps=6, t_mul=1, m_mul=0.5),
    CosineDecayRestarts(initial_learning_rate=0.1, first_decay_steps=6, t_mul=1.5, alpha=0.1),
    PiecewiseConstantDecay(boundaries=(10, 20), values=(0.1, 0.05, 0.01)),
    PiecewiseConstantDecay(boundaries=(10,), values=(0.1, 0.05)),
]

STEPS = [*range(12), 14, 17, 18, 19, 20, 21, 28, 29, 30, 31, 40, 41, 42, 59, 60, 99, 1000]


@pytest.mark.parametrize("schedule", DECAYING, ids=str)
def test_schedules_give_the_rates_of_keras(schedule: Schedule) -> None:
    name, arguments = schedule.keras_config()
    native = getattr(keras.optimizers.schedules, name)(**arguments)
    expected = [float(native(step)) for step in STEPS]
    rates = [schedule.at(step, 10, 100) for step in STEPS]
    assert rates == pytest.approx(expected, rel=1e-6, abs=2e-8)  # of 0.1, in float32


def test_every_schedule_is_compared_with_keras() -> None:
    assert {type(schedule) for schedule in DECAYING} == set(DECAYS)


@pytest.mark.parametrize("schedule", DECAYING[:-2], ids=str)
def test_a_length_in_epochs_is_that_many_steps(schedule: Schedule) -> None:
    by_epoch = schedule.model_copy(update={"unit": "epoch"})
    for step in STEPS:
        assert by_epoch.at(10 * step, 10, 1000) == pytest.approx(schedule.at(step, 10, 100))


def test_boundaries_in_epochs_are_whole_epochs() -> None:
    schedule = PiecewiseConstantDecay(boundaries=(1, 3), values=(3.0, 2.0, 1.0), unit="epoch")
    rates = [schedule.at(step, 4, 16) for step in range(16)]
    assert rates == [3.0] * 4 + [2.0] * 8 + [1.0] * 4
    assert schedule.last_steps(4) == (3, 11)


def test_cosine_decay_without_a_length_ends_with_the_training() -> None:
    schedule = CosineDecay(initial_learning_rate=0.1, alpha=0.1)
    assert schedule.at(0, 10, 50) == pytest.approx(0.1)
    assert schedule.at(25, 10, 50) == pytest.approx(0.055)
    assert schedule.at(50, 10, 50) == pytest.approx(0.01)
    warmed = CosineDecay(initial_learning_rate=0.0, warmup_target=0.1, warmup_steps=10)
    assert warmed.at(10, 10, 50) == pytest.approx(0.1)
    assert warmed.at(30, 10, 50) == pytest.approx(0.05)
    assert warmed.at(50, 10, 50) == pytest.approx(0.0)


def test_restarts_are_where_the_periods_end() -> None:
    schedule = CosineDecayRestarts(initial_learning_rate=1.0, first_decay_steps=2, t_mul=3.0)
    # Periods of 2, 6, 18, …: floor(log(243) / log(3)) is 4 in floating point, and not 5.
    starts = [0, 2, 8, 26, 80, 242]
    assert [schedule.at(step, 1, 1) for step in starts] == [1.0] * 6
    assert all(schedule.at(step - 1, 1, 1) < 0.6 for step in starts[1:])


def test_warm_up_is_a_line_to_a_number() -> None:
    schedule = WarmUp(steps=4, learning_rate=0.2)
    rates = [schedule.at(step, 10, 100) for step in (0, 1, 2, 3, 4, 5, 99)]
    assert rates == pytest.approx([0.0, 0.05, 0.1, 0.15, 0.2, 0.2, 0.2])
    by_epoch = WarmUp(steps=2, learning_rate=0.2, unit="epoch")
    assert by_epoch.at(10, 10, 100) == pytest.approx(0.1)


def test_what_follows_a_warm_up_begins_at_its_own_first_step() -> None:
    inner = CosineDecay(initial_learning_rate=0.2)
    schedule = WarmUp(steps=10, learning_rate=inner)
    assert schedule.at(5, 10, 110) == pytest.approx(0.1)
    for step in (0, 1, 50, 100):
        assert schedule.at(10 + step, 10, 110) == inner.at(step, 10, 100)
    assert schedule.at(110, 10, 110) == pytest.approx(0.0)


def test_a_warm_up_longer_than_the_training_goes_on_rising() -> None:
    schedule = WarmUp(steps=100, learning_rate=CosineDecay(initial_learning_rate=1.0))
    assert schedule.at(10, 10, 20) == pytest.approx(0.1)


def test_rates_beyond_all_numbers_are_infinite() -> None:
    growth = ExponentialDecay(initial_learning_rate=1.0, decay_steps=1, decay_rate=1e300)
    assert growth.at(2, 1, 1) == math.inf


# What a spec writes -----------------------------------------------------------------------------


def parse(annotation: Any, value: object) -> Any:
    return TypeAdapter[Any](annotation).validate_python(value)


def message(annotation: Any, value: object) -> str:
    """What is said of a value that is refused."""
    with pytest.raises(ValidationError) as caught:
        parse(annotation, value)
    return "\n".join(error["msg"].removeprefix("Value error, ") for error in caught.value.errors())


def test_a_name_alone_takes_the_defaults() -> None:
    assert parse(OptimizerField, "adamw") == AdamW()
    assert parse(OptimizerField, "AdamW") == AdamW()
    assert parse(LossField, "mae").name == "mean_absolute_error"
    assert parse(MetricField, {"top_k_accuracy": 3}).k == 3
    assert parse(MetricField, {"auc": "PR"}).curve == "PR"


def test_a_learning_rate_is_a_number_or_a_schedule() -> None:
    assert parse(RateField, 1) == 1.0
    assert parse(OptimizerField, {"sgd": {"learning_rate": 0.5}}).learning_rate == 0.5
    written = {"cosine_decay": {"initial_learning_rate": 0.1}}
    rate = parse(OptimizerField, {"sgd": {"learning_rate": written}}).learning_rate
    assert rate == CosineDecay(initial_learning_rate=0.1)
    warmed = parse(RateField, {"warm_up": {"steps": 5, "learning_rate": written}})
    assert warmed == WarmUp(steps=5, learning_rate=rate)


def test_what_was_parsed_is_written_as_it_was() -> None:
    written = {
        "optimizer": {
            "sgd": {
                "learning_rate": {
                    "warm_up": {
                        "steps": 5,
                        "learning_rate": {"cosine_decay": {"initial_learning_rate": 0.1}},
                    }
                },
                "momentum": 0.9,
            }
        },
        "loss": {"sparse_categorical_crossentropy": {"from_logits": True}},
        "metrics": ("accuracy", {"top_k_accuracy": {"k": 3}}),
        "epochs": 3,
        "early_stopping": {"patience": 2},
    }
    train = Train.model_validate(written)
    assert train.model_dump(exclude_defaults=True) == written
    assert Train.model_validate(train.model_dump()) == train


@pytest.mark.parametrize(
    ("annotation", "value", "said"),
    [
        (OptimizerField, "adan", "there is no optimizer `adan`; did you mean `adam`?"),
        (
            OptimizerField,
            "RAdam",
            "`adam` with a `warm_up` of the learning rate does much the same",
        ),
        (OptimizerField, {"sgd": {"lr": 0.1}}, "Keras's word is `learning_rate`"),
        (OptimizerField, {"adam": {"betas": (0.9, 0.99)}}, "write `beta_1` and `beta_2`"),
        (OptimizerField, {"sgd": {"max_norm": 1.0}}, "Keras's word is `clipnorm`"),
        (OptimizerField, {"sgd": {"zzz": 1}}, "it takes learning_rate, weight_decay, clipnorm"),
        (OptimizerField, {"sgd": "fast"}, "there is no schedule `fast`"),
        (OptimizerField, 3, "expected one optimizer, alone or with arguments, received 3"),
        (OptimizerField, {"sgd": {"learning_rate": -1}}, "a learning rate of at least 0"),
        (OptimizerField, {"sgd": {"learning_rate": math.inf}}, "a learning rate of at least 0"),
        (OptimizerField, {"sgd": {"learning_rate": True}}, "expected a number or one schedule"),
        (OptimizerField, {"sgd": {"momentum": 1.5}}, "less than or equal to 1"),
        (OptimizerField, {"adam": {"beta_1": 1.0}}, "less than 1"),
        (OptimizerField, {"lion": {"beta_1": 0.0}}, "greater than 0"),
        (OptimizerField, {"adamw": {"weight_decay": None}}, "received nothing; write `adam`"),
        (
            OptimizerField,
            {"sgd": {"clipnorm": 1.0, "clipvalue": 0.5}},
            "expected one of clipnorm, clipvalue, global_clipnorm, received clipnorm and clipvalue",
        ),
        (RateField, "StepLR", "write `exponential_decay` with `staircase: true`"),
        (RateField, "ReduceLROnPlateau", "write `reduce_lr_on_plateau` in `train`"),
        (RateField, "cosine", "did you mean `cosine_decay`?"),
        (RateField, "cosine_decay", "Field required"),
        (RateField, {"exponential_decay": {"gamma": 0.1}}, "Keras's word is `decay_rate`"),
        (
            RateField,
            {"warm_up": {"steps": 1, "learning_rate": {"warm_up": {}}}},
            "there is no schedule `warm_up`",
        ),
        (
            RateField,
            {"cosine_decay": {"initial_learning_rate": 0.1, "warmup_steps": 5}},
            "expected warmup_target beside warmup_steps, received 5 alone",
        ),
        (
            RateField,
            {"piecewise_constant_decay": {"boundaries": (5,), "values": (0.1,)}},
            "expected 2 values, one more than the boundaries, received 1",
        ),
        (
            RateField,
            {"piecewise_constant_decay": {"boundaries": (5, 5), "values": (0.3, 0.2, 0.1)}},
            "expected boundaries from 0 up, strictly increasing, received [5, 5]",
        ),
        (
            RateField,
            {"piecewise_constant_decay": {"boundaries": (5,), "values": (0.3, -0.2)}},
            "expected values of at least 0, received -0.2",
        ),
        (LossField, "CrossEntropyLoss", "{sparse_categorical_crossentropy: {from_logits: true}}"),
        (LossField, "BCEWithLogitsLoss", "write `{binary_crossentropy: {from_logits: true}}`"),
        (LossField, "MSELoss", "did you mean `mean_squared_error`?"),
        (LossField, {"mse": {"reduction": "sum"}}, "always the mean over all elements"),
        (MetricField, "auroc", "did you mean `auc`?"),
        (MetricField, {"top_k_accuracy": 0}, "greater than or equal to 1"),
    ],
)
def test_a_fault_is_explained(annotation: Any, value: object, said: str) -> None:
    assert said in message(annotation, value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"boundarys": (1,), "values": (0.2, 0.1)}, "did you mean `boundaries`?"),
        ({"milestones": (1,), "values": (0.2, 0.1)}, "Keras's word is `boundaries`"),
    ],
)
def test_an_argument_under_another_name_is_one_fault(given: dict[str, Any], said: str) -> None:
    (fault,) = message(RateField, {"piecewise_constant_decay": given}).splitlines()
    assert fault.endswith(f"; {said}")


BASIC = {"optimizer": "adam", "loss": "mse", "epochs": 1}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"loss": None}, "expected `loss`, or `outputs` with a loss for each, received neither"),
        ({"outputs": {"y": {"loss": "mse"}}}, "expected `loss` or `outputs`, received both"),
        (
            {"loss": None, "outputs": {"y": {"loss": "mse"}}, "metrics": ("mae",)},
            "with `outputs`, each output has its own `metrics`",
        ),
        ({"loss": None, "outputs": {}}, "at least 1 item"),
        (
            {"metrics": ("auc", {"auc": {"curve": "PR"}})},
            "expected each metric once, received `auc` twice",
        ),
        ({"epochs": 0}, "greater than or equal to 1"),
        ({"batch_size": 0}, "greater than or equal to 1"),
        ({"seed": 2**32}, "less than 4294967296"),
        ({"precision": "float64"}, "'auto', 'float32', 'bfloat16' or 'float16'"),
        ({"class_weight": (1.0, -1.0)}, "greater than or equal to 0"),
        ({"early_stopping": {"patience": -1}}, "greater than or equal to 0"),
        ({"reduce_lr_on_plateau": {"factor": 1.0}}, "less than 1"),
        ({"checkpoint": {"save_freq": 0}}, "greater than or equal to 1"),
        ({"callbacks": ()}, "Extra inputs are not permitted"),
    ],
)
def test_a_train_section_is_checked(change: dict[str, Any], said: str) -> None:
    assert said in message(Train, BASIC | change)


def test_what_a_train_section_leaves_out() -> None:
    train = Train.model_validate(BASIC)
    assert (train.batch_size, train.precision, train.compile, train.seed) == (32, "auto", "auto", 0)
    assert train.checkpoint.monitor == "val_loss"
    assert train.checkpoint.save_freq == "epoch"
    assert train.early_stopping is None
    assert Train.model_validate(BASIC | {"compile": True}).compile is True


# The words of other tools -----------------------------------------------------------------------

WORDS = [
    (vocabulary.OPTIMIZER_WORDS, OPTIMIZERS),
    (vocabulary.SCHEDULE_WORDS, SCHEDULES),
    (vocabulary.LOSS_WORDS, LOSSES),
    (vocabulary.METRIC_WORDS, METRICS),
]
ARGUMENT_WORDS = [
    (vocabulary.OPTIMIZER_ARGUMENT_WORDS, OPTIMIZERS),
    (vocabulary.SCHEDULE_ARGUMENT_WORDS, SCHEDULES),
    (vocabulary.LOSS_ARGUMENT_WORDS, LOSSES),
]


def vocabulary_of_train() -> set[str]:
    """Every name that a `train` section knows."""
    families = (*OPTIMIZERS, *SCHEDULES, *LOSSES, *METRICS)
    fields = {name for model in (Train, *families) for name in model.model_fields}
    return fields | {member.name for member in families} | {"train", "true", "float16", "PR"}


@pytest.mark.parametrize(("words", "family"), WORDS)
def test_words_for_members_are_no_members(
    words: dict[str, str], family: tuple[type[Named], ...]
) -> None:
    names = {name for member in family for name in (member.name, member.__name__, *member.aliases)}
    assert not names & set(words)


@pytest.mark.parametrize("words", [words for words, _ in (*WORDS, *ARGUMENT_WORDS)])
def test_words_lead_to_words_that_train_knows(words: dict[str, str]) -> None:
    for said in words.values():
        code = re.findall("`([^`]*)`", said)
        assert {word for part in code for word in re.findall("[A-Za-z]\\w*", part)} <= (
            vocabulary_of_train()
        )


@pytest.mark.parametrize(("words", "family"), ARGUMENT_WORDS)
def test_a_word_that_a_member_has_as_an_argument_stands_for_another_elsewhere(
    words: dict[str, str], family: tuple[type[Named], ...]
) -> None:
    for member in family:
        assert member.argument_words == words
        for word in set(words) & set(member.model_fields):
            assert not all(word in other.model_fields for other in family)


# Objectives -------------------------------------------------------------------------------------

NETWORK = """
specc: 1
inputs: {{x: "float32[N, 8, 8, 3]"}}
layers:
  - Conv2D: {{filters: {channels}, kernel_size: 1}}
{rest}
"""


def network(path: Path, channels: int, rest: str = "  - GlobalAveragePooling2D") -> Graph:
    spec = path / "net.yaml"
    spec.write_text(NETWORK.format(channels=channels, rest=rest))
    return specc.load(spec).graph


def two_outputs(path: Path) -> Graph:
    rest = """\
    name: pixels
  - GlobalAveragePooling2D
  - Dense: 1
    name: age
outputs: [pixels, age]"""
    return network(path, 4, rest)


def training(**changes: Any) -> Train:
    return Train.model_validate({"optimizer": "adam", "epochs": 1} | changes)


def only(found: dict[str, Objective]) -> Objective:
    (objective,) = found.values()
    return objective


@pytest.mark.parametrize(
    ("channels", "loss", "task", "labels", "classes"),
    [
        (5, "sparse_categorical_crossentropy", "multiclass", "int", 5),
        (5, "categorical_crossentropy", "multiclass", "one_hot", 5),
        (5, "kl_divergence", "multiclass", "one_hot", 5),
        (5, "categorical_hinge", "multiclass", "one_hot", 5),
        (1, "binary_crossentropy", "binary", "binary", 2),
        (1, "hinge", "binary", "binary", 2),
        (5, "binary_focal_crossentropy", "binary", "binary", None),
        (1, "mse", "regression", "values", None),
        (5, "cosine_similarity", "regression", "values", None),
    ],
)
def test_the_loss_decides_what_is_learnt(
    tmp_path: Path, channels: int, loss: str, task: str, labels: str, classes: int | None
) -> None:
    graph = network(tmp_path, channels)
    objective = only(objectives(graph, training(loss=loss)))
    assert misfit(objective.loss, objective.type) is None
    assert (objective.task, objective.labels, objective.classes) == (task, labels, classes)
    assert objective.output in graph.outputs
    assert objective.weight == 1.0
    assert str(objective.type) == f"float32[N, {channels}]"
    assert objective.loss.from_logits is False


def test_several_outputs_have_objectives_of_their_own(tmp_path: Path) -> None:
    graph = two_outputs(tmp_path)
    loss = {"sparse_categorical_crossentropy": {"from_logits": True}}
    train = training(
        outputs={
            "age": {"loss": "mae", "loss_weight": 0.1, "metrics": ("mae", "rmse")},
            "pixels": {"loss": loss, "metrics": ("accuracy",)},
        }
    )
    assert output_misfit(graph, train) is None
    found = objectives(graph, train)
    assert list(found) == ["pixels", "age"]
    assert found["pixels"].classes == 4
    assert found["pixels"].loss.from_logits
    assert found["age"].weight == 0.1
    assert log_names(found) == (
        *("loss", "pixels_loss", "age_loss", "pixels_accuracy", "age_mae", "age_rmse"),
    )
    assert directions(found)["pixels_accuracy"] == "max"
    assert directions(found)["age_mae"] == "min"
    assert class_weight_misfit(train, found) is None


def test_one_output_logs_under_plain_names(tmp_path: Path) -> None:
    graph = two_outputs(tmp_path)
    train = training(outputs={"age": {"loss": "mae", "metrics": ("mae",)}})
    assert log_names(objectives(graph, train)) == ("loss", "mae")


def test_keras_logs_under_the_same_names() -> None:
    x = keras.Input((3,))
    model = keras.Model(x, {name: keras.layers.Dense(1, name=name)(x) for name in ("a", "b")})
    model.compile(loss={"a": "mse", "b": "mae"}, metrics={"a": ["mae"], "b": ["mse"]})
    data = keras.ops.zeros((2, 3)), {name: keras.ops.zeros((2, 1)) for name in ("a", "b")}
    logs = model.evaluate(*data, verbose=0, return_dict=True)
    part = {"a": ("mse", "mae"), "b": ("mae", "mse")}
    type = parse_tensor_type("float32[N, 1]")
    found = {
        name: Objective(
            output=name,
            type=type,
            loss=parse(LossField, loss),
            weight=1.0,
            metrics=(parse(MetricField, metric),),
            task="regression",
            labels="values",
            classes=None,
        )
        for name, (loss, metric) in part.items()
    }
    assert set(log_names(found)) == set(logs)


def test_train_must_say_which_output_it_means(tmp_path: Path) -> None:
    graph = two_outputs(tmp_path)
    said = output_misfit(graph, training(loss="mse"))
    assert said == "`loss` is for a network of one output, received `pixels`, `age`"
    said = output_misfit(graph, training(outputs={"edge": {"loss": "mse"}}))
    assert said == "there is no output `edge`; the network has `pixels`, `age`"


@pytest.mark.parametrize(
    ("loss", "type", "said"),
    [
        ("mse", "int32[N, 3]", "mean_squared_error needs an output of floats"),
        ("mse", "float32[N]", "mean_squared_error needs an output [N, …, C], received float32[N]"),
        ("categorical_crossentropy", "float32[N, 1]", "needs at least 2 classes"),
        ("categorical_crossentropy", "float32[N, c]", "needs a constant number of classes"),
        ("binary_crossentropy", "float32[N, c]", None),
        ("sparse_categorical_crossentropy", "float32[N, h, w, 3]", None),
    ],
)
def test_a_loss_that_does_not_fit_an_output(loss: str, type: str, said: str | None) -> None:
    found = misfit(parse(LossField, loss), parse_tensor_type(type))
    assert found is None if said is None else said in str(found)


@pytest.mark.parametrize(
    ("channels", "loss", "metric", "said"),
    [
        (5, "mse", "accuracy", "accuracy is for binary or multiclass losses, received mean_sq"),
        (5, "sparse_categorical_crossentropy", "mae", "mae compares values, and sparse_categ"),
        (1, "binary_crossentropy", "top_k_accuracy", "top_k_accuracy is for multiclass losses"),
        (3, "categorical_crossentropy", "top_k_accuracy", "needs a k below 3"),
        (1, "hinge", "auc", "auc needs probabilities, and hinge makes the network give scores"),
        (5, "categorical_crossentropy", {"top_k_accuracy": 4}, None),
        (5, "categorical_crossentropy", "auc", None),
        (5, "categorical_crossentropy", "mae", None),
        (1, "hinge", "accuracy", None),
    ],
)
def test_a_metric_that_says_nothing_of_an_output(
    tmp_path: Path, channels: int, loss: str, metric: Any, said: str | None
) -> None:
    objective = only(objectives(network(tmp_path, channels), training(loss=loss)))
    found = metric_misfit(parse(MetricField, metric), objective)
    assert found is None if said is None else said in str(found)


@pytest.mark.parametrize(
    ("loss", "weights", "said"),
    [
        ("sparse_categorical_crossentropy", (1, 2), "needs 4 weights, one for each class"),
        ("sparse_categorical_crossentropy", (1, 2, 1, 1), None),
        ("sparse_categorical_crossentropy", "balanced", None),
        ("mse", "balanced", "needs an output of classes"),
        ("binary_crossentropy", "balanced", "needs an output of classes"),
    ],
)
def test_class_weights_need_classes(
    tmp_path: Path, loss: str, weights: Any, said: str | None
) -> None:
    train = training(loss=loss, class_weight=weights)
    found = class_weight_misfit(train, objectives(network(tmp_path, 4), train))
    assert found is None if said is None else said in str(found)


def test_class_weights_need_one_output(tmp_path: Path) -> None:
    part = {"loss": "mse"}
    train = training(outputs={"pixels": part, "age": part}, class_weight="balanced")
    found = objectives(two_outputs(tmp_path), train)
    said = class_weight_misfit(train, found)
    assert said == "class_weight is for a network of one output, received 2"

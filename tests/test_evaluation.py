"""The numbers of evaluations against small cases worked out by hand, and how they are collected."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pydantic import TypeAdapter
from sklearn import metrics

from specc.data.loading import Batch
from specc.diagnostics import SpecError
from specc.reports.collecting import collect, labels, probabilities
from specc.reports.evaluation import (
    CURVE_STEPS,
    Classification,
    evaluate,
)
from specc.reports.regression import BINS, POINTS, Regression
from specc.tensor import TensorType
from specc.training.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Hinge,
    Loss,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from specc.training.objectives import Objective


def objective(loss: Loss, *shape: int, output: str = "y") -> Objective:
    """What an output [N, …] of that shape is trained for."""
    classes = shape[-1] if loss.task == "multiclass" else 2 if shape[-1] == 1 else None
    type = TensorType(("N", *shape))  # type: ignore[arg-type]
    return Objective(output, type, loss, 1.0, (), loss.task, loss.labels, classes)


def classified(
    targets: Any, scores: Any, loss: Loss | None = None, names: tuple[str, ...] = ()
) -> Classification:
    scores = np.asarray(scores, np.float32)
    of = objective(loss or SparseCategoricalCrossentropy(), *scores.shape[1:])
    found = evaluate(np.asarray(targets), scores, of, names)
    assert isinstance(found, Classification)
    return found


# Five examples of cat, dog, bird: one cat is taken for a dog, one dog for a cat, the bird is right.
TARGETS = [0, 0, 1, 1, 2]
SCORES = [
    [0.8, 0.1, 0.1],
    [0.2, 0.7, 0.1],
    [0.1, 0.6, 0.3],
    [0.9, 0.1, 0.0],
    [0.1, 0.2, 0.7],
]
PETS = ("cat", "dog", "bird")


def test_classes_are_scored() -> None:
    found = classified(TARGETS, SCORES, names=PETS)
    assert found.task == "multiclass"
    assert found.examples == 5
    assert found.accuracy == pytest.approx(3 / 5)
    cat, dog, bird = found.classes
    assert (cat.name, cat.support) == ("cat", 2)
    assert (cat.precision, cat.recall, cat.f1) == pytest.approx((1 / 2, 1 / 2, 1 / 2))
    assert (dog.precision, dog.recall, dog.f1) == pytest.approx((1 / 2, 1 / 2, 1 / 2))
    assert (bird.precision, bird.recall, bird.f1) == (1, 1, 1)
    assert found.macro.recall == pytest.approx((1 / 2 + 1 / 2 + 1) / 3)
    assert found.weighted.recall == pytest.approx((2 / 2 + 2 / 2 + 1) / 5)
    assert found.confusion == ((1, 1, 0), (1, 1, 0), (0, 0, 1))
    assert found.notes == ()


def test_areas_count_the_pairs_in_order() -> None:
    """The area is the share of pairs (one of the class, one not) in which the class scores more."""
    found = classified(TARGETS, SCORES)
    cat, dog, bird = (each.auc for each in found.classes)
    # cat: 0.8 beats 0.1, 0.1 and not 0.9; 0.2 the same: 4 of 6.
    assert cat == pytest.approx(4 / 6)
    # dog: 0.6 beats 0.1, 0.2 and not 0.7; 0.1 draws with 0.1 and loses to 0.7 and 0.2: 2.5 of 6.
    assert dog == pytest.approx(2.5 / 6)
    assert bird == pytest.approx(1)
    assert found.macro_auc == pytest.approx((4 / 6 + 2.5 / 6 + 1) / 3)
    truth = np.eye(3)[TARGETS]
    micro = metrics.roc_auc_score(truth, np.float32(SCORES), average="micro")
    assert found.micro_auc == pytest.approx(micro)


def test_mistakes_come_with_the_most_confident_first() -> None:
    found = classified(TARGETS, SCORES, names=PETS)
    assert [(each.index, each.true, each.predicted) for each in found.mistakes] == [
        (3, "dog", "cat"),
        (1, "cat", "dog"),
    ]
    assert [each.confidence for each in found.mistakes] == pytest.approx([0.9, 0.7])


def test_equally_confident_mistakes_keep_their_order() -> None:
    found = classified([1] * 40, [[0.75, 0.25]] * 40)
    assert [each.index for each in found.mistakes] == list(range(16))


def test_classes_without_names_are_called_by_their_indices() -> None:
    assert [each.name for each in classified(TARGETS, SCORES).classes] == ["0", "1", "2"]


def test_a_class_without_examples_is_noted_and_has_no_area() -> None:
    found = classified([0, 0, 1, 1], np.array(SCORES)[:4], names=PETS)
    bird = found.classes[2]
    assert (bird.support, bird.recall, bird.auc) == (0, 0, None)
    assert found.macro.recall == pytest.approx((1 / 2 + 1 / 2 + 0) / 3)
    assert found.macro_auc == pytest.approx(np.mean([each.auc for each in found.classes[:2]]))
    assert [note for note in found.notes if "`bird`" in note] == list(found.notes)
    assert "bird" not in {curve.name for curve in found.roc}
    assert "null" in json.dumps(found.as_json(), allow_nan=False)


def test_one_class_alone_has_no_areas() -> None:
    found = classified([1, 1], [[0.2, 0.8], [0.6, 0.4]])
    assert [each.auc for each in found.classes] == [None, None]
    assert found.macro_auc is None
    assert found.accuracy == pytest.approx(1 / 2)


def test_binary_has_both_classes_and_one_curve() -> None:
    scores = [[0.9], [0.4], [0.5], [0.2]]
    found = classified([[1.0], [1.0], [0.0], [0.0]], scores, BinaryCrossentropy(), ("no", "yes"))
    assert found.task == "binary"
    assert found.confusion == ((2, 0), (1, 1))  # 0.5 is not above the threshold
    assert [each.name for each in found.classes] == ["no", "yes"]
    assert [curve.name for curve in found.roc] == ["yes"]
    assert found.roc[0].area == pytest.approx(3 / 4)
    (mistake,) = found.mistakes
    assert (mistake.index, mistake.true, mistake.predicted) == (1, "yes", "no")
    assert mistake.confidence == pytest.approx(0.6)


def test_several_labels_are_decisions_of_their_own() -> None:
    targets = [[1, 0, 1], [0, 1, 1]]
    scores = [[0.9, 0.6, 0.8], [0.1, 0.7, 0.2]]
    found = classified(targets, scores, BinaryCrossentropy(), PETS)
    assert found.task == "multilabel"
    assert found.accuracy == pytest.approx(4 / 6)
    assert found.confusion is None
    assert found.mistakes == ()
    assert [each.support for each in found.classes] == [1, 1, 2]
    assert [each.precision for each in found.classes] == pytest.approx([1, 1 / 2, 1])
    assert [each.recall for each in found.classes] == pytest.approx([1, 1, 1 / 2])
    assert [each.auc for each in found.classes] == [1, 1, None]


def test_places_of_an_example_count_each() -> None:
    targets = [[0, 1], [1, 1]]
    scores = [[[0.9, 0.1], [0.8, 0.2]], [[0.3, 0.7], [0.2, 0.8]]]
    found = classified(targets, scores)
    assert found.examples == 2
    assert found.accuracy == pytest.approx(3 / 4)
    assert found.confusion == ((1, 0), (1, 2))
    assert found.mistakes == ()


def test_an_ignored_class_counts_for_nothing() -> None:
    loss = SparseCategoricalCrossentropy(ignore_class=9)
    found = classified([9, *TARGETS], [[0, 0, 1], *SCORES], loss)
    assert found.confusion == ((1, 1, 0), (1, 1, 0), (0, 0, 1))
    assert [each.index for each in found.mistakes] == [4, 2]
    with pytest.raises(SpecError, match=r"undefined-score.*every target is 9"):
        classified([9, 9], [[0.5, 0.5]] * 2, loss)


def regressed(targets: Any, scores: Any) -> Regression:
    scores = np.asarray(scores, np.float32)
    of = objective(MeanSquaredError(), *scores.shape[1:])
    found = evaluate(np.asarray(targets, np.float32), scores, of)
    assert isinstance(found, Regression)
    json.dumps(found.as_json(), allow_nan=False)
    assert TypeAdapter(Regression).validate_json(json.dumps(found.as_json())) == found
    return found


def test_regression_has_errors() -> None:
    found = regressed([[1.0], [2.0], [4.0]], [[1.0], [3.0], [2.0]])
    errors, mean = found.errors, 7 / 3
    assert errors.mse == pytest.approx(5 / 3)
    assert errors.rmse == pytest.approx((5 / 3) ** 0.5)
    assert errors.mae == pytest.approx(1)
    total = (1 - mean) ** 2 + (2 - mean) ** 2 + (4 - mean) ** 2
    assert errors.r2 == pytest.approx(1 - 5 / total)
    assert found.numbers == ()
    assert found.pairs.true == (1, 2, 4)
    assert found.pairs.predicted == (1, 3, 2)
    assert (found.residuals.edges[0], found.residuals.edges[-1]) == (-2, 1)
    assert sum(found.residuals.counts) == 3


def test_each_number_of_a_vector_has_errors() -> None:
    found = regressed([[1.0, 10.0], [2.0, 20.0]], [[1.0, 14.0], [2.0, 20.0]])
    assert [each.mae for each in found.numbers] == [0, 2]
    assert found.errors.mae == 1
    assert regressed(np.ones((2, 30)), np.ones((2, 30))).numbers == ()
    assert regressed(np.ones((2, 3, 2)), np.ones((2, 3, 2))).numbers == ()


def test_of_many_values_some_are_drawn_and_all_are_counted() -> None:
    true = np.arange(5000.0)[:, np.newaxis]
    found = regressed(true, true + 1)
    assert len(found.pairs.true) == POINTS
    assert (found.pairs.true[0], found.pairs.true[-1]) == (0, 4999)
    assert len(found.residuals.counts) == BINS
    assert sum(found.residuals.counts) == 5000


def test_large_values_do_not_overflow() -> None:
    assert regressed([[1e30], [2e30]], [[0.0], [0.0]]).errors.mse == pytest.approx(2.5e60)


def test_one_value_has_no_r2() -> None:
    found = regressed([[1.0]], [[0.0]])
    assert found.as_json()["errors"] == {"mse": 1.0, "rmse": 1.0, "mae": 1.0, "r2": None}


def test_targets_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(SpecError, match=r"data-mismatch.*`y`.*1 of 2 examples.*example 1"):
        regressed([[1.0], [np.nan]], [[0.0], [0.0]])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_scores_that_are_no_numbers_are_refused(value: float) -> None:
    scores = np.array(SCORES, np.float32)
    scores[3, 1] = value
    with pytest.raises(SpecError, match=r"output-not-finite.*`logits`.*1 of 5.*example 3"):
        evaluate(
            np.array(TARGETS),
            scores,
            objective(SparseCategoricalCrossentropy(), 3, output="logits"),
        )


def test_many_classes_keep_the_worst_curves() -> None:
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 12, 400)
    scores = generator.random((400, 12)) + np.eye(12)[targets] * np.linspace(0.1, 0.9, 12)
    found = classified(targets, scores / scores.sum(axis=1, keepdims=True))
    kinds = [curve.kind for curve in found.roc]
    assert kinds == ["micro", "macro", *["class"] * 5]
    worst = sorted(each.auc for each in found.classes if each.auc is not None)[:5]
    assert [curve.area for curve in found.roc[2:]] == worst


def test_long_curves_are_thinned_and_keep_their_ends() -> None:
    generator = np.random.default_rng(0)
    targets = generator.integers(0, 2, 20_000)
    scores = np.clip(generator.normal(0.4 + 0.2 * targets, 0.2), 0, 1)
    (curve,) = classified(targets[:, None], scores[:, None], BinaryCrossentropy()).roc
    false, true = np.array(curve.false_positive_rate), np.array(curve.true_positive_rate)
    assert len(false) <= CURVE_STEPS + 1
    assert (false[0], true[0], false[-1], true[-1]) == (0, 0, 1, 1)
    assert (np.diff(false) >= 0).all()
    assert (np.diff(true) >= 0).all()
    assert np.trapezoid(true, false) == pytest.approx(curve.area, abs=1e-3)


@given(
    st.integers(2, 5).flatmap(
        lambda classes: st.integers(1, 20).flatmap(
            lambda n: st.tuples(
                arrays.arrays(np.int64, n, elements=st.integers(0, classes - 1)),
                arrays.arrays(np.float32, (n, classes), elements=st.floats(0, 1, width=32)),
            )
        )
    )
)
def test_any_data_gives_json_that_reads_back(case: tuple[Any, Any]) -> None:
    found = classified(*case)
    text = json.dumps(found.as_json(), allow_nan=False)
    assert TypeAdapter(Classification).validate_json(text) == found
    assert sum(map(sum, found.confusion or ())) == len(case[0])


# --- collecting -----------------------------------------------------------------------------------


class Batches:
    """A loader of batches that are given."""

    def __init__(self, *batches: Batch) -> None:
        self.batches = batches

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        assert number == 0
        return iter(self.batches[start:])


class Echo:
    """An engine whose network gives its input back; it reads one batch ahead."""

    def predict(self, batches: Iterable[Batch]) -> Iterator[dict[str, Any]]:
        iterator = iter(batches)
        waiting = next(iterator)
        for batch in iterator:
            yield {"y": waiting.inputs["x"]}
            waiting = batch
        yield {"y": waiting.inputs["x"]}


def test_batches_are_joined_in_order() -> None:
    x = np.arange(10, dtype=np.float32).reshape(5, 2)
    one_hot = np.eye(2, dtype=np.float32)[[0, 1, 1, 0, 1]]
    parts = [slice(0, 2), slice(2, 4), slice(4, 5)]
    loader = Batches(*(Batch({"x": x[s]}, {"y": one_hot[s]}, None, 2) for s in parts))
    engine: Any = Echo()
    found = collect(engine, loader, {"y": objective(CategoricalCrossentropy(), 2)})  # type: ignore[arg-type]
    assert found["y"].targets.tolist() == [0, 1, 1, 0, 1]
    assert np.array_equal(found["y"].scores, x)


def test_logits_become_probabilities() -> None:
    logits = np.array([[0.0, np.log(3.0)], [1000.0, -1000.0]], np.float32)
    softmax = probabilities(logits, objective(CategoricalCrossentropy(from_logits=True), 2))
    assert softmax == pytest.approx(np.array([[0.25, 0.75], [1, 0]]))
    sigmoid = probabilities(logits, objective(BinaryCrossentropy(from_logits=True), 2))
    assert sigmoid == pytest.approx(np.array([[0.5, 0.75], [1, 0]]))


def test_probabilities_and_values_stay() -> None:
    values = np.array([[0.25, 0.75]], np.float32)
    for loss in (CategoricalCrossentropy(), BinaryCrossentropy(), MeanSquaredError()):
        assert np.array_equal(probabilities(values, objective(loss, 2)), values)


def test_scores_of_a_hinge_decide_at_zero() -> None:
    scores = np.array([[-0.1], [0.1]], np.float32)
    assert (probabilities(scores, objective(Hinge(), 1)) > 0.5).tolist() == [[False], [True]]


def test_only_one_hot_targets_change() -> None:
    one_hot = np.eye(3, dtype=np.float32)[[2, 0]]
    assert labels(one_hot, objective(CategoricalCrossentropy(), 3)).tolist() == [2, 0]
    assert labels(one_hot, objective(BinaryCrossentropy(), 3)) is one_hot


def test_evaluations_are_plain_data() -> None:
    found = classified(TARGETS, SCORES)
    assert found.as_json() == asdict(found)

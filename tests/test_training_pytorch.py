"""The PyTorch engine: what a step means, and that it goes on as if it had never stopped."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

import specc
from specc.backends.pytorch import BACKEND
from specc.diagnostics import SpecError
from specc.training.document import Train
from specc.training.engine import Plan
from specc.training.objectives import objectives

Array = np.ndarray[Any, Any]
Logs = dict[str, float]
Make = Callable[..., Any]

STEPS = 7
BATCH = 6

CNN = """\
specc: 1
name: cnn
inputs: {image: "float32[N, 8, 8, 1]"}
layers:
  - Conv2D: {filters: 6, kernel_size: 3, kernel_regularizer: {l2: 0.001}}
  - BatchNormalization
  - ReLU
  - MaxPooling2D
  - Dropout: {rate: 0.2, seed: 5}
  - Flatten
  - Dropout: 0.3
  - Dense: 10
"""

PLAIN = """\
specc: 1
name: plain
inputs: {image: "float32[N, 8, 8, 1]"}
layers:
  - Conv2D: {filters: 4, kernel_size: 3, kernel_regularizer: {l2: 0.01}, activation: tanh}
  - Flatten
  - Dense: 10
"""

PLACES = """\
specc: 1
name: places
inputs: {image: "float32[N, 8, 8, 1]"}
layers:
  - Conv2D: {filters: 10, kernel_size: 3, activation: softmax}
"""

TWO = """\
specc: 1
name: two
inputs: {image: "float32[N, 8, 8, 1]"}
layers:
  - Flatten:
    name: flat
  - Dense: 10
    name: digit
  - Dense: {units: 1, activation: sigmoid}
    name: odd
    inputs: flat
outputs: [digit, odd]
"""

LOGITS = {"sparse_categorical_crossentropy": {"from_logits": True}}


class Batch(NamedTuple):
    """As `specc.data.loading.Batch`."""

    inputs: dict[str, Array]
    targets: dict[str, Array]
    weights: Array | None
    size: int


def batches(
    output: str = "dense",
    start: int = 0,
    *,
    weighted: bool = False,
    last: int = BATCH,
    share: tuple[int, int] = (0, 1),
) -> Iterator[Batch]:
    """Pictures of noise with classes; the last batch has `last`. share: which rank, of how many."""
    rank, world = share
    for step in range(start, STEPS):
        generator = np.random.default_rng(step)
        size = last if step == STEPS - 1 else BATCH
        images = generator.random((size, 8, 8, 1), np.float32)
        labels = generator.integers(0, 10, size).astype(np.int32)
        weights = generator.random(size, np.float32) + 0.5 if weighted else None
        own = slice(rank, None, world)
        kept = None if weights is None else weights[own]
        yield Batch({"image": images[own]}, {output: labels[own]}, kept, size)


def nothing(step: int, read: Callable[[], Logs]) -> None:
    """Look at no step."""


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """An engine from a spec's text and the section `train`; further arguments are `Plan`'s."""
    engines = []

    def engine(text: str, train: Any = None, **options: Any) -> Any:
        engines.append(BACKEND.engine(planned(tmp_path, text, train or {}, **options)))
        return engines[-1]

    yield engine
    for each in engines:
        each.close()


def planned(folder: Path, text: str, train: Mapping[str, Any], **options: Any) -> Plan:
    (path := folder / "net.yaml").write_text(text, "utf-8")
    net = specc.load(path)
    usual = {"optimizer": "sgd", "epochs": 2, "batch_size": BATCH}
    usual |= {} if "outputs" in train else {"loss": LOGITS}
    declared = Train.model_validate_json(json.dumps(usual | dict(train)))
    weights = net.initial_weights(seed=3)
    found = objectives(net.graph, declared)
    options = {"accelerator": "cpu", **options}
    return Plan(net.graph, declared, found, weights, STEPS, **options)


# --- what a step means --------------------------------------------------------------------------


def by_hand(text: str, folder: Path, rate: float) -> tuple[list[float], dict[str, Array]]:
    """The loop that everybody writes: the mean loss after each step, and the weights."""
    plan = planned(folder, text, {})
    model: Any = BACKEND.model(plan.graph, plan.weights)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    total, examples, losses = 0.0, 0, []
    for batch in batches():
        optimizer.zero_grad()
        images = torch.from_numpy(batch.inputs["image"].transpose(0, 3, 1, 2).copy())
        labels = torch.from_numpy(batch.targets["dense"]).long()
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        loss = loss + model.regularization_loss()
        loss.backward()
        optimizer.step()
        total, examples = total + loss.item() * len(images), examples + len(images)
        losses.append(total / examples)
    return losses, {key: value.detach().numpy() for key, value in model.state_dict().items()}


def test_a_step_is_that_of_the_loop_everybody_writes(make: Make, tmp_path: Path) -> None:
    engine = make(PLAIN, {"optimizer": {"sgd": {"learning_rate": 0.5}}})
    losses: list[float] = []
    logs = engine.train(batches(), lambda step, read: losses.append(read()["loss"]))
    expected, weights = by_hand(PLAIN, tmp_path, 0.5)
    np.testing.assert_allclose(losses, expected, rtol=1e-6)
    assert logs["loss"] == losses[-1]
    for key, weight in engine.weights().items():
        np.testing.assert_allclose(weight, weights[key], rtol=1e-5, atol=1e-6, err_msg=key)


def test_weights_of_examples_are_those_of_keras(make: Make) -> None:
    engine = make(PLAIN.replace("kernel_regularizer: {l2: 0.01}, ", ""))
    given = next(batches(weighted=True))
    before = engine.predict([given])
    logits = next(before)["dense"]
    logs = engine.train([given], nothing)
    powers = np.exp(logits)
    p = powers / powers.sum(-1, keepdims=True)
    values = -np.log(p[np.arange(BATCH), given.targets["dense"]])
    assert given.weights is not None
    # Keras divides by the number of examples, not by the sum of the weights.
    np.testing.assert_allclose(logs["loss"], (values * given.weights).mean(), rtol=1e-5)


def test_places_of_pictures_have_classes(make: Make) -> None:
    train = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy", "recall"]}
    engine = make(PLACES, train)
    image = np.random.default_rng(0).random((2, 8, 8, 1), np.float32)
    labels = np.random.default_rng(1).integers(0, 10, (2, 6, 6)).astype(np.int32)
    batch = Batch({"image": image}, {"conv2d": labels}, None, 2)
    p = next(engine.predict([batch]))["conv2d"]
    logs = engine.evaluate([batch])
    right = np.take_along_axis(p, labels[..., None], -1)
    assert p.shape == (2, 6, 6, 10)
    np.testing.assert_allclose(logs["loss"], -np.log(right).mean(), rtol=1e-5)
    np.testing.assert_allclose(logs["accuracy"], (p.argmax(-1) == labels).mean(), rtol=1e-6)


def test_several_outputs_are_weighed_and_named_as_in_keras(make: Make) -> None:
    outputs = {
        "digit": {"loss": LOGITS, "metrics": ["accuracy"]},
        "odd": {"loss": "binary_crossentropy", "loss_weight": 0.25, "metrics": ["auc"]},
    }
    engine = make(TWO, {"outputs": outputs})
    batch = next(batches("digit"))
    batch.targets["odd"] = (batch.targets["digit"] % 2).astype(np.float32)[:, None]
    logs = engine.evaluate([batch])
    assert list(logs) == ["loss", "digit_loss", "odd_loss", "digit_accuracy", "odd_auc"]
    np.testing.assert_allclose(
        logs["loss"], logs["digit_loss"] + 0.25 * logs["odd_loss"], rtol=1e-6
    )


SURE = """\
specc: 1
name: sure
inputs: {image: "float32[N, 8, 8, 1]"}
layers:
  - Flatten
  - Dense: {units: 10, kernel_initializer: {random_normal: {stddev: 30}}ENDING}
"""
ENDINGS = {
    "activation": SURE.replace("ENDING", ", activation: softmax"),
    "softmax": SURE.replace("ENDING", "") + "  - Softmax\n",
    "layer": SURE.replace("ENDING", "") + "  - Activation: softmax\n",
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_softmax_that_is_sure_and_wrong_learns_from_its_logits(make: Make, ending: str) -> None:
    """As in Keras: a probability that rounded to 0 would have no gradient."""
    logits = make(SURE.replace("ENDING", ""), {"metrics": ["accuracy", "mse"]})
    train = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy", "mse"]}
    engine = make(ENDINGS[ending], train)
    output = next(iter(engine._plan.graph.outputs))
    assert next(engine.predict(batches(output)))[output].sum() == pytest.approx(BATCH)
    found, expected = (
        each.train(batches(name), nothing) for each, name in ((engine, output), (logits, "dense"))
    )
    assert found == expected
    assert found["loss"] > 17, "what Keras would clip at"
    assert_same([engine.weights()], [logits.weights()])


def test_evaluation_changes_nothing(make: Make) -> None:
    engine = make(CNN, {"metrics": ["accuracy"]})
    engine.train(batches(), nothing)
    before = engine.weights(), engine.state()
    assert engine.evaluate(batches()) == engine.evaluate(batches())
    assert_same((engine.weights(), engine.state()), before)


def test_the_epoch_is_the_mean_over_examples(make: Make) -> None:
    engine = make(PLAIN, {"metrics": ["accuracy"]})
    whole = engine.evaluate(batches(last=2))
    parts = [engine.evaluate([batch]) for batch in batches(last=2)]
    sizes = [batch.size for batch in batches(last=2)]
    for name in ("loss", "accuracy"):
        mean = np.average([part[name] for part in parts], weights=sizes)
        np.testing.assert_allclose(whole[name], mean, rtol=1e-6)


def test_the_rate_follows_the_schedule_until_it_is_reduced(make: Make) -> None:
    decay = {
        "exponential_decay": {"initial_learning_rate": 1.0, "decay_steps": 1, "decay_rate": 0.5}
    }
    engine = make(PLAIN, {"optimizer": {"sgd": {"learning_rate": decay}}})
    seen: list[float] = []
    engine.train(batches(), lambda step, read: seen.append(engine.learning_rate))
    assert seen == [0.5**step for step in range(1, STEPS + 1)]
    engine.reduce_learning_rate(0.125)
    engine.train(batches(), nothing)
    assert engine.learning_rate == 0.125


# --- going on -----------------------------------------------------------------------------------

STATEFUL = {
    "optimizer": {
        "adam": {
            "learning_rate": {"cosine_decay": {"initial_learning_rate": 0.01}},
            "amsgrad": True,
        }
    },
    "metrics": ["accuracy", "f1_score", "auc", {"top_k_accuracy": 3}],
}


class Stopped(Exception):
    """What stops the training in these tests."""


def stop_after(last: int) -> Callable[[int, Callable[[], Logs]], None]:
    def after_step(step: int, _: Callable[[], Logs]) -> None:
        if step == last:
            raise Stopped

    return after_step


def assert_same(found: Any, expected: Any) -> None:
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.keys() == theirs.keys()
        for name, array in ours.items():
            np.testing.assert_array_equal(array, theirs[name], err_msg=name, strict=True)


@pytest.mark.parametrize("optimizer", [None, "muon", "adafactor", "nadam", "ftrl"])
def test_what_follows_a_restore_is_bit_for_bit_the_same(make: Make, optimizer: str | None) -> None:
    train = STATEFUL if optimizer is None else {**STATEFUL, "optimizer": optimizer}
    unbroken = make(CNN, train)
    expected = [unbroken.train(batches(), nothing) for _ in range(2)][1]

    stopped = make(CNN, train)
    stopped.train(batches(), nothing)
    with pytest.raises(Stopped):
        stopped.train(batches(), stop_after(3))
    weights, state = stopped.weights(), stopped.state()

    resumed = make(CNN, train)
    resumed.train(batches(), nothing)  # from elsewhere
    resumed.restore(weights, state)
    assert_same((resumed.weights(), resumed.state()), (weights, state))
    assert resumed.train(batches(start=3), nothing, done=3) == expected
    assert_same((resumed.weights(), resumed.state()), (unbroken.weights(), unbroken.state()))


def test_snapshots_do_not_change_with_the_engine(make: Make) -> None:
    engine = make(CNN, STATEFUL)
    engine.train(batches(), nothing)
    taken = engine.weights(), engine.state()
    copies = tuple({name: array.copy() for name, array in each.items()} for each in taken)
    engine.train(batches(), nothing)
    assert_same(taken, copies)


def test_a_reduced_rate_is_restored(make: Make) -> None:
    engine, other = make(PLAIN), make(PLAIN)
    engine.reduce_learning_rate(0.001)
    other.restore(engine.weights(), engine.state())
    assert other.learning_rate == 0.001


# --- precision, compilation, devices ------------------------------------------------------------


def test_weights_stay_float32_in_bfloat16(make: Make) -> None:
    engine = make(CNN, {"precision": "bfloat16"})
    logs = engine.train(batches(), nothing)
    assert engine.precision == "bfloat16"
    assert {array.dtype.name for array in engine.weights().values()} == {"float32"}
    exact = make(CNN).train(batches(), nothing)
    np.testing.assert_allclose(logs["loss"], exact["loss"], rtol=0.02)
    assert logs["loss"] != exact["loss"]


def test_float32_and_the_cpu_are_the_defaults_without_a_gpu(make: Make) -> None:
    engine = make(PLAIN)
    assert (engine.precision, engine.device, engine.rank, engine.world) == ("float32", "cpu", 0, 1)


@pytest.mark.parametrize(
    ("train", "options"),
    [
        ({"precision": "float16"}, {}),
        ({}, {"accelerator": "gpu"}),
        ({"optimizer": "lamb"}, {"strategy": "fsdp"}),
    ],
)
def test_what_the_device_cannot_do_is_said(make: Make, train: Any, options: Any) -> None:
    with pytest.raises(SpecError, match="device-unavailable"):
        make(PLAIN, train, **options)


def test_norms_of_parts_of_an_axis_are_not_spread(make: Make) -> None:
    norm = "depthwise_constraint: {unit_norm: {axis: 2}}"
    layer = f"DepthwiseConv2D: {{kernel_size: 1, depth_multiplier: 2, {norm}}}"
    text = PLAIN.replace("  - Flatten\n", f"  - {layer}\n  - Flatten\n")
    with pytest.raises(SpecError, match=r"device-unavailable(?s:.)*depthwise_conv2d\.weight"):
        make(text, {}, strategy="fsdp")


def test_a_batch_that_cannot_be_normalized_is_said(make: Make) -> None:
    text = CNN.replace("  - Flatten\n", "  - Flatten\n  - BatchNormalization\n")
    engine = make(text)
    with pytest.raises(SpecError, match="batch-too-small"):
        engine.train(batches(last=1), nothing)


def test_a_device_without_memory_is_said(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    engine = make(PLAIN)
    monkeypatch.setattr(engine._optimizer.optimizer, "step", full)
    with pytest.raises(SpecError, match=r"out-of-memory(?s:.)*batch_size smaller"):
        engine.train(batches(), nothing)


# --- several processes --------------------------------------------------------------------------

PROCESS = Path(__file__)

LAST = 1
"""Of seven batches the last has one example, and the second process no part in it."""


def test_two_processes_learn_what_one_does(make: Make, tmp_path: Path) -> None:
    train = {"metrics": ["accuracy", "f1_score"], "optimizer": {"adam": {"clipnorm": 0.5}}}
    engine = make(PLAIN, train)
    losses = [engine.train(batches(last=LAST), nothing) for _ in range(2)]
    results = launched(tmp_path, PLAIN, train)
    for result in results:
        for found, expected in zip(result["logs"], losses, strict=True):
            assert found.keys() == expected.keys()
            np.testing.assert_allclose(
                list(found.values()), list(expected.values()), rtol=1e-5, atol=1e-6
            )
        for key, weight in engine.weights().items():
            np.testing.assert_allclose(result["weights"][key], weight, rtol=1e-4, atol=1e-5)
    assert [result["any"] for result in results] == [True, True]


def launched(folder: Path, text: str, train: Mapping[str, Any], **options: Any) -> list[Any]:
    """What two processes, started as `torchrun` would, come to."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = str(found.getsockname()[1])
    common = {
        "TORCHELASTIC_RUN_ID": "test",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(PROCESS.parent),
    }
    work = json.dumps([str(folder), text, train, options])
    processes = [
        subprocess.Popen(
            [sys.executable, str(PROCESS), work],
            env={**os.environ, **common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    return [json.loads(output.splitlines()[-1]) for output in outputs]


def work(folder: str, text: str, train: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
    """One of two processes."""
    own = Path(folder, os.environ["RANK"])
    own.mkdir()
    engine = BACKEND.engine(planned(own, text, train, **options))
    share = engine.rank, engine.world
    logs = [engine.train(batches(last=LAST, share=share), nothing) for _ in range(2)]
    state = engine.state()
    engine.restore(engine.weights(), state)
    assert_same([engine.state()], [state])
    result = {
        "logs": logs,
        "any": engine.any(engine.rank == 1),
        "weights": {key: array.tolist() for key, array in engine.weights().items()},
    }
    engine.close()
    return result


def test_weights_can_be_spread_over_the_processes(make: Make, tmp_path: Path) -> None:
    train = {
        "metrics": ["accuracy"],
        "optimizer": {"sgd": {"momentum": 0.9, "clipnorm": 0.1, "weight_decay": 0.1}},
    }
    kept = "{units: 10, kernel_constraint: {max_norm: 0.5}, bias_constraint: unit_norm}"
    text = PLAIN.replace("Dense: 10", f"Dense: {kept}")
    engine = make(text, train)
    losses = [engine.train(batches(last=LAST), nothing)["loss"] for _ in range(2)]
    for result in launched(tmp_path, text, train, strategy="fsdp"):
        found = [logs["loss"] for logs in result["logs"]]
        np.testing.assert_allclose(found, losses, rtol=1e-5)
        for key, weight in engine.weights().items():
            np.testing.assert_allclose(result["weights"][key], weight, rtol=1e-4, atol=1e-5)


# --- with a GPU ---------------------------------------------------------------------------------


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_steps_on_a_gpu_are_those_of_the_cpu(make: Make, precision: str, compiled: bool) -> None:
    text = CNN.replace("  - Dropout: {rate: 0.2, seed: 5}\n", "").replace("  - Dropout: 0.3\n", "")
    train = {"metrics": ["accuracy", "auc"], "optimizer": "adam"}
    expected = make(text, train).train(batches(), nothing)
    options = {"precision": precision, "compile": compiled}
    engine = make(text, train | options, accelerator="gpu")
    logs = engine.train(batches(), nothing)
    assert engine.precision == precision
    assert engine.device == torch.cuda.get_device_name()
    tolerance = 1e-3 if precision == "float32" else 0.05
    np.testing.assert_allclose(logs["loss"], expected["loss"], rtol=tolerance)
    assert {array.dtype.name for array in engine.weights().values()} == {"float32"}


@pytest.mark.gpu
def test_a_gpu_gets_bfloat16_compilation_and_channels_last(make: Make) -> None:
    from torch._dynamo.utils import counters

    engine = make(CNN, accelerator="gpu")
    assert engine.precision == ("bfloat16" if torch.cuda.is_bf16_supported() else "float32")
    counters.clear()
    engine.train(batches(), nothing)
    assert counters["stats"]["unique_graphs"]
    kernel = engine._network.conv2d.weight
    assert kernel.is_cuda
    assert kernel.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_a_gpu_goes_on_from_where_it_was(make: Make, precision: str) -> None:
    train = {**STATEFUL, "precision": precision}
    engine = make(CNN, train, accelerator="gpu")
    with pytest.raises(Stopped):
        engine.train(batches(), stop_after(3))
    weights, state = engine.weights(), engine.state()
    expected = engine.train(batches(start=3), nothing, done=3)
    resumed = make(CNN, train, accelerator="gpu")
    resumed.restore(weights, state)
    assert_same((resumed.weights(), resumed.state()), (weights, state))
    found = resumed.train(batches(start=3), nothing, done=3)
    assert found == pytest.approx(expected, rel=1e-3)  # the order of sums on a GPU is not fixed


if __name__ == "__main__":
    print(json.dumps(work(*json.loads(sys.argv[1]))))

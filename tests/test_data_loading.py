from __future__ import annotations

import logging
import pickle
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from specc.data.document import Data, ImageFolder
from specc.data.loading import Batch, Loader
from specc.data.opening import open_data
from specc.diagnostics import SpecError
from specc.tensor import parse_tensor_type
from specc.training.losses import SparseCategoricalCrossentropy
from specc.training.objectives import Objective


@dataclass(frozen=True)
class Numbers:
    """A split whose example i is the number i; its class is i modulo 3."""

    size: int
    quick: bool = True
    example_bytes: int = 4
    broken: int | None = None
    fetched: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return self.size

    def fetch(self, indices: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        self.fetched.extend(indices.tolist())
        if self.broken in indices:
            raise SpecError.of("data-unreadable", f"example {self.broken} is broken")
        return {"x": indices.astype(np.float32)}, {"y": indices.astype(np.int32)}

    def labels(self) -> Any:
        return np.arange(self.size) % 3

    def describe(self, index: int) -> str:
        return f"number {index}"

    def picture(self, index: int) -> None:
        return None


def numbers(batches: Any) -> list[list[int]]:
    return [batch.targets["y"].tolist() for batch in batches]


@given(
    size=st.integers(1, 40),
    batch_size=st.integers(1, 9),
    seed=st.integers(0, 5),
    epoch=st.integers(0, 3),
    workers=st.sampled_from([0, 2]),
    data=st.data(),
)
@settings(max_examples=60)
def test_an_epoch_is_a_permutation_that_resumes_anywhere(
    size: int, batch_size: int, seed: int, epoch: int, workers: int, data: st.DataObject
) -> None:
    loader = Loader(Numbers(size), batch_size, seed, shuffle=True, workers=workers)
    whole = numbers(loader.epoch(epoch))
    assert len(whole) == loader.steps
    assert sorted(chain.from_iterable(whole)) == list(range(size))
    assert all(len(batch) == batch_size for batch in whole[:-1])
    assert numbers(loader.epoch(epoch)) == whole
    start = data.draw(st.integers(0, loader.steps))
    assert numbers(loader.epoch(epoch, start)) == whole[start:]


@given(size=st.integers(1, 30), batch_size=st.integers(1, 8), world=st.integers(1, 4))
@settings(max_examples=40)
def test_ranks_share_each_batch(size: int, batch_size: int, world: int) -> None:
    split = Numbers(size)
    whole = list(Loader(split, batch_size, shuffle=True).epoch(0))
    shards = [
        list(Loader(split, batch_size, shuffle=True, rank=rank, world=world).epoch(0))
        for rank in range(world)
    ]
    for step, batch in enumerate(whole):
        parts = [shard[step] for shard in shards]
        assert [part.size for part in parts] == [batch.size] * world
        together = np.empty(batch.size, int)
        for rank, part in enumerate(parts):
            together[rank::world] = part.targets["y"]
        assert together.tolist() == batch.targets["y"].tolist()


def test_the_order_follows_from_seed_and_epoch() -> None:
    split = Numbers(50)
    orders = [
        numbers(Loader(split, 50, seed, shuffle=True).epoch(epoch))[0]
        for seed, epoch in ((0, 0), (0, 1), (1, 0))
    ]
    assert len({tuple(order) for order in orders}) == 3
    assert numbers(Loader(split, 50).epoch(7))[0] == list(range(50))
    # The order is part of what a seed promises: a run resumes under another version, too.
    assert (
        orders[0][:5] == np.random.Generator(np.random.PCG64([0, 0])).permutation(50)[:5].tolist()
    )


def test_class_weights_go_with_their_examples() -> None:
    loader = Loader(Numbers(9), 4, 0, shuffle=True, class_weight=(1.0, 2.0, 3.0))
    for batch in loader.epoch(0):
        assert batch.weights is not None
        assert batch.weights.dtype == np.float32
        assert batch.weights.tolist() == [float(each % 3 + 1) for each in batch.targets["y"]]


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_faults_come_through_as_they_are(workers: int) -> None:
    batches = Loader(Numbers(20, broken=13), 4, workers=workers).epoch(0)
    assert numbers(next(batches) for _ in range(3)) == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9, 10, 11],
    ]
    with pytest.raises(SpecError, match="example 13 is broken") as caught:
        next(batches)
    assert type(caught.value) is SpecError
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - its own bytes
    assert again.report.diagnostics == caught.value.report.diagnostics


def test_stopping_early_leaves_no_thread() -> None:
    before = threading.active_count()
    batches = Loader(Numbers(1000), 2, workers=2).epoch(0)
    assert isinstance(next(batches), Batch)
    batches.close()  # type: ignore[attr-defined]
    for thread in threading.enumerate():
        if thread.name.startswith("grain"):
            thread.join(10)
    assert threading.active_count() <= before


def test_what_waits_is_bounded() -> None:
    split = Numbers(1000, quick=False)
    batches = Loader(split, 1, workers=2).epoch(0)
    next(batches)
    assert len(split.fetched) <= 2 * 2 + 1
    large = Numbers(10, quick=False, example_bytes=2**31)
    assert Loader(large, 1)._prefetching() == (1, 1)
    assert Loader(Numbers(10), 1)._prefetching()[0] == 0


def test_importing_grain_changes_no_logging() -> None:
    code = (
        "import logging; before = logging.root.level, list(logging.root.handlers)\n"
        "import numpy as np\n"
        "from test_data_loading import Numbers, Loader\n"
        "list(Loader(Numbers(3), 2).epoch(0))\n"
        "assert (logging.root.level, list(logging.root.handlers)) == before\n"
        "assert not logging.getLogger('absl').filters\n"
    )
    path = str(Path(__file__).parent)
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {path!r})\n{code}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert not logging.getLogger("absl").filters


def test_a_truncated_picture_in_an_epoch(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    for name in ("a/0.png", "a/1.png", "b/0.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(noise).save(tmp_path / name)
    whole = (tmp_path / "a" / "1.png").read_bytes()
    (tmp_path / "a" / "1.png").write_bytes(whole[:1000])
    loss = SparseCategoricalCrossentropy()
    output = parse_tensor_type("float32[N, 2]")
    target = Objective("y", output, loss, 1.0, (), loss.task, loss.labels, 2)
    inputs = {"x": parse_tensor_type("float32[N, 8, 8, 3]")}
    data = Data(source=ImageFolder(path=str(tmp_path)))
    split = open_data(data, inputs, {"y": target}, rescales=False).train
    assert split is not None
    with pytest.raises(SpecError, match=r"data-unreadable.*a/1\.png.*truncated"):
        list(Loader(split, 1, workers=2).epoch(0))

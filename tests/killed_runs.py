"""Runs that are killed and resumed, each in a process of its own: `killed_runs.py FOLDER`.

The processes are forked, so that the frameworks are imported once. Prints a line of JSON for each
kill: where it came, and the SHA-256 of the weights that the resumed run ended with; the first line
is of the run that nobody killed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import grain  # noqa: F401 - what a run imports, so that each fork has it
import lightning_fabric  # noqa: F401
import matplotlib.backends.backend_agg
import matplotlib.figure
import numpy as np
import sklearn.model_selection  # noqa: F401
import torch

import specc
from specc.backend import load_training_backend
from specc.reports import html, plots  # noqa: F401
from specc.training import session  # noqa: F401

SPEC = """
specc: 1
inputs: {image: "float32[N, 6, 6, 1]"}
layers:
  - Conv2D: {filters: 4, kernel_size: 3}
  - BatchNormalization
  - ReLU
  - Flatten
  - Dropout: 0.3
  - Dense: 3
    name: logits
train:
  optimizer: {adam: {learning_rate: {cosine_decay: {initial_learning_rate: 0.01}}}}
  loss: {sparse_categorical_crossentropy: {from_logits: true}}
  metrics: [accuracy]
  epochs: 3
  batch_size: 8
  checkpoint: {monitor: val_accuracy, save_freq: 3}
data:
  source: arrays
  validation_split: 0.2
"""

BY_TIME, BY_SAVE = 10, 10
"""So many kills after a random time, and so many in the middle of a file being written."""


def train(folder: Path, run: Path) -> None:
    specc.load(folder / "net.yaml").fit(folder / "data.npz", output=run, resume=True)


def forked(action: Callable[[], None], kill_after: float | None = None) -> bool:
    """Whether `action` came to its end in a process of its own."""
    child = os.fork()
    if child == 0:
        try:
            action()
            os._exit(0)
        except BaseException:  # a child must never run on in its parent's place
            import traceback

            traceback.print_exc()
            os._exit(1)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        sys.exit("a run ended with an error")
    return os.WIFEXITED(status)


def killed_in_save(number: int, action: Callable[[], None]) -> Callable[[], None]:
    """`action` in a process that dies when it is about to make a file's contents safe."""

    def run() -> None:
        fsync, calls = os.fsync, 0

        def dying(descriptor: int) -> None:
            nonlocal calls
            calls += 1
            if calls == number:
                os.kill(os.getpid(), signal.SIGKILL)
            fsync(descriptor)

        os.fsync = dying
        action()

    return run


def outcome(run: Path) -> dict[str, str]:
    return {
        name: sha256((run / f"{name}.safetensors").read_bytes()).hexdigest()
        for name in ("last", "best")
    }


def main(folder: Path) -> None:
    # Pictures are three quarters of a run; that they are written is enough here.
    matplotlib.figure.Figure.savefig = lambda figure, stream, **_: stream.write(b"a picture")
    torch.set_num_threads(1)
    load_training_backend("pytorch")
    generator = np.random.default_rng(0)
    images = generator.random((60, 6, 6, 1), np.float32)
    labels = generator.integers(0, 3, 60)
    np.savez(folder / "data.npz", x_train=images, y_train=labels)
    (folder / "net.yaml").write_text(SPEC)
    started = time.monotonic()
    forked(lambda: train(folder, folder / "whole"))
    duration = time.monotonic() - started
    print(json.dumps(outcome(folder / "whole")), flush=True)
    moments = random.Random(0)
    for number in range(BY_TIME + BY_SAVE):
        run = folder / f"run-{number}"
        action = lambda run=run: train(folder, run)  # noqa: E731
        if number < BY_TIME:
            moment = moments.uniform(0, duration)
            finished = forked(action, moment)
            where = f"after {moment:.3f} s"
        else:
            save = moments.randint(1, 23)
            finished = forked(killed_in_save(save, action))
            where = f"in write {save}"
        forked(action)
        print(json.dumps({"where": where, "finished": finished, **outcome(run)}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

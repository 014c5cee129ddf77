"""Runs emitted source in a process where specc cannot be imported; started by test_golden.py.

Each job is a file of source: its network is made and its weights' elements are counted. The small
ones also compute: from `ID.npy` to `ID.out.npy`, in PyTorch with the weights in `ID.safetensors`,
in Keras from a saved model that was loaded with no custom objects.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


class NoSpecc(MetaPathFinder):
    """A finder that refuses specc."""

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        if name.partition(".")[0] == "specc":
            raise ImportError(f"emitted source must not import {name}")


def main(backend: str, folder: Path) -> None:
    """Print the number of weights' elements by id, as JSON."""
    sys.meta_path.insert(0, NoSpecc())
    run = {"pytorch": in_pytorch, "keras": in_keras}[backend]
    jobs = json.loads((folder / "jobs.json").read_text("utf-8"))
    sys.stdout.write("\n" + json.dumps({job["id"]: run(job, folder) for job in jobs}) + "\n")


def last_defined(path: str) -> Any:
    """What a file of source defines last: the network."""
    made = runpy.run_path(path)
    return [value for value in made.values() if getattr(value, "__module__", "") == "<run_path>"][
        -1
    ]


def in_pytorch(job: dict[str, Any], folder: Path) -> int:
    import numpy as np
    import torch
    from safetensors.torch import load_file

    network = last_defined(job["file"])()
    if job["small"]:
        network.load_state_dict(load_file(folder / f"{job['id']}.safetensors"), strict=True)
        with torch.inference_mode():
            result = network.eval()(torch.from_numpy(np.load(folder / f"{job['id']}.npy")))
        np.save(folder / f"{job['id']}.out.npy", result.numpy())
    state = network.state_dict().items()
    return sum(value.numel() for key, value in state if not key.endswith("num_batches_tracked"))


def in_keras(job: dict[str, Any], folder: Path) -> int:
    import keras
    import numpy as np

    network = last_defined(job["file"])()
    if job["small"]:
        network.save(folder / f"{job['id']}.keras")
        inputs = np.load(folder / f"{job['id']}.npy")
        expected = network(inputs, training=False)
        keras.backend.clear_session()
        loaded = keras.saving.load_model(folder / f"{job['id']}.keras")
        result = keras.ops.convert_to_numpy(loaded(inputs, training=False))
        np.testing.assert_allclose(result, keras.ops.convert_to_numpy(expected), rtol=1e-5)
        np.save(folder / f"{job['id']}.out.npy", result)
    return network.count_params()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

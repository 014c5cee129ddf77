"""Runs emitted source in a process where specc cannot be imported; started by test_golden.py.

Each job is a file of source, which is executed. Those of a network that `computes` also make it,
and compute from `ID.npy` to `ID.out.npy`: in PyTorch with the weights in `ID.safetensors`, in Keras
from a saved model that was loaded with no custom objects.
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
    sys.meta_path.insert(0, NoSpecc())
    compute = {"pytorch": in_pytorch, "keras": in_keras}[backend]
    for job in json.loads((folder / "jobs.json").read_text("utf-8")):
        network = last_defined(job["file"])
        if job["computes"]:
            compute(network, folder / job["id"])


def last_defined(path: str) -> Any:
    """What a file of source defines last: the network."""
    made = runpy.run_path(path)
    return [value for value in made.values() if getattr(value, "__module__", "") == "<run_path>"][
        -1
    ]


def in_pytorch(network: Any, files: Path) -> None:
    import numpy as np
    import torch
    from safetensors.torch import load_file

    model = network()
    model.load_state_dict(load_file(files.with_suffix(".safetensors")), strict=True)
    with torch.inference_mode():
        result = model.eval()(torch.from_numpy(np.load(files.with_suffix(".npy"))))
    np.save(files.with_suffix(".out.npy"), result.numpy())


def in_keras(network: Any, files: Path) -> None:
    import keras
    import numpy as np

    model = network()
    model.save(files.with_suffix(".keras"))
    inputs = np.load(files.with_suffix(".npy"))
    expected = model(inputs, training=False)
    keras.backend.clear_session()
    loaded = keras.saving.load_model(files.with_suffix(".keras"))
    result = keras.ops.convert_to_numpy(loaded(inputs, training=False))
    np.testing.assert_allclose(result, keras.ops.convert_to_numpy(expected), rtol=1e-5)
    np.save(files.with_suffix(".out.npy"), result)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))

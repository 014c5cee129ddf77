"""What goes wrong around an export is a clear error, and no half-written model is ever there."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread, current_thread
from typing import Any

import numpy as np
import pytest
from onnxruntime import InferenceSession
from structures import spec_graph

import specc
from specc.backend import load_backend
from specc.diagnostics import SpecError
from specc.files import locked
from specc.weights import initial_weights

ONNX = load_backend("onnx")

SPEC = 'name: net\ninputs: {x: "float32[N, 64]"}\nlayers: [{Dense: 64}, {Dense: 3}]\n'


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., Path]:
    """Write a network whose weights are drawn from a seed; the folder of its file comes back."""
    graph, folder = spec_graph(SPEC, tmp_path), tmp_path / "out"
    folder.mkdir()

    def write(seed: int, **options: Any) -> Path:
        weights = initial_weights(graph.weights, seed)
        ONNX.write(folder / "net.onnx", graph, weights, **options)
        return folder

    return write


def outputs(folder: Path) -> Any:
    session = InferenceSession(folder / "net.onnx", providers=["CPUExecutionProvider"])
    return session.run(None, {"x": np.ones((1, 64), np.float32)})[0]


def fault(*names: str) -> Any:
    return pytest.raises(SpecError, match="|".join(names))


@pytest.mark.parametrize(
    ("external_data", "call"), [(False, 1), (False, 2), (True, 1), (True, 2), (True, 3)]
)
@pytest.mark.parametrize(
    ("error", "reason"), [(errno.ENOSPC, "the disk is full"), (errno.EFBIG, "it would be larger")]
)
def test_no_space_left(
    external_data: bool,
    call: int,
    error: int,
    reason: str,
    export: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a file or in what is there for the check: the old ones stand, no temporary is left."""
    folder = export(0, external_data=external_data)
    before = {each.name: each.read_bytes() for each in folder.iterdir()}
    left = iter(range(call, 0, -1))

    def full(_: int) -> None:
        if next(left) == 1:
            raise OSError(error, os.strerror(error))

    monkeypatch.setattr(os, "fsync", full)
    with fault(rf"error\[unwritable\]: cannot write .*: {reason}"):
        export(1, external_data=external_data, check=True)
    assert {each.name: each.read_bytes() for each in folder.iterdir()} == before


def killed(action: Callable[[], Any]) -> None:
    """Run `action` in a process of its own, which kills itself in the midst of it."""
    child = os.fork()
    if child == 0:
        try:
            action()
        finally:
            os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])


def dying(function: Callable[..., Any], call: int) -> Callable[..., Any]:
    """`function`, which kills the process when it is called for the `call`th time."""
    left = iter(range(call, 0, -1))

    def run(*arguments: Any) -> Any:
        if next(left) == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments)

    return run


# pytest makes an error of the warning that a thread of onnxruntime may run while a process forks.
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
@pytest.mark.parametrize(
    ("external_data", "where", "call", "is_left"),
    [
        (False, "fsync", 1, True),
        (True, "fsync", 1, True),
        (True, "fsync", 2, True),
        (False, "replace", 1, True),
        (True, "replace", 1, False),
        (True, "replace", 2, False),
    ],
)
def test_a_killed_export(
    external_data: bool,
    where: str,
    call: int,
    is_left: bool,
    export: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The old model stands, or where there are two files, none; what is written next is whole."""
    folder = export(0, external_data=external_data)
    before = outputs(folder)
    with monkeypatch.context() as patch:
        patch.setattr(os, where, dying(getattr(os, where), call))
        killed(lambda: export(1, external_data=external_data))
    assert (folder / "net.onnx").exists() == is_left
    if is_left:
        np.testing.assert_array_equal(outputs(folder), before)
    export(1, external_data=external_data)
    assert not np.array_equal(outputs(folder), before)


def test_two_exports_to_one_place(
    export: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that comes between the two renames of another waits for it: no model has its tensors."""
    fcntl = pytest.importorskip("fcntl", reason="nobody waits without it")
    last = outputs(export(2, external_data=True))
    other = Thread(target=export, args=(2,), kwargs={"external_data": True})
    waits_or_is_done = Event()
    replace, lock, first = os.replace, fcntl.flock, iter([True])

    def replacing(*arguments: Any) -> None:
        replace(*arguments)
        if next(first, False):
            other.start()
            waits_or_is_done.wait()
        elif current_thread() is other and str(arguments[1]).endswith(".onnx"):
            waits_or_is_done.set()

    def locking(*arguments: Any) -> None:
        if current_thread() is other:
            waits_or_is_done.set()
        lock(*arguments)

    monkeypatch.setattr(os, "replace", replacing)
    monkeypatch.setattr(fcntl, "flock", locking)
    folder = export(1, external_data=True)
    other.join()
    np.testing.assert_array_equal(outputs(folder), last)


def test_nobody_waits_where_folders_cannot_be_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, which has no `fcntl`."""
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with locked(tmp_path), locked(tmp_path):
        assert not [*tmp_path.iterdir()]


def test_sigterm_leaves_nothing_half_written(export: Callable[..., Path]) -> None:
    """The command ends as by Ctrl+C: while it writes, it takes away what it wrote."""
    folder = export(0)
    before = outputs(folder)
    program = """
import os, signal, sys
from specc.cli.__main__ import main
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGTERM)
main()
"""
    command = [sys.executable, "-c", program, "export", "spec.yaml", "-o", "out/net.onnx"]
    assert subprocess.run(command, cwd=folder.parent, check=False).returncode == 143
    assert [each.name for each in folder.iterdir()] == ["net.onnx"]
    np.testing.assert_array_equal(outputs(folder), before)


def weights_fault(folder: Path, weights: Any) -> str:
    network = specc.load(folder / "spec.yaml")
    with pytest.raises(SpecError) as caught:
        network.to_onnx(folder / "net.onnx", weights)
    assert not (folder / "net.onnx").exists()
    return str(caught.value)


def test_weights_that_are_cut_off(tmp_path: Path) -> None:
    graph = spec_graph(SPEC, tmp_path)
    path = tmp_path / "w.safetensors"
    network = specc.load(tmp_path / "spec.yaml")
    network.save_weights(initial_weights(graph.weights, 0), path)
    whole = path.read_bytes()
    for length in (len(whole) - 1, len(whole) // 2, 9, 0):
        path.write_bytes(whole[:length])
        assert "error[weights-unreadable]" in weights_fault(tmp_path, path)


def test_weights_that_are_missing_or_misshapen(tmp_path: Path) -> None:
    weights = initial_weights(spec_graph(SPEC, tmp_path).weights, 0)
    bias = weights.pop("dense.bias")
    assert "dense.bias: expected float32[64]" in weights_fault(tmp_path, weights)
    wrong = {**weights, "dense.bias": bias[:-1]}
    assert "error[weights-mismatch]" in weights_fault(tmp_path, wrong)
    assert "error[weights-mismatch]" in weights_fault(tmp_path, {"other.weight": bias})


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    spec_graph(SPEC, tmp_path)
    with fault("its folder does not exist"):
        specc.load(tmp_path / "spec.yaml").to_onnx(tmp_path / "none" / "net.onnx")

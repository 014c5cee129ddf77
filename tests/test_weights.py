"""Weights and the files they live in: every fault coded, no half file, and PyTorch reads them."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from safetensors.torch import load_file as load_torch
from safetensors.torch import save_file as save_torch

from specc import weights as weights_module
from specc.diagnostics import SpecError
from specc.files import require_writable, write_atomically
from specc.initializers import HeNormal, Identity, Ones, Orthogonal, Zeros
from specc.layer import WeightDecl
from specc.weights import (
    InitialWeights,
    check_weights,
    initial_weights,
    load_weights,
    save_weights,
)

PINNED = [-0.92930752, -0.1915843, -0.22844245]

DECLARATIONS = {
    "stage.0.conv2d.weight": WeightDecl((8, 3, 5, 5), HeNormal(), fan=(75, 200)),
    "stage.0.conv2d.bias": WeightDecl((8,), Zeros()),
    "norm.weight": WeightDecl((8,), Ones()),
    "norm.bias": WeightDecl((8,), Zeros()),
    "norm.running_mean": WeightDecl((8,), Zeros(), trainable=False),
    "norm.running_var": WeightDecl((8,), Ones(), trainable=False),
    "logits.weight": WeightDecl((4, 8), HeNormal(), fan=(8, 4)),
}


class Small(torch.nn.Module):
    """The module whose weights are declared above."""

    def __init__(self) -> None:
        super().__init__()
        convolution = torch.nn.Module()
        convolution.conv2d = torch.nn.Conv2d(3, 8, 5)
        self.stage = torch.nn.ModuleList([convolution])
        self.norm = torch.nn.BatchNorm2d(8)
        self.logits = torch.nn.Linear(8, 4, bias=False)


@pytest.fixture
def weights() -> dict[str, Any]:
    return initial_weights(DECLARATIONS, seed=0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "w.safetensors"


def faults(error: pytest.ExceptionInfo[SpecError]) -> list[tuple[str, str, str]]:
    return [(d.code, d.message, d.help) for d in error.value.report.diagnostics]


# Initial weights


def test_declared_keys_shapes_and_dtype(weights: dict[str, Any]) -> None:
    assert list(weights) == list(DECLARATIONS)
    assert {key: array.shape for key, array in weights.items()} == {
        key: weight.shape for key, weight in DECLARATIONS.items()
    }
    assert {array.dtype.name for array in weights.values()} == {"float32"}


def test_a_seed_is_pinned(weights: dict[str, Any]) -> None:
    """The weights of a seed are part of what a release promises."""
    np.testing.assert_allclose(weights["logits.weight"][0, :3], PINNED, rtol=1e-6)


def test_an_array_depends_on_its_own_key_alone(weights: dict[str, Any]) -> None:
    alone = initial_weights({"logits.weight": DECLARATIONS["logits.weight"]}, seed=0)
    backward = initial_weights(dict(reversed(DECLARATIONS.items())), seed=0)
    np.testing.assert_array_equal(alone["logits.weight"], weights["logits.weight"])
    np.testing.assert_array_equal(backward["logits.weight"], weights["logits.weight"])


def test_seeds_and_keys_differ(weights: dict[str, Any]) -> None:
    kernel = DECLARATIONS["logits.weight"]
    other_seed = initial_weights({"logits.weight": kernel}, seed=1)["logits.weight"]
    other_key = initial_weights({"other.weight": kernel}, seed=0)["other.weight"]
    assert not np.array_equal(other_seed, weights["logits.weight"])
    assert not np.array_equal(other_key, weights["logits.weight"])


def test_an_array_is_drawn_whenever_it_is_asked_for(weights: dict[str, Any]) -> None:
    drawn = InitialWeights(DECLARATIONS, seed=0)
    assert list(drawn) == list(weights)
    for key, array in weights.items():
        assert drawn[key] is not drawn[key]
        np.testing.assert_array_equal(drawn[key], array)


def test_initializer_that_does_not_fit() -> None:
    declarations = {
        "a.bias": WeightDecl((4,), Orthogonal()),
        "b.weight": WeightDecl((4, 4, 3, 3), Identity()),
    }
    with pytest.raises(SpecError) as error:
        initial_weights(declarations, seed=0)
    assert [code for code, *_ in faults(error)] == ["invalid-parameter"] * 2


# Files of weights


def test_round_trip(path: Path, weights: dict[str, Any]) -> None:
    save_weights(path, weights, metadata={"network": "small", "a": "b"})
    loaded = load_weights(path, DECLARATIONS)
    assert list(loaded) == list(DECLARATIONS)
    for key, array in loaded.items():
        np.testing.assert_array_equal(array, weights[key])
        assert array.flags.writeable


def test_the_library_reads_what_is_written(path: Path) -> None:
    arrays = {"transposed": np.arange(6, dtype=np.float32).reshape(2, 3).T, "é": np.float32([7])}
    arrays["scalar"] = np.array(3, np.float32)
    arrays["empty"] = np.zeros((0, 2), np.float32)
    save_weights(path, arrays)
    for key, array in load_file(path).items():
        np.testing.assert_array_equal(array, arrays[key])
    assert len(load_file(path)) == len(arrays)


def test_equal_weights_give_equal_bytes(path: Path, weights: dict[str, Any]) -> None:
    save_weights(path, weights, metadata={"a": "1", "b": "2", "c": "3"})
    first = path.read_bytes()
    save_weights(path, weights, metadata={"a": "1", "b": "2", "c": "3"})
    assert path.read_bytes() == first


def test_pytorch_takes_them(path: Path, weights: dict[str, Any]) -> None:
    save_weights(path, weights)
    module = Small()
    module.load_state_dict(load_torch(path), strict=True)
    np.testing.assert_array_equal(module.logits.weight.detach(), weights["logits.weight"])


def test_they_take_pytorch_s(path: Path) -> None:
    module = Small()
    save_torch(module.state_dict(), path)
    loaded = load_weights(path, DECLARATIONS)
    assert "norm.num_batches_tracked" not in loaded
    np.testing.assert_array_equal(loaded["logits.weight"], module.logits.weight.detach())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floats_become_float32(path: Path, dtype: torch.dtype) -> None:
    state = Small().to(dtype).state_dict()
    save_torch(state, path)
    loaded = load_weights(path, DECLARATIONS)
    assert {array.dtype.name for array in loaded.values()} == {"float32"}
    for key, array in loaded.items():
        np.testing.assert_array_equal(array, state[key].float())


def test_values_beyond_float32(weights: dict[str, Any]) -> None:
    wide = {key: array.astype(np.float64) for key, array in weights.items()}
    wide["norm.bias"][3] = 1e39
    with pytest.raises(SpecError) as error:
        check_weights(wide, DECLARATIONS)
    [(code, message, _)] = faults(error)
    assert code == "weights-mismatch"
    assert message.startswith("norm.bias: expected values that float32 can hold")


def test_all_differences_at_once(path: Path, weights: dict[str, Any]) -> None:
    weights["logits.weights"] = weights.pop("logits.weight")
    weights["norm.bias"] = np.zeros(8, np.int64)
    weights["norm.weight"] = np.zeros((9,), np.float32)
    weights["stage.0.conv2d.weight"] = np.zeros((5, 5, 3, 8), np.float32)
    save_file(weights, path)
    for failing, where, integers in (
        (lambda: load_weights(path, DECLARATIONS), f"{path}: ", "I64"),
        (lambda: check_weights(weights, DECLARATIONS), "", "int64"),
    ):
        with pytest.raises(SpecError) as error:
            failing()
        codes, messages, helps = zip(*faults(error), strict=True)
        assert set(codes) == {"weights-mismatch"}
        assert [message.removeprefix(where) for message in messages] == [
            "logits.weight: expected float32[4, 8], received nothing",
            "logits.weights: received float32[4, 8], which this network does not have",
            "stage.0.conv2d.weight: expected shape [8, 3, 5, 5], received [5, 5, 3, 8]",
            "norm.weight: expected shape [8], received [9]",
            f"norm.bias: expected float32, float16, bfloat16 or float64, received {integers}",
        ]
        assert all(message.startswith(where) for message in messages)
        assert "variant" in helps[0]
        assert "did you mean `logits.weight`?" in helps[1]
        assert "PyTorch" in helps[2]
        assert helps[3] == ""
        assert "float32" in helps[4]


def test_of_many_differences_of_one_kind_the_first_are_told() -> None:
    """Such as weights of another network, beside which a single one of another kind is seen."""
    received = {f"layer.{number}.weight": np.zeros((4, 8), np.float32) for number in range(1200)}
    received |= {key: np.zeros(weight.shape) for key, weight in DECLARATIONS.items()}
    received["norm.weight"] = np.zeros(9)
    with pytest.raises(SpecError) as error:
        check_weights(received, DECLARATIONS)
    _, messages, helps = zip(*faults(error), strict=True)
    which = "which this network does not have"
    assert messages == (
        f"layer.0.weight: received float32[4, 8], {which}",
        f"layer.1.weight: received float32[4, 8], {which}",
        f"layer.2.weight: received float32[4, 8], {which} (and 1,197 more like this)",
        "norm.weight: expected shape [8], received [9]",
    )
    assert "variant" in helps[0]
    assert not any(helps[1:])


def test_of_other_shapes_alone_the_first_says_where_they_may_be_from(weights: Any) -> None:
    weights |= {"norm.weight": np.zeros(9), "norm.bias": np.zeros(9)}
    with pytest.raises(SpecError) as error:
        check_weights(weights, DECLARATIONS)
    first, second = (help for _, _, help in faults(error))
    assert "variant" in first
    assert second == ""


def test_a_weight_of_another_shape_is_not_suggested(weights: dict[str, Any]) -> None:
    """Keys of one network end alike, so that any two are near each other."""
    weights["logits.weights"] = np.zeros((4, 9), np.float32)
    del weights["logits.weight"]
    with pytest.raises(SpecError) as error:
        check_weights(weights, DECLARATIONS)
    assert [help for _, message, help in faults(error) if "logits.weights" in message] == [""]


@pytest.mark.parametrize(
    ("prefix", "help"),
    [
        ("module.", "model.module, since torch.nn.DataParallel wraps it"),
        ("_orig_mod.", "model._orig_mod, since torch.compile wraps it"),
        ("backbone.net.", "model.backbone.net"),
    ],
)
def test_prefix_of_a_wrapper_is_one_fault(prefix: str, help: str) -> None:
    state = {prefix + key: array.numpy() for key, array in Small().state_dict().items()}
    with pytest.raises(SpecError) as error:
        check_weights(state, DECLARATIONS)
    [(code, message, hint)] = faults(error)
    assert code == "weights-mismatch"
    assert repr(prefix) in message
    assert hint.endswith(help)


def test_no_weights_match_no_declarations(path: Path) -> None:
    save_weights(path, {})
    assert load_weights(path, {}) == {}
    with pytest.raises(SpecError) as error:
        load_weights(path, DECLARATIONS)
    assert len(faults(error)) == len(DECLARATIONS)


def with_header(header: object, data: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


ENTRY = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        (b"", "too small"),
        (b"\0" * 7, "too small"),
        (b"\xff" * 8 + b"{}", "too large"),
        (b"\x02" + b"\0" * 7 + b"\xff\xff", "UTF-8"),
        (with_header([1, 2]), "JSON"),
        (with_header("[" * 10_000), "JSON"),
        (with_header({"w": ENTRY}, b"123"), "not fully covered"),
        (with_header({"w": {**ENTRY, "shape": [2]}}, b"1234"), "shape"),
        (with_header({"w": {**ENTRY, "shape": [2**40, 2**40]}}, b"1234"), "overflow"),
        (b"PK\x03\x04" + b"\0" * 60, "a zip archive"),
        (b"\x80\x02" + b"\0" * 60, "a pickle"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 60, "an HDF5 file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_not_safetensors(path: Path, contents: bytes, reason: str) -> None:
    path.write_bytes(contents)
    with pytest.raises(SpecError) as error:
        load_weights(path, DECLARATIONS)
    [(code, message, help)] = faults(error)
    assert code == "weights-unreadable"
    assert reason in message
    assert "safetensors.torch.save_file" in help


def test_truncated_file(path: Path, weights: dict[str, Any]) -> None:
    save_weights(path, weights)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SpecError) as error:
        load_weights(path, DECLARATIONS)
    [(code, message, help)] = faults(error)
    assert code == "weights-unreadable"
    assert "is not a safetensors file: incomplete metadata" in message
    assert help.startswith("copy it again if it was cut off")


def test_an_array_is_read_when_it_is_asked_for(path: Path, weights: dict[str, Any]) -> None:
    save_weights(path, weights)
    loaded = load_weights(path, DECLARATIONS)
    # A run may write better weights while its folder is exported.
    save_weights(path, {key: array + 1 for key, array in weights.items()})
    for key, array in loaded.items():
        np.testing.assert_array_equal(array, weights[key])
        array[...] = 0
        np.testing.assert_array_equal(loaded[key], weights[key])


def test_a_file_that_is_cut_while_it_is_read(path: Path) -> None:
    declarations = {"a": WeightDecl((100_000,), Zeros()), "b": WeightDecl((100_000,), Ones())}
    save_weights(path, initial_weights(declarations))
    loaded = load_weights(path, declarations)
    os.truncate(path, path.stat().st_size - 1)
    assert not loaded["a"].any()
    with pytest.raises(SpecError, match="it ended while it was read") as error:
        loaded["b"]
    assert faults(error)[0][0] == "file-unreadable"


def test_key_that_would_disturb_the_terminal(path: Path) -> None:
    path.write_bytes(with_header({"\x1b[31m" + "x" * 10_000: ENTRY}, b"1234"))
    with pytest.raises(SpecError) as error:
        load_weights(path, {})
    [(_, message, _)] = faults(error)
    assert message.isprintable()
    assert len(message) < 400


def test_a_file_that_is_replaced_while_it_is_opened(
    path: Path, weights: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The header of one is not taken for that of the other."""
    save_weights(path, weights)
    real = weights_module._opened

    def opened(opened_path: Path) -> Any:
        stream = real(opened_path)
        save_weights(path, weights, {"name": "another"})
        return stream

    monkeypatch.setattr(weights_module, "_opened", opened)
    with pytest.raises(SpecError, match=r"file-unreadable.*: it was replaced while it was read"):
        load_weights(path, DECLARATIONS)


def test_far_too_large_a_file_is_not_read(path: Path) -> None:
    with path.open("wb") as stream:
        stream.truncate(2**40)
    with pytest.raises(SpecError) as error:
        load_weights(path, DECLARATIONS)
    [(code, message, _)] = faults(error)
    assert code == "weights-mismatch"
    assert "received 1,099,511,627,776" in message


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name, code in {
        "missing": "file-not-found",
        "nul\0": "file-not-found",
        "x" * 300: "file-unreadable",
        ".": "file-unreadable",
        "fifo": "file-unreadable",
        "/dev/zero": "file-unreadable",
    }.items():
        with pytest.raises(SpecError) as error:
            load_weights(tmp_path / name, DECLARATIONS)
        [(found, _, help)] = faults(error)
        assert found == code, name
        assert ("the folder of a run" in help) == (name == "."), name


# Atomic files


def interrupted(stream: BinaryIO) -> None:
    stream.write(b"half")
    raise KeyboardInterrupt


def full_disk(stream: BinaryIO) -> None:
    stream.write(b"half")
    raise OSError(28, "No space left on device")


def test_file_is_written_and_replaced(tmp_path: Path) -> None:
    target = tmp_path / "file"
    write_atomically(target, b"old")
    assert target.read_bytes() == b"old"
    write_atomically(target, lambda stream: stream.writelines([b"n", b"ew"]))
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("old", [b"old", None])
def test_interrupted_write_changes_nothing(tmp_path: Path, old: bytes | None) -> None:
    target = tmp_path / "file"
    if old is not None:
        target.write_bytes(old)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(target, interrupted)
    assert [file.read_bytes() for file in tmp_path.iterdir()] == ([old] if old else [])


def test_full_disk(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as error:
        write_atomically(tmp_path / "file", full_disk)
    [(code, message, _)] = faults(error)
    assert code == "unwritable"
    assert message.endswith("the disk is full")
    assert list(tmp_path.iterdir()) == []


def test_a_temporary_file_that_somebody_deletes(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")
    with pytest.raises(SpecError) as error:
        write_atomically(target, b"new", Path.unlink)
    [(code, message, _)] = faults(error)
    assert code == "unwritable"
    assert message.endswith("its temporary file was deleted")
    assert target.read_bytes() == b"old"


def test_mode(tmp_path: Path) -> None:
    new, private = tmp_path / "new", tmp_path / "private"
    private.touch(0o600)
    umask = os.umask(0o027)
    try:
        write_atomically(new, b"")
        write_atomically(private, b"")
    finally:
        os.umask(umask)
    assert stat.S_IMODE(new.stat().st_mode) == 0o640
    assert stat.S_IMODE(private.stat().st_mode) == 0o600


def test_link_is_replaced_not_followed(tmp_path: Path) -> None:
    elsewhere, link = tmp_path / "elsewhere", tmp_path / "link"
    elsewhere.write_bytes(b"mine")
    link.symlink_to(elsewhere)
    write_atomically(link, b"new")
    assert (elsewhere.read_bytes(), link.read_bytes()) == (b"mine", b"new")
    assert not link.is_symlink()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nowhere/file", "its folder does not exist"),
        ("plain/file", "a part of the path is not a folder"),
        ("folder", "it is a folder"),
        ("fifo", "it is not a regular file"),
        ("/dev/null", "it is not a regular file"),
        ("to_folder", "it is a folder"),
        ("to_fifo", "it is not a regular file"),
        ("to_stream", "it is a standard stream"),
        ("x" * 300, "the name is too long"),
        ("loop/file", "the path is a loop of symbolic links"),
        ("nul\0", "the path holds a NUL character"),
    ],
)
def test_unwritable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, reason: str
) -> None:
    (tmp_path / "plain").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "fifo")
    for each in ("folder", "fifo"):
        (tmp_path / f"to_{each}").symlink_to(each)
    (tmp_path / "to_stream").symlink_to("stream")
    (tmp_path / "stream").touch()
    monkeypatch.setattr(os, "fstat", lambda _: (tmp_path / "stream").stat())
    before = sorted(tmp_path.iterdir())
    with pytest.raises(SpecError) as error:
        write_atomically(tmp_path / name, b"x")
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "to_stream").is_symlink()
    [(code, message, _)] = faults(error)
    assert code == "unwritable"
    assert message.endswith(reason)
    assert message.isprintable()
    with pytest.raises(SpecError, match=re.escape(message)):
        require_writable(tmp_path / name)

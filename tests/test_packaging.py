"""The distribution is whole, its public names are the promised ones, and checking stays light."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

import pytest

import specc
import specc.zoo
from specc.packages import EXTRAS

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
SETUPTOOLS = PYPROJECT["tool"]["setuptools"]
FOLDERS: dict[str, str] = SETUPTOOLS["package-dir"]

HEAVY = {
    "PIL", "keras", "netron", "numpy", "onnx", "onnxruntime", "rich", "safetensors", "tensorflow",
    "torch",
}  # fmt: skip


def modules() -> list[Path]:
    """The Python files of the distribution, relative to the root."""
    tops = {Path(folder).parts[0] for folder in FOLDERS.values()}
    return sorted(file.relative_to(ROOT) for top in tops for file in (ROOT / top).rglob("*.py"))


def installed_path(file: Path) -> str:
    """Where a file of the repository lands in the wheel: `cli/app.py` at `specc/cli/app.py`."""
    package = next(name for name, folder in FOLDERS.items() if folder == file.parts[0])
    return "/".join([*package.split("."), *file.parts[1:]])


def python(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from a copy so that an old build/ can add nothing to it."""
    copy, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ["pyproject.toml", "README.md", "LICENSE"]:
        shutil.copy(ROOT / name, copy)
    for folder in {Path(folder).parts[0] for folder in FOLDERS.values()}:
        shutil.copytree(ROOT / folder, copy / folder)
    built = python(
        *["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"],
        *["--wheel-dir", str(out), str(copy)],
        cwd=out,
    )
    assert built.returncode == 0, built.stderr
    return zipfile.ZipFile(next(out.glob("*.whl")))


def test_package_list_is_whole() -> None:
    holding_code = {installed_path(file).rpartition("/")[0] for file in modules()}
    assert sorted(SETUPTOOLS["packages"]) == sorted(name.replace("/", ".") for name in holding_code)


DISTRIBUTIONS = {
    "PIL": "pillow",
    "lightning_fabric": "lightning-fabric",
    "pyarrow": "datasets",  # which brings it
    "sklearn": "scikit-learn",
}
"""Of packages that are called otherwise."""


def test_an_extra_brings_what_is_said_of_it() -> None:
    for package, extras in EXTRAS.items():
        for extra in extras:
            listed = PYPROJECT["project"]["optional-dependencies"][extra]
            names = {re.split(r"[<>=]", each)[0] for each in listed}
            assert DISTRIBUTIONS.get(package, package) in names, (package, extra)


def test_every_package_has_an_init() -> None:
    folders = {file.parent for file in modules()}
    assert [str(folder) for folder in folders if not (ROOT / folder / "__init__.py").exists()] == []


def test_wheel_holds_every_module_spec_and_marker(wheel: zipfile.ZipFile) -> None:
    specs = [file.relative_to(ROOT) for file in (ROOT / "specs").glob("*.yaml")]
    expected = {installed_path(file) for file in [*modules(), *specs, Path("specc/py.typed")]}
    shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert specs
    assert shipped == expected


def test_wheel_runs_without_the_checkout(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import specc, specc.cli, specc.backends, specc.zoo\n"
        "print(specc.__file__, *specc.zoo.names())"
    )
    ran = python("-I", "-c", script, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == [str(tmp_path / "specc/__init__.py"), *specc.zoo.names()]


@pytest.mark.parametrize("folder", [folder for folder in FOLDERS.values() if folder != "specc"])
def test_bare_name_is_refused(folder: str) -> None:
    spec = importlib.util.spec_from_file_location(folder, ROOT / folder / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    with pytest.raises(ImportError, match=rf"import this package as specc\.\w+, not as {folder}"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def test_entry_points_load() -> None:
    declared = PYPROJECT["project"]["entry-points"]["specc.backends"]
    found = {point.name: point for point in entry_points(group="specc.backends")}
    assert set(declared) <= set(found)
    for name in declared:
        assert found[name].load() is not None


def test_console_script_loads() -> None:
    (script,) = entry_points(group="console_scripts", name="specc")
    assert callable(script.load())


def test_public_names_are_those_of_all() -> None:
    def is_submodule(value: object) -> bool:
        return isinstance(value, ModuleType) and value.__name__.startswith("specc.")

    public = {
        name
        for name, value in vars(specc).items()
        if not name.startswith("_") and not is_submodule(value)
    }
    assert public - {"annotations"} <= set(specc.__all__)
    assert {"Network", "SpecError", "load"} <= set(specc.__all__)
    for name in specc.__all__:
        assert getattr(specc, name) is not None


def test_zoo_finds_specs_by_name_only() -> None:
    assert all(specc.zoo.path(name).is_file() for name in specc.zoo.names())
    with pytest.raises(KeyError):
        specc.zoo.path("../pyproject")


def test_checking_the_zoo_imports_nothing_heavy(tmp_path: Path) -> None:
    script = "from specc.cli.app import main; main()"
    ran = python("-X", "importtime", "-c", script, "check", *specc.zoo.names(), cwd=tmp_path)
    imported = set(re.findall(r"\| +([\w.]+)$", ran.stderr, re.MULTILINE))
    errors = re.sub(r"^import time:.*\n", "", ran.stderr, flags=re.MULTILINE)
    assert ran.returncode == 0, ran.stdout + errors
    assert "specc.cli.app" in imported
    assert {name for name in imported if name.partition(".")[0] in HEAVY} == set()

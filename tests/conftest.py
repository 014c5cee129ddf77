"""What every test relies on: quiet frameworks, fair use of the cores, and `--update-golden`.

The environment is set before any test module can import a framework, which reads it once.
"""

from __future__ import annotations

import gc
import os
import signal

import pytest
from hypothesis import settings

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Agreement within float32 rounding is promised on CPUs; a GPU may use TensorFloat-32.
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

if "PYTEST_XDIST_WORKER" in os.environ:
    # The workers share the cores; frameworks that each take them all would wait for one another.
    for variable in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ.setdefault(variable, "1")

# Who starts the tests in the background of a shell has them ignore Ctrl+C, and all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No test is timed: a slow machine is not a fault of the code.
settings.register_profile("specc", deadline=None)
settings.load_profile("specc")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write the golden files anew instead of comparing with them",
    )
    parser.addoption(
        "--all-applications",
        action="store_true",
        help="compare with every network of keras.applications, not only the first of each family",
    )


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be written instead of compared."""
    return bool(request.config.getoption("--update-golden"))


def pytest_collection_finish() -> None:
    """Let the collector pass over what the imports made: `clear_session` of Keras calls it."""
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip the tests for a GPU where there is none; without `-m gpu` they are not even chosen."""
    if item.get_closest_marker("gpu") is None:
        return
    import torch

    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")

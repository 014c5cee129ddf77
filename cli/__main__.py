"""The `specc` command, as installed and as `python -m specc.cli`."""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType


def main() -> None:
    """Run the command line.

    A short process would spend much of its time on things it has no use for: looking for pydantic
    plugins among all installed packages, and collecting garbage while modules load and once more
    when it ends. SIGTERM ends it as Ctrl+C does: what is half written is taken away.
    """
    signal.signal(signal.SIGTERM, _end)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    gc.set_threshold(100_000)
    _open_streams()

    try:
        from .app import main as run

        run()
    except KeyboardInterrupt:  # Typer answers it too, once it is there
        sys.exit(130)
    finally:
        gc.freeze()


def _open_streams() -> None:
    """Have what is closed lead nowhere, lest the first file that is opened takes its place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def _end(number: int, _: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()

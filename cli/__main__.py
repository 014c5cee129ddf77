"""The `specc` command, as installed and as `python -m specc.cli`."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command line.

    A short process would spend much of its time on things it has no use for: looking for pydantic
    plugins among all installed packages, and collecting garbage while modules load and once more
    when it ends.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    gc.set_threshold(100_000)

    try:
        from .app import main as run

        run()
    except KeyboardInterrupt:  # Typer answers it too, once it is there
        sys.exit(130)
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()

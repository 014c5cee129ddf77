"""`specc check specs/densenet.yaml` as a whole process, against an empty program.

The empty program is a typer app of one command, with one pydantic model and PyYAML's C loader
imported: what any command line of this kind costs before it does anything. Both run from this
environment.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import interleaved, report

ROOT = Path(__file__).parent.parent

EMPTY = """
import typer
from pydantic import BaseModel
from yaml import CSafeLoader

class Model(BaseModel):
    name: str
    size: int = 0

app = typer.Typer()

@app.command()
def main(name: str) -> None:
    Model.model_validate({"name": name})

app()
"""


def main() -> None:
    """Print the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY, encoding="utf-8")
        check = [sys.executable, "-m", "specc.cli", "check", "specs/densenet.yaml"]
        nothing = [sys.executable, str(empty), "name"]

        # An installed program has its bytecode beside it, whatever this environment says.
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

        def run(command: list[str]) -> None:
            subprocess.run(
                command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL
            )

        ours, theirs = interleaved(lambda: run(check), lambda: run(nothing), runs=21, warm_up=2)
    report("specc check densenet / empty typer app", ours, theirs, "<= 1.5")


if __name__ == "__main__":
    main()

"""The `specc` command: `app` declares the commands, `render` prints what they found.

This folder installs as `specc.cli`. Importing it under its bare name would load every module a
second time, with classes that are not the compiler's, so that is refused.
"""

from __future__ import annotations

if __name__ != "specc.cli":
    raise ImportError(f"import this package as specc.cli, not as {__name__}", name=__name__)

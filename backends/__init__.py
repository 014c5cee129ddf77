"""The backends that ship with specc, each reached by name through `specc.backend.load_backend`.

This folder installs as `specc.backends`. Importing it under its bare name would load every module
a second time, with classes that are not the compiler's, so that is refused.
"""

from __future__ import annotations

if __name__ != "specc.backends":
    raise ImportError(f"import this package as specc.backends, not as {__name__}", name=__name__)

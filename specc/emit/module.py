"""Running emitted source: a module whose text tracebacks and debuggers can show."""

from __future__ import annotations

import linecache
import sys
from hashlib import sha256
from types import ModuleType


def execute(source: str, name: str) -> ModuleType:
    """The module of `source`. Equal sources under one name are the same module."""
    identity = f"specc_{name}_{sha256(source.encode()).hexdigest()[:12]}"
    if identity in sys.modules:
        return sys.modules[identity]
    filename = f"<{identity}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    module = ModuleType(identity)
    module.__file__ = filename
    code = compile(source, filename, "exec")
    exec(code, module.__dict__)  # noqa: S102 - our own emitted text, the very text that `build` prints
    sys.modules[identity] = module
    return module

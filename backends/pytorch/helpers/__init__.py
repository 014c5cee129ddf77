"""What PyTorch lacks: functions and modules whose source an emitted file brings along.

A file a family, named as the lowerings that use it. Each helper needs only torch, `math`
and other helpers. They are read as text (`emitted.py`), never imported by the backend,
and stand here as ruff formats them at 88 columns, the width of emitted source.
"""

from __future__ import annotations

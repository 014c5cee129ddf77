"""Work ahead of the model, and examples put together for it; bounded, and in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from specc.diagnostics import SpecError
from specc.inference.preparing import Example

T = TypeVar("T")
U = TypeVar("U")


def mapped_ahead(
    function: Callable[[T], U], items: Iterable[T], *, workers: int, ahead: int
) -> Iterator[U]:
    """What `function` makes of each item, in order, computed by threads.

    ahead: how many results there may be that were not asked for yet.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="specc")
    waiting: deque[Future[U]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def batches(
    examples: Iterable[Example | SpecError], size: int
) -> Iterator[list[Example] | SpecError]:
    """Successive examples of one shape, at most `size` together; an error stands by itself."""
    batch: list[Example] = []
    for each in examples:
        joins = isinstance(each, Example) and (
            not batch or batch[0].values.shape == each.values.shape
        )
        if batch and not joins:
            yield batch
            batch = []
        if isinstance(each, SpecError):
            yield each
            continue
        batch.append(each)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch

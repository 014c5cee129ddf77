"""The system's Chromium, for tests of what people look at. Playwright drives it, and brings none.

Without one these tests are skipped, and only then; the summary of the run says so.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium on this machine: apt install chromium"
)


@contextmanager
def opened_page() -> Iterator[Any]:
    """A new page of a browser that is closed at the end."""
    from playwright.sync_api import sync_playwright

    sandbox = os.geteuid() != 0  # Chromium refuses to make one as root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=sandbox)
        try:
            yield browser.new_page(viewport={"width": 900, "height": 1100})
        finally:
            browser.close()

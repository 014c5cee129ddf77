"""Make the pictures of docs/viewing.md again: `.venv/bin/python docs/screenshots.py`.

The drawings are what `specc graph` writes; the screenshots are of `specc view` in the Chromium of
the system, driven by Playwright. Netron writes sizes between 〈 and 〉, which takes a font that has
them, such as Debian's fonts-ipaexfont-gothic.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import specc
from specc.cli.viewer import Viewer

if TYPE_CHECKING:
    from playwright.sync_api import Page

IMAGES = Path(__file__).parent / "images"

DRAWINGS = {"densenet": 0, "unet": 0, "gpt2": 2}
"""Networks of the zoo, and how many levels of blocks are opened."""

SCREENSHOTS = ("lenet5", "resnet@resnet18", "unet")
"""Networks of the zoo."""


def main() -> None:
    """Write all pictures."""
    for name, depth in DRAWINGS.items():
        specc.load(name).draw(IMAGES / f"graph-{name}.svg", depth=depth)
    take_screenshots()


def take_screenshots() -> None:
    """Write what Chromium shows of each network."""
    from playwright.sync_api import sync_playwright

    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    if browser_path is None:
        sys.exit("there is no Chromium on this machine: apt install chromium")
    with sync_playwright() as playwright:
        sandbox = os.geteuid() != 0  # Chromium refuses to make one as root
        browser = playwright.chromium.launch(executable_path=browser_path, chromium_sandbox=sandbox)
        page = browser.new_page(viewport={"width": 620, "height": 900})
        for name in SCREENSHOTS:
            take_screenshot(page, name)
        browser.close()


def take_screenshot(page: Page, name: str) -> None:
    """Write what `specc view NAME` shows in a window."""
    model = specc.load(name).to_onnx()
    with Viewer(f"{name}.onnx", model, 0) as viewer:
        Thread(target=viewer.serve_forever, daemon=True).start()
        page.goto(viewer.url)
        page.wait_for_selector("svg g.node")
        page.screenshot(path=IMAGES / f"netron-{name.partition('@')[2] or name}.png")
        viewer.shutdown()


if __name__ == "__main__":
    main()

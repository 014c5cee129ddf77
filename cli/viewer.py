"""A server of one model and of Netron's page, for this machine only.

Netron's own server would do, but for what goes out: its page asks a service on the internet where
the reader is, reports usage to another, and after 180 days only says that it is old; its server
gives every file of the folder it was started in (as read in Netron 9.3). Here the page is Netron's,
but it may load nothing from elsewhere, and there is no file to get but the model, the files beside
it in which it keeps tensors, and what Netron consists of. The model is kept in memory, so that
nothing is left behind.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from importlib.util import find_spec
from io import SEEK_END, BytesIO
from pathlib import Path
from shutil import copyfileobj
from socketserver import ThreadingTCPServer
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import unquote

if TYPE_CHECKING:
    from onnx import ModelProto

HOST = "127.0.0.1"
DATA = "/data/"
MODEL = f"{DATA}model.onnx"

_BYTES = "application/octet-stream"
_TYPES = {
    ".css": "text/css",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
}
_HEADERS = {
    "Cache-Control": "no-store",
    # The page asks for consent to its reports unless it has this; the policy lets none out.
    "Set-Cookie": "consent=0; SameSite=Strict",
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; frame-ancestors 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
}


class Viewer(ThreadingTCPServer):
    """Serves until it is shut down or interrupted. `url` is where.

    name: what the page calls the model. model: the contents of an ONNX file.
    beside: the files with its tensors, by the names that it has for them.
    port: 0 is any that is free.
    Raises `OSError` if the port cannot be had, `ModuleNotFoundError` without Netron.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self, name: str, model: bytes, port: int, beside: Mapping[str, Path] | None = None
    ) -> None:
        self.beside = {f"{DATA}{name}": path for name, path in (beside or {}).items()}
        self.assets = _netron()
        self.page = _page(self.assets["/index.html"].read_text("utf-8"), name).encode()
        self.model = model
        super().__init__((HOST, port), _Handler)

    @property
    def port(self) -> int:
        return self.server_address[1]

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def names(self) -> tuple[str, ...]:
        """What a browser on this machine calls it."""
        return f"{HOST}:{self.port}", f"localhost:{self.port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Let a browser leave in the middle of an answer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def answer(self, path: str) -> tuple[str, bytes | Path] | None:
        """The type and the contents of what is at a path, or their file; None if nothing is."""
        if path in ("/", "/index.html"):
            return _TYPES[".html"], self.page
        if path == MODEL:
            return _BYTES, self.model
        if path in self.beside:
            return _BYTES, self.beside[path]
        asset = self.assets.get(path)
        return None if asset is None else (_TYPES[asset.suffix], asset)


class _Handler(BaseHTTPRequestHandler):
    """Answers a request, if it is meant for this machine."""

    def do_GET(self) -> None:
        viewer = self.server
        assert isinstance(viewer, Viewer)
        # A page from elsewhere may have its own name lead to this machine, but asks by that name.
        if self.headers.get("Host") not in viewer.names:
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        found = viewer.answer(unquote(self.path.partition("?")[0]))
        if found is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        kind, data = found
        try:
            stream = data.open("rb") if isinstance(data, Path) else BytesIO(data)
        except OSError:  # it is gone by now, or not for this user to read
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        with stream:
            self._send(kind, stream)

    def _send(self, kind: str, stream: BinaryIO) -> None:
        """Send what may be larger than the memory."""
        length = stream.seek(0, SEEK_END)
        stream.seek(0)
        self.send_response(HTTPStatus.OK)
        headers = {**_HEADERS, "Content-Type": kind, "Content-Length": str(length)}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        copyfileobj(stream, self.wfile)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing on the terminal."""


def external_files(model: ModelProto, folder: Path) -> dict[str, Path]:
    """The files in which a model of that folder keeps tensors, by their names.

    A model may name any path, and a link lead to one: only the folder's own files count.
    """
    names = {
        entry.value
        for tensor in model.graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    }
    files = (path for path in folder.iterdir() if path.is_file() and not path.is_symlink())
    return {path.name: path for path in files if path.name in names}


def _netron() -> dict[str, Path]:
    """The files of Netron's page by their paths on the server."""
    found = find_spec("netron")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("No module named 'netron'", name="netron")
    files = Path(found.origin).parent.iterdir()
    return {f"/{file.name}": file for file in files if file.suffix in _TYPES}


def _page(page: str, name: str) -> str:
    """Netron's page, with the model to open; without a version it reports nothing."""
    shown = escape(name)
    metas = f'<meta name="file" content="{MODEL}"><meta name="name" content="{shown}">'
    without = re.sub(r'<meta name="(version|date)"[^>]*>', "", page)
    return without.replace("<head>", f'<head>\n<meta name="version" content="0.0.0">{metas}', 1)

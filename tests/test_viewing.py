"""`specc view`: what is served, to whom, what Chromium shows of it, and how it ends."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from threading import Thread
from typing import Any

import onnx
import pytest
from chromium import needs_chromium, opened_page
from typer.testing import CliRunner

import specc
from specc.cli import viewing
from specc.cli.app import app
from specc.cli.viewer import MODEL, Viewer, external_files

SPEC = """\
specc: 1
name: pictures
inputs: {image: "float32[N, 8, 8, 3]"}
blocks:
  step:
    layers: [{Conv2D: {filters: 4, kernel_size: 3}}, ReLU]
layers:
  - {repeat: 2, name: body, layers: [step]}
  - GlobalAveragePooling2D
  - {Dense: 5, name: logits}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(SPEC, "utf-8")
    return tmp_path


@contextmanager
def running(server: Viewer) -> Iterator[Viewer]:
    with server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(scope="module")
def viewer() -> Iterator[Viewer]:
    with running(Viewer("net.onnx", b"a model", 0)) as server:
        yield server


def get(viewer: Viewer, path: str, **headers: str) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", viewer.port)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    found = response, response.read()
    connection.close()
    return found


# The server


def test_it_serves_netrons_page_and_the_model(viewer: Viewer) -> None:
    response, page = get(viewer, "/")
    assert response.status == 200
    assert f'<meta name="file" content="{MODEL}">'.encode() in page
    assert get(viewer, MODEL)[1] == b"a model"
    assert get(viewer, "/view.js")[0].getheader("Content-Type") == "text/javascript; charset=utf-8"


def test_it_listens_on_this_machine_only(viewer: Viewer) -> None:
    assert viewer.server_address[0] == "127.0.0.1"
    others = {"127.0.0.2", *(each[4][0] for each in socket.getaddrinfo(socket.gethostname(), None))}
    for address in map(str, others - {"127.0.0.1", "::1"}):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family) as elsewhere, pytest.raises(OSError, match=r".+"):
            elsewhere.connect((address, viewer.port))


def test_it_answers_only_who_calls_it_by_its_name(viewer: Viewer) -> None:
    assert get(viewer, "/", Host=f"localhost:{viewer.port}")[0].status == 200
    assert get(viewer, "/", Host=f"attacker.example:{viewer.port}")[0].status == 403


@pytest.mark.parametrize("path", ["/data/net.yaml", "/../pyproject.toml", "/server.py", "/%2e%2e/"])
def test_it_has_no_other_files(viewer: Viewer, path: str) -> None:
    assert get(viewer, path)[0].status == 404


def test_the_page_may_load_nothing_from_elsewhere(viewer: Viewer) -> None:
    policy = get(viewer, "/")[0].getheader("Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'self';")
    assert "http" not in policy


def test_a_name_is_text_in_the_page() -> None:
    with Viewer('"><script>alert(1)</script>.onnx', b"", 0) as server:
        assert b"<script>alert" not in server.page


# The command


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Viewer]:
    """The servers that a command has started; each is interrupted at once, as by Ctrl+C."""
    servers = list[Viewer]()

    def interrupt(server: Viewer) -> None:
        servers.append(server)
        raise KeyboardInterrupt

    monkeypatch.setattr(Viewer, "serve_forever", interrupt)
    return servers


def view(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["view", *arguments])


@pytest.mark.parametrize("target", ["net.yaml", "lenet5", "model.onnx"])
def test_a_spec_and_a_model_are_viewed(target: str, served: list[Viewer]) -> None:
    specc.load("net.yaml").to_onnx("model.onnx")
    result = view(target, "--no-browser", "--port", "0")
    assert result.exit_code == 0, result.output
    [server] = served
    assert f"at {server.url} until Ctrl+C" in result.stdout
    assert len(onnx.load_from_string(server.model).graph.node) >= 5
    assert server.socket.fileno() == -1  # closed


def test_a_spec_is_viewed_at_a_size(served: list[Viewer]) -> None:
    result = view("unet", "--no-browser", "--port", "0", "--size", "N=1", "--size", "h=2")
    assert result.exit_code == 0, result.output
    (image,) = onnx.load_from_string(served[0].model).graph.input
    dims = image.type.tensor_type.shape.dim
    assert [dim.dim_param or dim.dim_value for dim in dims] == [1, 1, 32, "16*w"]


def test_a_run_is_viewed_with_its_best_weights(served: list[Viewer], tmp_path: Path) -> None:
    net = specc.load("net.yaml")
    run = tmp_path / "run"
    run.mkdir()
    (run / "spec.yaml").write_text(SPEC, "utf-8")
    (run / "run.json").write_text("{}", "utf-8")
    assert view(str(run), "--no-browser").exit_code == 0
    net.save_weights(net.initial_weights(7), run / "best.safetensors")
    assert view(str(run), "--no-browser").exit_code == 0
    without, trained = (onnx.load_from_string(each.model).graph for each in served)
    expected = onnx.load_from_string(net.to_onnx(seed=7)).graph
    assert trained.initializer[0] == expected.initializer[0]
    assert net.graph.weights.keys().isdisjoint(each.name for each in without.initializer)


def test_the_browser_is_opened_once_the_server_listens(
    served: list[Viewer], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = list[str]()
    monkeypatch.setattr("webbrowser.open", opened.append)
    assert view("net.yaml", "--port", "0").exit_code == 0
    assert len(served) == 1
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", opened[0])


def test_a_taken_port_is_refused_and_the_usual_one_replaced(
    served: list[Viewer], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = view("net.yaml", "--no-browser", "--port", str(port))
        assert result.exit_code == 2
        assert f"{port} cannot be used" in result.stderr
        monkeypatch.setattr(viewing, "USUAL_PORT", port)
        assert view("net.yaml", "--no-browser").exit_code == 0
    assert len(served) == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "file-not-found"),
        (b"", "model-unreadable"),
        (b"\x08\x07no model", "model-unreadable"),
    ],
)
def test_what_is_no_model_is_an_error_before_a_browser_opens(
    content: bytes | None, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webbrowser.open", lambda url: pytest.fail(f"opened {url}"))
    if content is not None:
        Path("bad.onnx").write_bytes(content)
    result = view("bad.onnx")
    assert result.exit_code == 1
    assert f"error[{code}]" in result.stderr


def test_a_model_has_nothing_to_set() -> None:
    result = view("net.onnx", "--set", "n=3")
    assert result.exit_code == 2
    assert "an ONNX model is taken as it is" in result.stderr


def test_without_netron_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("specc.cli.viewer.find_spec", lambda name: None)
    result = view("net.yaml", "--no-browser")
    assert result.exit_code == 1
    assert "error[missing-package]: `netron` is not installed" in result.stderr


# Tensors beside the model


def served_beside(*locations: str) -> list[str]:
    """Those of the files that a model may name which are served with it."""
    model = onnx.ModelProto()
    for location in locations:
        tensor = model.graph.initializer.add(data_location=onnx.TensorProto.EXTERNAL)
        tensor.external_data.add(key="location", value=location)
    return sorted(external_files(model, Path()))


def export_in_two_files() -> None:
    Path("wide.yaml").write_text(SPEC.replace("Dense: 5", "Dense: 500"), "utf-8")
    specc.load("wide.yaml").to_onnx("model.onnx", external_data=True)


def test_a_model_in_two_files_is_viewed_with_both(served: list[Viewer], folder: Path) -> None:
    export_in_two_files()
    Path("another.onnx.data").write_bytes(b"of another model")
    assert view(str(folder / "model.onnx"), "--no-browser").exit_code == 0
    [server] = served
    assert server.beside == {"/data/model.onnx.data": folder / "model.onnx.data"}


def test_the_files_with_tensors_are_served_by_their_names() -> None:
    for name in ("a model.data", "another.data"):
        Path(name).write_text(name, "utf-8")
    with running(Viewer("net.onnx", b"", 0, {"a model.data": Path("a model.data")})) as server:
        response, data = get(server, "/data/a%20model.data?cb=1")
        assert (response.status, data) == (200, b"a model.data")
        for other in ("/data/another.data", "/data/../another.data", "/another.data"):
            assert get(server, other)[0].status == 404
        Path("a model.data").unlink()
        assert get(server, "/data/a%20model.data")[0].status == 404


def test_a_model_names_no_file_elsewhere(folder: Path, tmp_path_factory: Any) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret"
    secret.write_text("of nobody else", "utf-8")
    Path("link").symlink_to(secret)
    Path("loop").symlink_to("loop")
    Path("below").mkdir()
    Path("below", "file").write_bytes(b"")
    Path("plain").write_bytes(b"")
    assert served_beside("plain") == ["plain"]
    outside = [f"../{secret.parent.name}/secret", str(secret), "link", "loop"]
    inside = ["below/file", "below/../plain", "./plain", str(folder / "plain"), "below"]
    assert served_beside(*outside, *inside) == []
    assert served_beside("", ".", "..", "/", "a\0b", "x" * 5000, "plain/") == []


# Chromium


@contextmanager
def viewing_process(target: str) -> Iterator[str]:
    """`specc view` as its users run it, until Ctrl+C; gives the address."""
    command = [sys.executable, "-m", "specc.cli", "view", target, "--no-browser", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            assert found, process.communicate()
            yield found[0]
        finally:
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=20)
        assert process.returncode == 0
        assert errors.strip() == ""


@needs_chromium
def test_chromium_shows_every_node_of_a_spec_and_of_a_model() -> None:
    specc.load("net.yaml").to_onnx("model.onnx")
    nodes = onnx.load("model.onnx").graph.node
    asked, complaints = list[str](), list[str]()
    with opened_page() as page:
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        for target in ("net.yaml", "model.onnx"):
            with viewing_process(target) as url:
                page.goto(url)
                page.wait_for_selector("svg g.node", timeout=20_000)
                shown = unescape(page.content())
            assert all(f'id="node-name-{node.name}"' in shown for node in nodes)
            assert {"Conv", "Relu", "Gemm"} <= {node.op_type for node in nodes}
            assert all(f">{node.op_type}</text>" in shown for node in nodes)
            assert all(address.startswith(url) for address in asked)
            asked.clear()
    assert complaints == []


def texts(page: Any) -> set[str]:
    """What is written in the drawing; Netron lets no one evaluate anything in its page."""
    return {unescape(text) for text in re.findall(r"<text[^>]*>([^<]*)</text>", page.content())}


@needs_chromium
def test_chromium_opens_blocks_that_are_functions() -> None:
    specc.load("net.yaml").to_onnx("model.onnx", functions=True)
    with viewing_process("model.onnx") as url, opened_page() as page:
        page.goto(url)
        page.wait_for_selector("svg g.node", timeout=20_000)
        shown = unescape(page.content())
        for name in ("body.0", "body.1", "logits"):
            assert f'id="node-name-{name}"' in shown
        assert {"Step", "Gemm"} <= texts(page)
        assert "Conv" not in texts(page)
        page.get_by_text("ƒ", exact=True).first.click()
        page.wait_for_selector("#node-name-conv2d", timeout=20_000)
        assert {"Conv", "Relu", "conv2d.weight", "conv2d.bias"} <= texts(page)


@needs_chromium
def test_chromium_shows_weights_that_lie_beside_the_model() -> None:
    export_in_two_files()
    tensors = {each.name: each for each in onnx.load("model.onnx").graph.initializer}
    weight = onnx.numpy_helper.to_array(tensors["logits.weight"])
    with viewing_process("model.onnx") as url, opened_page() as page:
        page.goto(url)
        page.get_by_text("Gemm", exact=True).click(timeout=20_000)
        page.get_by_text("+", exact=True).nth(2).click()  # after an attribute and the input
        page.get_by_text(str(float(weight[0, 0]))).wait_for(timeout=20_000)

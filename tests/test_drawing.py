"""Pictures of networks: what is put together, that nothing overlaps, and that any text is safe."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
import pytest
from chromium import needs_chromium, opened_page
from PIL import ImageFont
from typer.testing import CliRunner

import specc
import specc.zoo
from specc.cli.app import app
from specc.drawing.dot import dot
from specc.drawing.fonts import fitted, text_width, wrapped
from specc.drawing.formats import ENDINGS, FORMATS, Format, draw
from specc.drawing.labels import Row, telling
from specc.drawing.layout import MOST, SMALL, TITLE, Area, Shape, Text, lay_out
from specc.drawing.mermaid import mermaid
from specc.drawing.palette import COLOURS, group_of
from specc.drawing.picture import Box, Edge, Frame, Picture, picture
from specc.drawing.svg import svg
from specc.layer import LAYERS

ROOT = Path(__file__).parents[1]

HEADER = """\
specc: 1
name: net
inputs: {x: "float32[N, 8, 8, 4]"}
"""


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], specc.Network]:
    def loaded(text: str) -> specc.Network:
        path = tmp_path / "net.yaml"
        path.write_text(HEADER + text, "utf-8")
        return specc.load(path)

    return loaded


Load = Callable[[str], specc.Network]


def outline(children: tuple[Box | Frame, ...]) -> list[Any]:
    """What is drawn, row by row: `title name`; a frame is a list that begins with its own."""
    return [
        " / ".join(f"{row.title} {row.name}" for row in child.rows)
        if isinstance(child, Box)
        else [f"{child.row.title} {child.row.name}", *outline(child.children)]
        for child in children
    ]


def edges(found: Picture) -> list[str]:
    """Each edge: from the name of a box, what goes along it, to the name of a box."""
    return [f"{_name(edge.source)} {edge.label} {_name(edge.target)}" for edge in found.edges]


def _name(box: Box) -> str:
    return box.rows[0].title if box.terminal else box.rows[0].name


# What is put together

LOOPS = """
blocks:
  step:
    layers: [{Conv2D: {filters: 4, kernel_size: 1}}, ReLU]
layers:
  - {repeat: 3, name: body, layers: [step]}
  - for: {units: [2, 2, 5]}
    name: head
    layers: [{Dense: "${units}"}]
outputs: [head]
"""


def test_blocks_are_closed_and_equal_iterations_drawn_once(load: Load) -> None:
    found = picture(load(LOOPS).graph)
    assert outline(found.children) == [
        "x input",
        "3 × step body.0 … 2",
        "2 × Dense head.0 … 1",
        "Dense head.2",
        "head output",
    ]
    assert edges(found) == [
        "x [N, 8, 8, 4] body.0 … 2",
        "body.0 … 2 [N, 8, 8, 4] head.0 … 1",
        "head.0 … 1 [N, 8, 8, 2] head.2",
        "head.2 [N, 8, 8, 5] head",
    ]


def test_depth_opens_blocks(load: Load) -> None:
    found = picture(load(LOOPS).graph, 1)
    _, frame, *_ = found.children
    assert isinstance(frame, Frame)
    assert frame.times == 3
    assert outline((frame,)) == [["3 × step body.0 … 2", "Conv2D conv2d / ReLU re_lu"]]


def test_parameters_are_those_of_all_iterations(load: Load) -> None:
    net = load(LOOPS)
    for depth in (0, 1):
        found = picture(net.graph, depth)
        assert sum(row.parameters for box in boxes(found) for row in box.rows) == net.parameters


def boxes(found: Picture) -> list[Box]:
    return list(dict.fromkeys(box for edge in found.edges for box in (edge.source, edge.target)))


def test_iterations_that_are_wired_otherwise_are_not_equal(load: Load) -> None:
    spec = """
layers:
  - repeat: 2
    index: i
    name: body
    layers:
      - {Conv2D: {filters: 4, kernel_size: 1}, name: conv}
      - {Add: {}, inputs: [conv, "${'conv' if i > 0 else 'x'}"]}
"""
    names = outline(picture(load(spec).graph).children)
    assert names[1:3] == ["body body.0", "body body.1"]


def test_a_loop_whose_iterations_reuse_the_first_says_so(load: Load) -> None:
    spec = """
layers:
  - {Conv2D: {filters: 4, kernel_size: 1}, name: conv}
  - repeat: 3
    name: again
    layers: [{reuse: conv}]
"""
    row = picture(load(spec).graph).children[2].rows[0]
    assert (row.title, row.note) == ("3 × Conv2D", "weights of conv")


def test_what_is_given_by_each_iteration_is_one_edge(load: Load) -> None:
    spec = """
blocks:
  step:
    layers:
      - {Conv2D: {filters: 4, kernel_size: 1}}
      - {MaxPooling2D: 1}
layers:
  - {repeat: 3, name: body, layers: [step]}
  - {Add: {}, inputs: [body.0, body.1, body.2], name: sum}
"""
    assert "body.0 … 2 3 × [N, 8, 8, 4] sum" in edges(picture(load(spec).graph))
    opened = edges(picture(load(spec).graph, 1))
    assert opened[1:] == [
        "conv2d [N, 8, 8, 4] max_pooling2d",
        "max_pooling2d 3 × [N, 8, 8, 4] sum",
        "sum [N, 8, 8, 4] sum",
    ]


def test_what_follows_a_layer_stands_below_it(load: Load) -> None:
    spec = """
layers:
  - {Conv2D: {filters: 4, kernel_size: 1}}
  - BatchNormalization
  - {ReLU: {}, name: kept}
  - {Dropout: 0.5}
  - {Add: {}, inputs: [kept, prev]}
"""
    assert outline(picture(load(spec).graph).children)[1:4] == [
        "Conv2D conv2d / BatchNormalization batch_normalization / ReLU kept",
        "Dropout dropout",
        "Add add",
    ]


def test_loops_in_loops_are_put_together(load: Load) -> None:
    spec = """
layers:
  - repeat: 3
    name: outer
    layers:
      - {repeat: 4, name: inner, layers: [{Conv2D: {filters: 4, kernel_size: 1}}]}
      - ReLU
"""
    opened = outline(picture(load(spec).graph, 1).children)
    assert opened[1] == ["3 × outer outer.0 … 2", "4 × Conv2D inner.0 … 3", "ReLU re_lu"]


def test_densenet_is_a_box_for_each_stage() -> None:
    found = picture(specc.load("densenet").graph)
    stages = [box.rows[0] for box in boxes(found) if box.rows[0].title == "stage"]
    assert [stage.details for stage in stages] == [
        "6 × dense_layer, transition",
        "12 × dense_layer, transition",
        "24 × dense_layer, transition",
        "16 × dense_layer",
    ]


def test_several_inputs_and_shared_weights() -> None:
    found = picture(specc.load("siamese").graph)
    assert [_name(box) for box in boxes(found) if box.terminal] == ["left", "right", "same"]
    notes = {box.rows[0].name: box.rows[0].note for box in boxes(found)}
    assert notes["embedded"] == "38,947,648 parameters"
    assert notes["embedded_right"] == "weights of embedded"


# Words


@pytest.mark.parametrize(
    ("layer", "params", "text"),
    [
        ("MaxPooling2D", {"pool_size": (3, 3), "strides": (2, 2)}, "3×3, strides 2"),
        ("Conv2D", {"filters": 64, "kernel_size": (7, 7)}, "64 filters, 7×7"),
        ("Conv2D", {"filters": 1, "kernel_size": (3, 1), "use_bias": False}, "1 filter, 3×1"),
        ("ZeroPadding2D", {"padding": ((0, 1), (0, 1))}, "padding [[0, 1], [0, 1]]"),
        ("ZeroPadding2D", {"padding": ((3, 3), (3, 3))}, "padding 3"),
        ("Reshape", {"target_shape": (7, 7)}, "target_shape [7, 7]"),
        ("LSTM", {"units": 8, "return_sequences": True}, "8 units, return_sequences"),
        ("Dropout", {"rate": 0.1}, "rate 0.1"),
    ],
)  # fmt: skip
def test_telling_parameters(layer: str, params: dict[str, Any], text: str) -> None:
    assert telling(LAYERS[layer].model_validate(params)) == text


@pytest.mark.parametrize("name", LAYERS)
def test_each_layer_has_a_colour_and_can_be_told(name: str) -> None:
    assert group_of(name) in COLOURS
    for sample in LAYERS[name].samples:
        text = telling(LAYERS[name].model_validate(sample.params))
        assert "object at 0x" not in text
        assert text.isprintable()


# Fonts


@cache
def _font(bold: bool) -> ImageFont.FreeTypeFont:
    folder = Path(mpl.get_data_path()) / "fonts/ttf"
    file = folder / f"DejaVuSans{'-Bold' * bold}.ttf"
    return ImageFont.truetype(str(file), 1000, layout_engine=ImageFont.Layout.BASIC)


def measured(text: str, size: float, *, bold: bool = False) -> float:
    """The width of a text in a font that is as wide as those come."""
    return _font(bold).getlength(text) * size / 1000


@pytest.mark.parametrize("bold", [False, True])
def test_estimated_widths_are_not_below_a_wide_fonts(bold: bool) -> None:
    for character in [*map(chr, range(32, 127)), *"×…–·äßéЖж漢"]:
        least = measured(character, 12, bold=bold)
        assert text_width(character, 12, bold=bold) >= least - 0.01, character


def test_text_is_cut_and_wrapped_to_what_fits() -> None:
    text = "Conv2D, BatchNormalization, ReLU, Conv2D, BatchNormalization, Add"
    assert fitted(text, 10, 1000) == text
    cut = fitted(text, 10, 100)
    assert cut.endswith("…")
    assert text_width(cut, 10) <= 100
    lines = list(wrapped(text, 10, 200, 2))
    assert len(lines) == 2
    assert all(text_width(line, 10) <= 200 for line in lines)
    assert " ".join(wrapped(text, 10, 200, 9)) == text
    assert next(iter(wrapped("x" * 500, 10, 100, 3))).endswith("…")


# Where things stand


@cache
def laid_out(name: str, depth: int) -> Area:
    """The picture of a network of the zoo."""
    return lay_out(picture(specc.load(name).graph, depth))


Rectangle = tuple[float, float, float, float]


def rectangles(area: Area, x: float = 0, y: float = 0) -> Iterator[tuple[Rectangle, Shape]]:
    """The boxes of a picture, with their labels, in its coordinates."""
    for left, top, child in area.children:
        if isinstance(child, Area):
            yield from rectangles(child, x + left, y + top)
        else:
            corner = x + left, y + top
            yield (*corner, corner[0] + child.width, corner[1] + child.height), child


def curves(area: Area, x: float = 0, y: float = 0) -> Iterator[list[tuple[float, float]]]:
    """The lines of a picture, as points that are close together."""
    for line in area.lines:
        points = [(x + left, y + top) for left, top in line.points]
        pieces = enumerate(pairwise(points))
        yield [point for number, piece in pieces for point in _sampled(*piece, curved=number % 2)]
    for left, top, child in area.children:
        if isinstance(child, Area):
            yield from curves(child, x + left, y + top)


def _sampled(
    start: tuple[float, float], end: tuple[float, float], *, curved: int, steps: int = 20
) -> Iterator[tuple[float, float]]:
    """Points of a straight line, or of the Bézier curve that leaves and arrives upright."""
    (x, y), (next_x, next_y) = start, end
    for t in (step / steps for step in range(steps + 1)):
        t_x, t_y = (t * t * (3 - 2 * t), 1.5 * t * (1 - t) + t**3) if curved else (t, t)
        yield x + (next_x - x) * t_x, y + (next_y - y) * t_y


@pytest.mark.parametrize("name", specc.zoo.names())
def test_nothing_overlaps(name: str) -> None:
    for depth in (0, 1, 9):
        area = laid_out(name, depth)
        shelves: dict[int, list[Rectangle]] = {}
        for rectangle, _ in rectangles(area):
            assert rectangle[0] >= -0.1
            assert rectangle[2] <= area.width + 0.1
            assert rectangle[3] <= area.height + 0.1
            near = {each for shelf in _shelves(rectangle) for each in shelves.get(shelf, ())}
            assert not [each for each in near if _overlap(each, rectangle)], depth
            for shelf in _shelves(rectangle):
                shelves.setdefault(shelf, []).append(rectangle)
        for curve in curves(area):
            for point in curve:
                near = shelves.get(int(point[1]) // SHELF, [])
                assert not [each for each in near if _inside(point, each)], depth


SHELF = 100


def _shelves(rectangle: Rectangle) -> range:
    """The rows of the picture that a rectangle is in: what is in others is far from it."""
    return range(int(rectangle[1]) // SHELF, int(rectangle[3]) // SHELF + 1)


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    beside = one[2] <= other[0] or other[2] <= one[0]
    return not (beside or one[3] <= other[1] or other[3] <= one[1])


def _inside(point: tuple[float, float], rectangle: Rectangle) -> bool:
    left, top, right, bottom = rectangle
    return left + 0.5 < point[0] < right - 0.5 and top + 0.5 < point[1] < bottom - 0.5


def test_a_chain_is_straight() -> None:
    area = lay_out(picture(specc.load("unet").graph))
    middles = {round((r[0] + r[2]) / 2, 1) for r, _ in rectangles(area)}
    assert len(middles) == 1


def spans(texts: tuple[Text, ...]) -> list[tuple[float, float, float]]:
    """From where to where each text goes, in a wide font, and on which line."""
    found = list[tuple[float, float, float]]()
    for text in texts:
        bold = text.style == "title"
        width = measured(text.text, TITLE if bold else SMALL, bold=bold)
        left = text.x - width * {"start": 0, "middle": 0.5, "end": 1}[text.anchor]
        found.append((text.y, left, left + width))
    return sorted(found)


@pytest.mark.parametrize("name", specc.zoo.names())
def test_text_stays_in_its_box(name: str) -> None:
    for depth in (0, 9):
        for _, shape in rectangles(laid_out(name, depth)):
            for texts in (*(band.texts for band in shape.bands), shape.labels):
                _check_row(texts, shape.width)


def _check_row(texts: tuple[Text, ...], width: float) -> None:
    found = spans(texts)
    assert all(left >= 0 and right <= width for _, left, right in found), texts
    for (y, _, right), (next_y, left, _) in pairwise(found):
        assert y != next_y or right < left, texts


@pytest.mark.parametrize("name", ["lenet5", "siamese"])
def test_what_has_room_is_not_cut(name: str) -> None:
    for _, shape in rectangles(laid_out(name, 9)):
        assert not [text for band in shape.bands for text in band.texts if "…" in text.text]


def test_long_names_are_cut(load: Load) -> None:
    name = "a" * 100
    spec = f"layers: [{{Conv2D: {{filters: 4, kernel_size: 1}}, name: {name}}}]"
    found = picture(load(spec).graph)
    (rectangle, shape), *_ = [
        each for each in rectangles(lay_out(found)) if not each[1].box.terminal
    ]
    assert rectangle[2] - rectangle[0] <= MOST
    _check_row(shape.bands[0].texts, shape.width)
    assert name in svg(found)  # in the tooltip


# Formats


BAD = 'a"b<c>&]])}`;#quot; \\ --> |x| end %% "\'] <script>alert(1)</script> \n\x01\u202e 漢 *b*'


@pytest.fixture
def hostile() -> Picture:
    """A picture in which every text tries to be something else."""
    row = Row("convolution", BAD, BAD, BAD, BAD, 3, BAD)
    inner, outer = Box("box0", (row,)), Box("box1", (row, row), times=3)
    frame = Frame("frame2", row, 2, (inner,))
    return Picture(BAD, BAD, BAD, (outer, frame), (Edge(outer, inner, "t", BAD),))


def test_svg_is_xml_without_scripts(hostile: Picture) -> None:
    root = ElementTree.fromstring(svg(hostile))
    tags = {element.tag.removeprefix("{http://www.w3.org/2000/svg}") for element in root.iter()}
    assert tags == {
        *("svg", "title", "desc", "style", "defs", "marker", "path", "rect", "g", "text"),
    }
    names = {name for element in root.iter() for name in element.attrib}
    assert not [name for name in names if name.startswith("on") or "href" in name]
    shown = "".join(root.itertext())
    assert "<script>alert(1)</script> \\n\\x01\\u202e" in shown


def test_svg_knows_dark_grounds(hostile: Picture) -> None:
    assert "@media (prefers-color-scheme: dark)" in svg(hostile)


def test_dot_is_well_formed(hostile: Picture) -> None:
    string = r'"(?:[^"\\]|\\.)*"'
    first, *lines, last = dot(hostile).splitlines()
    assert re.fullmatch(rf"digraph {string} {{", first)
    assert last == "}"
    for line in lines:
        if found := re.fullmatch(r" *(?:box\d+ \[)?label=<(.*)>(?:\])?;", line):
            ElementTree.fromstring(f"<label>{found[1]}</label>")
        else:
            edge = rf"box\d+ -> box\d+ \[label={string}\];"
            known = rf" *({edge}|(graph|node|edge) \[.*\];|}}|subgraph \w+ {{)"
            assert re.fullmatch(known, line), line


def test_mermaid_is_well_formed(hostile: Picture) -> None:
    label = r'"(?:[^"<>&`#]|#\d+;|<br/>)*"'
    known = re.compile(
        rf" *(box\d+(\(\[|\[){label}(\]\)|\]):::\w+|box\d+ -->\|{label}\| box\d+"
        rf"|subgraph \w+\[{label}\]|end|classDef \w+ [\w:#,]+)"
    )
    lines = mermaid(hostile).split("flowchart TD\n")[1].splitlines()
    assert [line for line in lines if not known.fullmatch(line)] == []


@pytest.mark.parametrize("format", FORMATS)
def test_all_formats_have_the_same_boxes(format: Format) -> None:
    graph = specc.load("inception_v3").graph
    text = draw(graph, format, 1).text
    for box in boxes(picture(graph, 1)):
        assert box.id in text
    assert "inception_a" in text
    assert "[N, 35, 35, 256]" in text


def test_a_network_of_thousands_of_layers_is_drawn_if_it_folds(load: Load) -> None:
    folded = load("layers: [{repeat: 19000, layers: [{Conv2D: {filters: 4, kernel_size: 1}}]}]")
    assert "19,000 × Conv2D" in folded.draw().text


def test_what_is_too_large_is_refused(load: Load) -> None:
    units = ", ".join(str(number % 7 + 1) for number in range(2000))
    many = load(f"layers: [{{for: {{u: [{units}]}}, layers: [{{Dense: '${{u}}'}}]}}]")
    for format in FORMATS:
        with pytest.raises(specc.SpecError, match=r"drawing-too-large.*2,00\d"):
            many.draw(format=format)


def test_what_has_too_many_lines_is_refused(load: Load) -> None:
    layers = [f"{{Dense: 4, name: d{number}}}" for number in range(200)]
    names = ", ".join(f"d{number}" for number in range(200))
    wide = load(f"layers: [{', '.join(layers)}, {{Concatenate: {{}}, inputs: [{names}]}}]")
    with pytest.raises(specc.SpecError, match="drawing-too-large"):
        wide.draw()
    assert wide.draw(format="dot").text.count("->") == 401


# From Python and the command line


@pytest.mark.parametrize("ending", ENDINGS)
def test_draw_writes_the_format_of_the_ending(load: Load, ending: str, tmp_path: Path) -> None:
    drawing = load(LOOPS).draw(tmp_path / f"net{ending}")
    assert drawing.format == ENDINGS[ending]
    assert (tmp_path / f"net{ending}").read_text("utf-8") == str(drawing)
    assert (drawing._repr_svg_() is None) == (drawing.format != "svg")


@pytest.mark.parametrize(("path", "format"), [("net.png", None), (None, "png")])
def test_draw_refuses_other_formats(load: Load, path: str | None, format: Any) -> None:
    with pytest.raises(specc.SpecError, match="invalid-input") as caught:
        load(LOOPS).draw(path, format=format)
    assert ".svg, .mmd" in str(caught.value)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["graph", *arguments])


def test_graph_prints_or_writes(tmp_path: Path) -> None:
    assert run("lenet5").stdout.startswith("<svg ")
    assert "flowchart TD" in run("lenet5", "--format", "mermaid").stdout
    target = tmp_path / "net.dot"
    result = run("densenet", "--depth", "1", "-o", str(target))
    assert result.exit_code == 0
    assert target.read_text("utf-8").startswith('digraph "densenet" {')
    assert f"wrote {target}" in result.stderr


def test_graph_refuses_an_ending_it_does_not_know(tmp_path: Path) -> None:
    result = run("lenet5", "-o", str(tmp_path / "net.png"))
    assert result.exit_code == 2
    assert list(tmp_path.iterdir()) == []
    assert run("lenet5", "-o", str(tmp_path / "net.txt"), "--format", "dot").exit_code == 0


def test_graph_writes_whole_or_not(tmp_path: Path) -> None:
    result = run("lenet5", "-o", str(tmp_path / "none" / "net.svg"))
    assert result.exit_code == 1
    assert "error[unwritable]" in result.stderr


@pytest.mark.parametrize(("name", "depth"), [("densenet", 0), ("unet", 0), ("gpt2", 2)])
def test_the_pictures_of_the_pages_are_what_is_drawn(name: str, depth: int) -> None:
    kept = (ROOT / "docs" / "images" / f"graph-{name}.svg").read_text("utf-8")
    assert kept == specc.load(name).draw(depth=depth).text, "run docs/screenshots.py"


# Chromium


@needs_chromium
def test_chromium_draws_each_text_inside_its_box() -> None:
    """The fonts of this machine, in a browser: what a reader sees."""
    beyond = """() => [...document.querySelectorAll('g > text')].filter(text => {
        const rect = text.parentNode.querySelector('rect');
        if (!rect || text.classList.contains('shape')) return false;
        const [a, b] = [text.getBBox(), rect.getBBox()];
        return a.x < b.x || a.x + a.width > b.x + b.width || a.y < b.y - 1
            || a.y + a.height > b.y + b.height + 2;
    }).map(text => text.textContent)"""
    with opened_page() as page:
        for name, depth in (("densenet", 2), ("inception_v3", 1), ("t5", 9)):
            page.set_content(specc.load(name).draw(depth=depth).text)
            assert page.locator("svg text").count() > 50
            assert page.evaluate(beyond) == []

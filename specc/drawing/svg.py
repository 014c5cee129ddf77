"""A picture as SVG: plain shapes and text, no scripts, nothing from elsewhere, light and dark.

Each box, frame and line has a `<title>`, which viewers show when the mouse rests on it. Colours are
attributes and simple classes, so that programs other than browsers read them too.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from specc.drawing.fonts import fitted, text_width
from specc.drawing.labels import Row
from specc.drawing.layout import SMALL, Area, Band, Line, Shape, Text, lay_out
from specc.drawing.palette import COLOURS
from specc.drawing.picture import Picture
from specc.source import escaped

MARGIN, HEADING, HEADING_SIZE = 20.0, 30.0, 15.0
SHADOW = 4.0
"""How far the sheet below a box for several iterations looks out."""

_STYLE = """\
.specc .ground { fill: #ffffff; }
.specc text { fill: #1f2328; font-size: 10.5px; white-space: pre; }
.specc .heading { font-size: 15px; font-weight: bold; }
.specc .title { font-size: 12px; font-weight: bold; }
.specc .name, .specc .note, .specc .shape { fill: #59636e; }
.specc .outline { fill: none; }
.specc .frame { fill: #8c959f; fill-opacity: 0.07; stroke: #8c959f; stroke-dasharray: 4 3; }
.specc .line { fill: none; stroke: #7d8590; stroke-width: 1.3; }
.specc .arrow { fill: #7d8590; }
@media (prefers-color-scheme: dark) {
  .specc .ground { fill: #0d1117; }
  .specc text { fill: #e6edf3; }
  .specc .name, .specc .note, .specc .shape { fill: #9198a1; }
}"""
"""Each rule begins with the class of the picture: in a notebook it stands in a page of others."""

_FONTS = 'font-family="Helvetica Neue, Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif"'
_ARROW = (
    '<marker id="arrow" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" '
    'markerUnits="userSpaceOnUse" orient="auto">'
    '<path class="arrow" d="M0 0.5 L8 4 L0 7.5 z"/></marker>'
)


def svg(picture: Picture) -> str:
    """The text of an SVG file."""
    area = lay_out(picture)
    heading, end = _heading(picture)
    width = max(area.width, end) + 2 * MARGIN
    height = area.height + 2 * MARGIN + HEADING
    size = f'width="{_number(width)}" height="{_number(height)}"'
    box = f'viewBox="0 0 {_number(width)} {_number(height)}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="specc" {size} {box} {_FONTS}>',
        f"<title>{_text(picture.name)}</title>",
        f"<desc>{_text(picture.description)}</desc>",
        f"<style>\n{_STYLE}\n</style>",
        f"<defs>{_ARROW}</defs>",
        f'<rect class="ground" {size}/>',
        *heading,
        *_area(area, (width - area.width) / 2, MARGIN + HEADING),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _heading(picture: Picture) -> tuple[list[str], float]:
    """The network's name and caption, and how wide they are."""
    name = fitted(picture.name, HEADING_SIZE, 400, bold=True)
    x = text_width(name, HEADING_SIZE, bold=True) + 16
    texts = (
        Text(MARGIN, MARGIN + 12, name, "heading"),
        Text(MARGIN + x, MARGIN + 12, picture.caption, "note"),
    )
    return [_text_line(text) for text in texts], x + text_width(picture.caption, SMALL)


def _area(area: Area, x: float, y: float) -> Iterator[str]:
    """What is in a frame, with the frame."""
    yield f'<g transform="translate({_number(x)} {_number(y)})">'
    if area.frame is not None:
        yield _tooltip(area.frame.row)
        if area.frame.times > 1:
            yield _rect(SHADOW, SHADOW, area.width, area.height, 'class="frame" rx="5"')
            yield _rect(0, 0, area.width, area.height, 'class="ground" rx="5"')
        yield _rect(0, 0, area.width, area.height, 'class="frame" rx="5"')
    yield from map(_line, area.lines)
    yield from map(_text_line, area.texts)
    for left, top, child in area.children:
        yield from _area(child, left, top) if isinstance(child, Area) else _box(child, left, top)
    yield "</g>"


def _box(shape: Shape, x: float, y: float) -> Iterator[str]:
    """A box, with a second sheet behind it if it stands for several."""
    width, height = shape.width, shape.bottom
    corner = 'rx="10"' if shape.box.terminal else 'rx="3"'
    outline = f'class="outline" stroke="{COLOURS[shape.box.rows[0].group]}" {corner}'
    yield f'<g id="{shape.box.id}" transform="translate({_number(x)} {_number(y)})">'
    if shape.box.times > 1:
        yield _rect(SHADOW, SHADOW, width, height, outline)
    if shape.labels:
        yield from _stubs(shape)
    yield _rect(0, 0, width, height, f'class="ground" {corner}')
    for band in shape.bands:
        yield from _band(band, width, "" if shape.box.terminal else "bar")
    yield _rect(0, 0, width, height, outline)
    yield from map(_text_line, shape.labels)
    yield "</g>"


def _stubs(shape: Shape) -> Iterator[str]:
    """The beginnings of the lines, above the shapes that stand on them."""
    for label in shape.labels:
        x, y = _number(label.x), shape.bottom
        yield f'<path class="line" d="M{x} {_number(y)} V{_number(y + 6)}"/>'


def _band(band: Band, width: float, bar: str) -> Iterator[str]:
    colour = COLOURS[band.row.group]
    corner = "" if bar else ' rx="10"'
    yield f"<g>{_tooltip(band.row)}"
    yield _rect(0, band.y, width, band.height, f'fill="{colour}" fill-opacity="0.13"{corner}')
    if bar:
        yield _rect(0, band.y, 4, band.height, f'fill="{colour}"')
    yield from map(_text_line, band.texts)
    yield "</g>"


def _line(line: Line) -> str:
    """Straight down in the layers of boxes, curved between them."""
    points = line.points
    x, y = points[0]
    path = [f"M{_number(x)} {_number(y)}"]
    for number, (next_x, next_y) in enumerate(points[1:]):
        if number % 2 == 0 or abs(next_x - x) < 0.5:
            path.append(f"L{_number(next_x)} {_number(next_y)}")
        else:
            middle = _number((y + next_y) / 2)
            path.append(
                f"C{_number(x)} {middle} {_number(next_x)} {middle} "
                f"{_number(next_x)} {_number(next_y)}"
            )
        x, y = next_x, next_y
    arrow = ' marker-end="url(#arrow)"' if line.arrow else ""
    title = f"<title>{_text(line.edge.label)}</title>"
    return f'<path class="line" d="{" ".join(path)}"{arrow}>{title}</path>'


def _text_line(text: Text) -> str:
    anchor = "" if text.anchor == "start" else f' text-anchor="{text.anchor}"'
    place = f'x="{_number(text.x)}" y="{_number(text.y)}"'
    return f'<text class="{text.style}" {place}{anchor}>{_text(text.text)}</text>'


def _tooltip(row: Row) -> str:
    text = "\n".join(map(_text, row.tooltip.splitlines()))
    return f"<title>{text}</title>" if text else ""


def _rect(x: float, y: float, width: float, height: float, rest: str) -> str:
    corner = f'x="{_number(x)}" y="{_number(y)}" '
    size = f'width="{_number(width)}" height="{_number(height)}"'
    return f"<rect {corner}{size} {rest}/>"


def _number(value: float) -> str:
    """A coordinate with one decimal, if it has any."""
    return f"{value:.1f}".removesuffix(".0")


def _text(text: str) -> str:
    """A line that XML can hold and every viewer shows as it is."""
    return escape(escaped(text))

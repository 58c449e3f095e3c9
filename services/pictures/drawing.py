"""The process that draws: a graph or a report comes in as JSON, a PNG or a PDF goes out.

It holds no secret, has no database and asks nothing of the network. Texts reach typst as data only, never as
markup.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import fontpkg_noto_sans  # type: ignore[import-untyped]
import fontpkg_noto_sans_devanagari  # type: ignore[import-untyped]
import typst

from services.pictures.folding import folded
from services.pictures.layout import Layout, heading, layout, thinned
from services.pictures.model import PICTURE, TOO_LARGE, Arrow, Graph, TooLarge

MAX_SIDE, MAX_PIXELS = 4_000, 10_000_000
"""Of a PNG: what Slack shows well."""

BEST, GOOD, LEAST = 144.0, 100.0, 80.0
"""Pixels to an inch: as sharp as anyone sees, sharp enough, and as few as a title can still be read with."""

QUICK_PIXELS = 3_000_000
"""A larger picture than this is made no sharper than is good: its time goes with its pixels."""

_MEMORY = 4 << 30
_CPU_SECONDS = 20
_TEMPLATES = Path(__file__).parent / "templates"
_MARGIN, _HEADING = 32.0, 120.0


@dataclass(frozen=True, slots=True)
class Form:
    """How much of a step its box shows: `width` and `size` of the letters in points, `lines` of its title."""

    width: float
    size: float
    lines: int
    compact: bool


_FULL = Form(width=176, size=10, lines=3, compact=False)
_COMPACT = Form(width=132, size=9.5, lines=2, compact=True)
_SHORT = Form(width=124, size=9.5, lines=1, compact=True)
_FEW, _MANY = 40, 120
"""Steps that are shown in full, and those that are shown each."""

Laid = Mapping[str, Any]
"""A graph that typst can draw: sizes, boxes and arrows with their places, and the words beside it."""


def picture(graph: Graph) -> bytes:
    """The graph as PNG, as large as its steps need. Raises TooLarge."""
    laid, ppi = next(((laid, ppi) for laid in forms(graph) if (ppi := _ppi(laid)) >= LEAST), (None, 0.0))
    if laid is None:
        raise TooLarge("too many steps for one picture")
    return _compiled("picture.typ", {**laid, "part": "draw"}, "png", ppi)


def report(document: Mapping[str, Any]) -> bytes:
    """A Report, as a JSON object, as PDF. A graph too large for a page is left out, and the report says so."""
    graph = document.get("graph")
    laid = None if graph is None else next(forms(Graph.read(graph)), None)
    return _compiled("report.typ", {**document, "graph": laid}, "pdf", BEST)


def forms(graph: Graph) -> Iterator[Laid]:
    """The graph laid out in full, then with short boxes, then with several steps to a box: whatever may do."""
    if len(graph.boxes) <= _FEW:
        yield from _laid_out(graph, _FULL)
    if len(graph.boxes) <= _MANY:
        yield from _laid_out(graph, _COMPACT)
    fewer = folded(graph)
    yield from _laid_out(fewer, _COMPACT)
    yield from _laid_out(fewer, _SHORT)


def _laid_out(graph: Graph, form: Form) -> Iterator[Laid]:
    """The layout, unless it took too long."""
    boxes = _measured(graph, form)
    arrows = thinned(graph.arrows)
    try:
        found = layout(form.width, {box["number"]: box["height"] for box in boxes}, arrows)
    except TooLarge:
        return
    yield {
        "title": graph.title,
        "standing": graph.standing,
        "alt": graph.alt,
        "legend": [asdict(sign) for sign in graph.legend],
        "form": asdict(form),
        "width": found.width,
        "height": found.height,
        "boxes": [{**box, **dict(zip("xy", found.corners[box["number"]], strict=True))} for box in boxes],
        "arrows": [_way(arrow, found) for arrow in arrows if (arrow.start, arrow.end) in found.ways],
    }


def _way(arrow: Arrow, found: Layout) -> dict[str, Any]:
    points = found.ways[arrow.start, arrow.end]
    return {"points": points, "heading": heading(points), "carries": arrow.carries, "faded": arrow.faded}


def _measured(graph: Graph, form: Form) -> list[dict[str, Any]]:
    """The boxes with their texts cut to their lines, and how high each is: measured by what will draw them."""
    data = {"part": "measure", "boxes": [asdict(box) for box in graph.boxes], "form": asdict(form)}
    found = _compiler("picture.typ", data).query("<boxes>", field="value", one=True)
    boxes: list[dict[str, Any]] = json.loads(found)
    return boxes


def _ppi(laid: Laid) -> float:
    wide, high = laid["width"] + _MARGIN, laid["height"] + _HEADING
    most, quick = ((pixels / (wide * high)) ** 0.5 * 72 for pixels in (MAX_PIXELS, QUICK_PIXELS))
    return float(min(BEST, max(quick, GOOD), most, MAX_SIDE * 72 / max(wide, high)))


def _compiled(template: str, data: Mapping[str, Any], kind: Any, ppi: float) -> bytes:
    content = _compiler(template, data).compile(format=kind, ppi=ppi)
    assert isinstance(content, bytes)  # noqa: S101 - a picture has one page, and a PDF is one file
    return content


def _compiler(template: str, data: Mapping[str, Any]) -> typst.Compiler:
    return typst.Compiler(
        _TEMPLATES / template,
        root=_TEMPLATES,
        font_paths=_fonts(),
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
    )


@cache
def _fonts() -> typst.Fonts:
    folders = [package.ROOT / "files" for package in (fontpkg_noto_sans, fontpkg_noto_sans_devanagari)]
    return typst.Fonts(include_system_fonts=False, font_paths=folders)


def main() -> int:
    """Read one request from standard input and write the file to standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    asked = json.load(sys.stdin.buffer)
    try:
        content = picture(Graph.read(asked["data"])) if asked["kind"] == PICTURE else report(asked["data"])
    except TooLarge:
        return TOO_LARGE
    sys.stdout.buffer.write(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())

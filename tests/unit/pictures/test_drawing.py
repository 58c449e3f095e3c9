"""Graphs of any size and text of any kind become pictures that can be read, and reports."""

from __future__ import annotations

import re
import struct
from dataclasses import asdict

import pytest

from services.pictures import drawing
from services.pictures.drawing import forms, picture
from services.pictures.model import Arrow, Box, Graph, Look, TooLarge
from tests.support.graphs import boxes_of, graph, one_box, pixels, report

HOSTILE = {
    "typst code": '#import "@preview/evil:1.0.0": * #read("/etc/passwd") #eval("1") #panic("no") #{ 1/0 }',
    "typst markup": "*b* _i_ `c` $x^2$ @ref <label> = Heading \\ // /* ~ -- --- ' \" #",
    "json": '"}], "boxes": [], "x": "\\u0000 \\" \\\\ ',
    "a path": "../../../etc/passwd /etc/passwd C:\\windows file:///etc/passwd",
    "dot": '"]; n1 -> n2; } digraph { x [label=<<b>y</b>>]; \\N \\G',
    "a very long word": "Donaudampfschifffahrtsgesellschaft" * 40,
    "no blanks": "道路から水が出ています。" * 30,
    "arabic": "الماء يخرج من الطريق عند تقاطع الشارع الخامس " * 5,
    "hebrew and digits": "רחוב 5 פינת 12 (תיקון) " * 8,
    "direction marks": "abc\u202egnp.exe\u202c \u2066x\u2069 \u200f\u200e",
    "emoji": "🚰💦👩‍👩‍👧‍👦🏳️‍🌈👍🏽" * 30,
    "devanagari": "क्षेत्राधिकारी को सूचित करें और जलापूर्ति बंद करें " * 6,
    "a devanagari word": "क्षत्रिय" * 60,
    "stacked marks": "Z" + "\u0301\u0302\u0303" * 200 + " e\u0301" * 50,
    "line ends": "one\ntwo\r\nthree\u2028four\n\n\n\n\nfive",
    "zero width": "\u200b\u200d\u2060\ufeff" * 30,
    "private use": "\ue000\uf8ff\U000f0000",
    "nothing": "",
    "a blank": " ",
    "wide letters": "WWWWWWWWW " * 60,
}

LONG = ("a very long word", "no blanks", "emoji", "a devanagari word", "stacked marks", "wide letters")


def size(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.parametrize("first", range(4))
def test_foreign_text_is_drawn_and_never_read_as_markup(first: int) -> None:
    """Every fourth text with each other, for to draw each alone takes four times as long."""
    texts = list(HOSTILE.values())[first::4]
    hostile = boxes_of(texts)
    assert picture(hostile)[:4] == b"\x89PNG"
    pdf = drawing.report(asdict(report(hostile, " ".join(texts))))
    assert pdf[:5] == b"%PDF-"
    assert b"root:" not in pdf


@pytest.mark.parametrize("kind", LONG)
def test_no_label_overflows_its_box(kind: str) -> None:
    """The blank between the letters and the right edge of the box has the box's own colour and no other."""
    laid = next(forms(one_box(HOSTILE[kind], note=HOSTILE[kind])))
    box = laid["boxes"][0]
    assert box["height"] < 130
    scale = 1.5
    png = drawing._compiled("picture.typ", {**laid, "part": "draw"}, "png", 72 * scale)
    seen = pixels(png)
    left = (seen.width / scale - laid["width"]) / 2 + box["x"]
    edge = round((left + laid["form"]["width"] - 2.5) * scale)
    top = next(y for y in range(30, len(seen.rows)) if _is_fill(seen.rows[y][4 * edge : 4 * edge + 3]))
    strip = seen.column(edge, top + 5, top + round((box["height"] - 6) * scale))
    assert len(strip) == 1, sorted(strip)[:5]


def _is_fill(colour: bytes) -> bool:
    return colour == bytes.fromhex("e4f4ea")


@pytest.mark.parametrize("steps", [1, 2, 5, 30, 100, 200])
def test_a_picture_is_no_larger_than_slack_shows_and_no_smaller_than_can_be_read(steps: int) -> None:
    width, height = size(picture(graph(steps)))
    assert max(width, height) <= drawing.MAX_SIDE + 2
    assert width * height <= drawing.MAX_PIXELS * 1.02
    laid = next(laid for laid in forms(graph(steps)) if drawing._ppi(laid) >= drawing.LEAST)
    assert laid["form"]["size"] * drawing._ppi(laid) / 72 >= 10.5
    if steps <= 100:
        assert len(laid["boxes"]) == steps


def test_up_to_thirty_steps_are_shown_in_full() -> None:
    laid = next(forms(graph(30)))
    assert not laid["form"]["compact"]
    assert drawing._ppi(laid) >= drawing.GOOD


def test_boxes_do_not_overlap() -> None:
    laid = next(forms(graph(30)))
    wide = laid["form"]["width"]
    spots = [(box["x"], box["y"], box["height"]) for box in laid["boxes"]]
    for index, (x, y, high) in enumerate(spots):
        assert -1 <= x <= laid["width"] - wide + 1
        assert -1 <= y <= laid["height"] - high + 1
        for other_x, other_y, other_high in spots[index + 1 :]:
            is_beside = other_x >= x + wide or x >= other_x + wide
            assert is_beside or other_y >= y + high or y >= other_y + other_high


def test_the_same_graph_is_the_same_picture() -> None:
    assert picture(graph(8)) == picture(graph(8))


def test_a_row_of_a_thousand_steps_is_one_box_and_no_tangle_is_drawn() -> None:
    row = tuple(Box(number, f"{number}.", "Step", Look.DONE, "Done") for number in range(1, 1_001))
    arrows = tuple(Arrow(number, number + 1) for number in range(1, 1_000))
    laid = next(forms(Graph("x", "y", row, arrows, (), several="{count} steps")))
    [box] = laid["boxes"]
    assert (box["label"], box["title"]) == ("1–1000", "1000 steps")


def test_what_nobody_could_read_is_said_to_be_too_large() -> None:
    gates = tuple(Box(number, f"{number}.", "Ask", Look.WAITING, "Waits", gated=True) for number in range(1, 400))
    arrows = tuple(Arrow(number, number + 1) for number in range(1, 399))
    long = Graph("x", "y", gates, arrows, ())
    with pytest.raises(TooLarge):
        picture(long)
    assert drawing.report(asdict(report(long)))[:5] == b"%PDF-"


@pytest.mark.parametrize("steps", [1, 30, 100])
def test_a_report_numbers_its_pages_and_says_what_the_graph_shows(steps: int) -> None:
    pdf = drawing.report(asdict(report(graph(steps))))
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) >= (1 if steps == 1 else 2)
    assert pdf.endswith(b"%%EOF")

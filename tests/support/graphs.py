"""Graphs and reports of any size, and pictures looked at pixel by pixel."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

from services.pictures.model import Arrow, Box, Entry, Graph, Look, Report, Section, Sign

TITLES = (
    "Look up the area of 5th and Main",
    "Open a work order for a burst main",
    "File a public request, so that others see that it is known",
    "Send the water crew of the district",
    "सड़क पर पानी भर गया है, कृपया देखें",
    "Straßensperrung bei der Verkehrsüberwachung beantragen",
)
LOOKS = (Look.DONE, Look.DONE, Look.RUNNING, Look.WAITING, Look.FAILED, Look.SKIPPED, Look.PENDING)


def graph(steps: int, *, seed: int = 1) -> Graph:
    """A run of so many steps, each after one or two of those shortly before it."""
    chance = random.Random(seed)
    boxes = []
    arrows = []
    for number in range(1, steps + 1):
        look, is_gated = chance.choice(LOOKS), chance.random() < 0.15
        boxes.append(
            Box(
                number,
                f"{number}.",
                chance.choice(TITLES),
                look,
                look.value.capitalize(),
                note="Only if step 1 gives no request id." if chance.random() < 0.15 else "",
                gated=is_gated,
                gate="A person must agree first" if is_gated else "",
            )
        )
        earlier = range(max(1, number - 7), number)
        arrows += [
            Arrow(start, number, carries=chance.random() < 0.7, faded=look is Look.SKIPPED)
            for start in chance.sample(earlier, min(len(earlier), chance.choice((1, 1, 2))))
        ]
    legend = (*(Sign(look, look.value) for look in dict.fromkeys(LOOKS)), Sign("value", "uses it"))
    return Graph(
        "#12 Burst main", "Run 1", tuple(boxes), tuple(arrows), legend, several="{count} steps", alt="alt"
    )


def one_box(title: str, *, note: str = "", state: str = "Done") -> Graph:
    """A graph of two steps, the first of which says this."""
    boxes = (Box(1, "1.", title, Look.DONE, state, note=note), Box(2, "2.", "Next", Look.PENDING, "Not started"))
    return Graph(title, title, boxes, (Arrow(1, 2),), (Sign("done", title[:40]),), alt=title[:900])


def boxes_of(titles: Sequence[str]) -> Graph:
    """A graph of steps that say these, in all places at once."""
    boxes = tuple(
        Box(number, f"{number}.", title, Look.DONE, title[:60], note=title)
        for number, title in enumerate(titles, 1)
    )
    arrows = tuple(Arrow(number, number + 1) for number in range(1, len(boxes)))
    whole = " ".join(titles)
    return Graph(whole, whole, boxes, arrows, (Sign("done", whole[:40]),), alt=whole[:900])


def report(of: Graph, text: str = "Water is coming up.") -> Report:
    """A report in which each step sent and answered `text`."""
    entries = tuple(
        Entry(
            box.label, box.title, box.look, box.state, (text,), f"Sent: {text}", (f"text: {text}",), "Answer", text
        )
        for box in of.boxes
    )
    sections = (
        Section("What was reported", quote=text, facts=(("Place", text),), lines=(text,)),
        Section("Who decided what", events=(("28 Nov 2026, 14:05", "@leela", text),)),
        Section("The plan as a picture", has_graph=True),
        Section("What was done", steps=entries),
    )
    return Report(
        f"Report {text}", text, text, "Page {page} of {pages}", sections, graph=of, too_large="Too large."
    )


@dataclass(frozen=True, slots=True)
class Pixels:
    """A PNG of 8-bit RGBA, decoded."""

    width: int
    height: int
    rows: tuple[bytes, ...]

    def column(self, x: int, top: int, bottom: int) -> set[bytes]:
        """The colours on a line from top to bottom."""
        return {row[4 * x : 4 * x + 3] for row in self.rows[top:bottom]}


def pixels(png: bytes) -> Pixels:
    """Decode a PNG."""
    with Image.open(BytesIO(png)) as picture:
        assert picture.mode == "RGBA"
        raw, stride = picture.tobytes(), picture.width * 4
        rows = tuple(raw[start : start + stride] for start in range(0, len(raw), stride))
        return Pixels(picture.width, picture.height, rows)

"""Graphs and reports of any size, and pictures looked at pixel by pixel."""

from __future__ import annotations

import random
import struct
import zlib
from dataclasses import dataclass

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


def pixels(png: bytes, *, most: int = 10_000) -> Pixels:
    """Decode a PNG as typst writes it, its first `most` rows. https://www.w3.org/TR/png/"""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, depth, kind, *_, interlace = struct.unpack(">IIBBBBB", png[16:29])
    assert (depth, kind, interlace) == (8, 6, 0)
    data, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += length + 12
    return Pixels(width, height, tuple(_rows(zlib.decompress(data)[: most * (width * 4 + 1)], width * 4)))


def _rows(raw: bytes, stride: int) -> list[bytes]:
    rows = []
    above = bytearray(stride)
    for start in range(0, len(raw), stride + 1):
        kind, line = raw[start], bytearray(raw[start + 1 : start + 1 + stride])
        for x in range(stride):
            left = line[x - 4] if x >= 4 else 0
            corner = above[x - 4] if x >= 4 else 0
            guess = (0, left, above[x], (left + above[x]) // 2, _paeth(left, above[x], corner))[kind]
            line[x] = (line[x] + guess) & 255
        rows.append(bytes(line))
        above = line
    return rows


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda each: abs(guess - each))

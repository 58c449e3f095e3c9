"""Steps that look alike are one box; what people have to do with never disappears into one."""

from __future__ import annotations

from services.pictures.folding import folded
from services.pictures.layout import heading, layout, thinned
from services.pictures.model import Arrow, Box, Graph, Look


def graph(boxes: list[Box], arrows: list[tuple[int, int]]) -> Graph:
    drawn = tuple(Arrow(start, end) for start, end in arrows)
    return Graph("t", "s", tuple(boxes), drawn, (), several="{count} steps")


def box(number: int, look: Look = Look.DONE, *, gated: bool = False, note: str = "") -> Box:
    return Box(number, f"{number}.", f"Step {number}", look, gated=gated, note=note)


def shown(folded: Graph) -> list[tuple[str, str]]:
    return [(each.label, each.title) for each in folded.boxes]


def test_a_row_is_one_box() -> None:
    found = folded(graph([box(n) for n in range(1, 6)], [(n, n + 1) for n in range(1, 5)]))
    assert shown(found) == [("1–5", "5 steps")]
    assert found.arrows == ()


def test_steps_side_by_side_are_one_box() -> None:
    ways = [(1, n) for n in range(2, 7)] + [(n, 7) for n in range(2, 7)]
    found = folded(graph([box(n, Look.RUNNING if 1 < n < 7 else Look.DONE) for n in range(1, 8)], ways))
    assert shown(found) == [("1.", "Step 1"), ("2–6", "5 steps"), ("7.", "Step 7")]
    assert [(arrow.start, arrow.end) for arrow in found.arrows] == [(1, 2), (2, 7)]


def test_rows_of_what_was_side_by_side_count_every_step() -> None:
    ways = [(1, n) for n in (2, 3, 4)] + [(n, 5) for n in (2, 3, 4)] + [(5, 6)]
    assert shown(folded(graph([box(n) for n in range(1, 7)], ways))) == [("1–6", "6 steps")]


def test_another_state_a_gate_and_a_condition_stand_alone() -> None:
    boxes = [box(1), box(2), box(3, Look.FAILED), box(4), box(5, gated=True), box(6, note="Only if"), box(7)]
    found = folded(graph(boxes, [(n, n + 1) for n in range(1, 7)]))
    assert len(found.boxes) == 7


def test_two_are_shown_each() -> None:
    assert len(folded(graph([box(1), box(2)], [(1, 2)])).boxes) == 2


def test_an_arrow_for_the_order_only_is_left_out_where_a_longer_way_says_it() -> None:
    ways = (Arrow(1, 2), Arrow(2, 3), Arrow(1, 3, carries=False), Arrow(1, 4, carries=False))
    assert thinned(ways) == (ways[0], ways[1], ways[3])
    assert thinned((*ways[:2], Arrow(1, 3, carries=True))) == (*ways[:2], Arrow(1, 3, carries=True))


def test_what_comes_first_stands_above() -> None:
    found = layout(100, {1: 40, 2: 60, 3: 20}, [Arrow(1, 2), Arrow(2, 3), Arrow(1, 3)])
    assert found.corners[1][1] + 40 < found.corners[2][1] < found.corners[2][1] + 60 < found.corners[3][1]
    assert set(found.ways) == {(1, 2), (2, 3), (1, 3)}
    across, down = heading(found.ways[1, 2])
    assert down > abs(across)

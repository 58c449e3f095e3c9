"""Whatever a pack holds, it is read, or refused with its faults."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.components.packs import PackFaults, parse_pack
from services.formats.strict_yaml import YamlFaults, read_yaml
from tests.support.work_order import WORK_ORDER, pack

SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=9)
)
TREES = st.recursive(
    SCALARS, lambda child: st.lists(child, max_size=4) | st.dictionaries(st.text(max_size=9), child, max_size=4)
)


@given(TREES)
def test_no_document_does_more_than_be_refused(tree: Any) -> None:
    source = yaml.safe_dump({"components": [tree]}, allow_unicode=True)
    with pytest.raises(PackFaults):
        parse_pack(source)


@given(st.sampled_from(sorted(WORK_ORDER)), TREES)
def test_no_member_does_more_than_be_refused(member: str, tree: Any) -> None:
    source = yaml.safe_dump({"components": [{**WORK_ORDER, member: tree}]})
    try:
        (definition,) = parse_pack(source)
    except PackFaults:
        return
    assert parse_pack(pack(definition.model_dump(mode="json"))) == (definition,)


@given(st.text() | st.binary())
def test_no_text_does_more_than_be_refused(source: str | bytes) -> None:
    try:
        read_yaml(source).plain()
    except YamlFaults:
        return

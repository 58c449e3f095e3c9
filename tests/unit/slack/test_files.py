"""Which addresses may be told the bot's token, and which files are fetched at all."""

from __future__ import annotations

import pytest

from bot.errors import FileRefused
from bot.slack.files import is_slacks, listed

API = "https://slack.com/api/"


@pytest.mark.parametrize(
    ("url", "api", "may"),
    [
        ("https://files.slack.com/files-pri/T1-F1/a.md", API, True),
        ("https://springfield.slack.com/files-pri/T1-F1/a.md", API, True),
        ("http://files.slack.com/files-pri/T1-F1/a.md", API, False),
        ("https://files.slack.com.evil.example/a.md", API, False),
        ("https://evilslack.com/a.md", API, False),
        ("https://files.slack.com:8443/a.md", API, False),
        ("https://files.slack.com@evil.example/a.md", API, False),
        ("http://127.0.0.1:4000/files-pri/T1-F1/a.md", "http://127.0.0.1:4000/api/", True),
        ("http://127.0.0.1:4001/files-pri/T1-F1/a.md", "http://127.0.0.1:4000/api/", False),
        ("https://[broken", API, False),
    ],
)
def test_the_token_goes_to_slack_alone(url: str, api: str, may: bool) -> None:
    assert is_slacks(url, api) is may


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ({"id": "F1", "name": "a.md"}, "not_given"),
        ({"id": "F1", "name": "a.md", "url_private": "https://files.slack.com/a.md", "size": 11}, "too_large"),
        ({"id": "F1", "name": "a.md", "url_private": "https://drive.example/a.md", "size": 1}, "not_slacks"),
    ],
)
def test_what_is_too_large_or_kept_elsewhere_is_not_fetched(file: dict[str, object], code: str) -> None:
    with pytest.raises(FileRefused) as refused:
        listed(file, 10, API)
    assert refused.value.code == code

"""Calling components: a request is prepared, sent under the address rules, and its answer judged."""

from services.connectors.connector import Connector, called
from services.connectors.errors import CallError, RequestRefused
from services.connectors.requests import PreparedRequest, preview
from services.connectors.responses.checks import check_response
from services.connectors.responses.response import Answer, AnswerWarning, WarningCode
from services.connectors.rest import prepare
from services.connectors.verdicts import Outcome, Verdict, is_safe, judge

__all__ = [
    "Answer",
    "AnswerWarning",
    "CallError",
    "Connector",
    "Outcome",
    "PreparedRequest",
    "RequestRefused",
    "Verdict",
    "WarningCode",
    "called",
    "check_response",
    "is_safe",
    "judge",
    "prepare",
    "preview",
]

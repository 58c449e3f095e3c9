"""Calling components: a request is prepared, sent under the address rules, and its answer judged."""

from services.connectors.answers import Answer, AnswerWarning, WarningCode
from services.connectors.calls import called
from services.connectors.connector import Connector
from services.connectors.response_checks import check_response
from services.connectors.rest import PreparedRequest, prepare, preview
from services.connectors.verdicts import Outcome, Verdict, is_safe, judge
from services.errors import CallError, RequestRefused

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

"""Calling components: a request is prepared, sent under the address rules, and its answer judged."""

from services.connectors.connector import Connector, call_component
from services.connectors.errors import CallError, RequestRefused
from services.connectors.kinds import prepare
from services.connectors.requests import PreparedRequest, preview
from services.connectors.responses.checks import check_response
from services.connectors.responses.response import Response, ResponseWarning, WarningCode
from services.connectors.verdicts import Outcome, Verdict, is_safe, judge

__all__ = [
    "CallError",
    "Connector",
    "Outcome",
    "PreparedRequest",
    "RequestRefused",
    "Response",
    "ResponseWarning",
    "Verdict",
    "WarningCode",
    "call_component",
    "check_response",
    "is_safe",
    "judge",
    "prepare",
    "preview",
]

"""What each of Slack's error words means for us. The lists are Slack's own, of the methods that we call.

Sources: the "Errors" tables of chat.postMessage, chat.update, chat.postEphemeral, conversations.*, views.* and
users.info at https://docs.slack.dev/reference/methods. A word that is in none of these sets is taken for passing,
for a bounded time: Slack adds words without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from slack_sdk.errors import SlackApiError

from bot.errors import (
    ChannelUnreachable,
    ContentRefused,
    HomeOvertaken,
    MessageGone,
    MetadataRefused,
    RateLimited,
    SlackError,
    SlackUnavailable,
    StoppedByPerson,
    SurfaceRefused,
    TokenRefused,
    UploadRefused,
)

PASSING = frozenset(
    {
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "external_channel_migrating",
        "team_added_to_org",  # for the minutes in which a workspace moves into an organisation
    }
)
RATE_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
TOKEN = frozenset(
    {
        "not_authed",
        "invalid_auth",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "org_login_required",
        "two_factor_setup_required",
    }
)
UNREACHABLE = frozenset(
    {
        "channel_not_found",
        "not_in_channel",
        "is_archived",
        "restricted_action",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
        "restricted_action_non_threadable_channel",
        "restricted_action_thread_locked",
        "cannot_reply_to_message",
        "channel_type_not_supported",
        "messages_tab_disabled",
        "not_allowed_token_type",
        "ekm_access_denied",
        "access_denied",
        "accesslimited",
        "no_permission",
        "team_access_not_granted",
        "enterprise_is_restricted",
    }
)
GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
CONTENT = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_attachments",
        "block_mismatch",
        "attachment_payload_limit_exceeded",
        "msg_too_long",
        "msg_blocks_too_long",
        "no_text",
        "too_many_attachments",
        "too_many_contact_cards",
        "markdown_text_conflict",
    }
)

METADATA = frozenset(
    {"invalid_metadata", "invalid_metadata_format", "invalid_metadata_schema", "metadata_too_large"}
)

UPLOAD = frozenset(
    {
        "file_type_not_allowed",
        "file_upload_size_restricted",
        "file_uploads_disabled",
        "file_uploads_except_images_disabled",
        "posting_to_channel_denied",
        "storage_limit_reached",
    }
)
UPLOADS = "files."
"""The methods of files: of these a missing scope means an app that was installed before it was asked for."""

SURFACES = frozenset(
    {
        "chat.startStream",
        "agents.sessions.setStatus",
        "assistant.threads.setSuggestedPrompts",
        "entity.presentDetails",
    }
)
"""The methods that not every workspace has. A refusal of the kind below is no fault."""

REFUSED = frozenset(
    {
        "unknown_method",
        "not_allowed",
        "not_authorized",
        "not_supported",
        "feature_not_enabled",
        "method_deprecated",
        "deprecated_endpoint",
        "missing_scope",
        "no_permission",
        "access_denied",
        "not_allowed_token_type",
        "channel_type_not_supported",
        "messages_tab_disabled",
        "paid_only",
        "paid_teams_only",
        "team_not_eligible",
        "user_not_eligible",
    }
)

_KINDS: tuple[tuple[frozenset[str], type[SlackError]], ...] = (
    (PASSING, SlackUnavailable),
    (TOKEN, TokenRefused),
    (UNREACHABLE, ChannelUnreachable),
    (GONE, MessageGone),
    (CONTENT, ContentRefused),
    (METADATA, MetadataRefused),
    (UPLOAD, UploadRefused),
    (frozenset({"hash_conflict"}), HomeOvertaken),
    (frozenset({"stopped_by_user"}), StoppedByPerson),
)
KINDS: Mapping[str, type[SlackError]] = {word: kind for words, kind in _KINDS for word in words}
"""By Slack's word, the error that it becomes; those of RATE_LIMITED say for how long, and are not among them."""


def translated(method: str, error: SlackApiError) -> SlackError:
    """The error that an answer of Slack's Web API is."""
    status = error.response.status_code
    if status == 429:
        return RateLimited(method, timedelta(seconds=_seconds(error.response.headers.get("Retry-After"))))
    word = error.response.get("error") if status < 500 else None
    if not word:
        # Not an answer of the Web API, but a page of what stands before it, some with status 200.
        return SlackUnavailable(method, str(status))
    code = str(word)
    if code in RATE_LIMITED:
        return RateLimited(method, timedelta(seconds=1))
    if code == "missing_scope" and method.startswith(UPLOADS):
        return UploadRefused(method, code)
    if code in REFUSED and method in SURFACES:
        return SurfaceRefused(method, code)
    return KINDS.get(code, SlackError)(method, code)


def _seconds(retry_after: object) -> float:
    try:
        return max(1.0, float(str(retry_after)))
    except ValueError:
        return 1.0

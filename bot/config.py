"""Settings: read once, in __main__, and handed down. Nothing else looks at the environment."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, MutableMapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import SettingsError
from db.url import check_url
from services.retention import Retention
from services.workspaces.secrets import SecretBox


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http(s) URL")
    return value


def _key(value: SecretStr) -> SecretStr:
    """A key goes into an HTTP header: anything but printable ASCII is a slip of whoever copied it."""
    secret = value.get_secret_value()
    if not (secret.isascii() and secret.isprintable()) or " " in secret:
        raise ValueError("has characters in it that no key has, such as a space")
    return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be the name of a time zone, such as America/Chicago") from None
    return value


def _retention(value: str) -> str:
    Retention.parse(value)
    return value


def _keys(value: SecretStr) -> SecretStr:
    try:
        SecretBox(keys_of(value))
    except ValueError:
        raise ValueError("must be keys as `mudda secrets new-key` makes them, with commas between") from None
    return value


def keys_of(value: SecretStr) -> list[str]:
    """The keys of MUDDA_SECRET_KEY, the newest first."""
    return [key.strip() for key in value.get_secret_value().split(",") if key.strip()]


Keys = Annotated[SecretStr, AfterValidator(_keys)]
Key = Annotated[SecretStr, AfterValidator(_key)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
PostgresUrl = Annotated[str, AfterValidator(check_url)]


class Settings(BaseSettings):
    """Everything that can be set."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    slack_bot_token: Key | None = None
    slack_client_id: str | None = None
    slack_client_secret: Key | None = None
    slack_allowed_teams: str | None = None
    mudda_secret_key: Keys | None = None
    slack_signing_secret: Key | None = None
    slack_app_token: Key | None = None
    slack_api_url: HttpUrl = "https://slack.com/api/"

    gemini_api_key: Key | None = None
    gemini_model: str = "gemini-3.8-flash"
    gemini_api_endpoint: HttpUrl | None = None
    gemini_timeout_seconds: float = Field(default=60, gt=0, le=600)
    gemini_max_concurrency: int = Field(default=64, ge=1, le=1000)
    gemini_sdk: Literal["generativeai", "genai"] = "generativeai"
    gemini_thinking: Literal["low", "medium", "high"] | None = None

    database_url: PostgresUrl | None = None
    database_direct_url: PostgresUrl | None = None
    tokens_per_day: int = Field(default=0, ge=0)
    learn_from_plans: bool = True
    plan_max_steps: int = Field(default=200, ge=1, le=10_000)
    clarify_minutes: int = Field(default=60, ge=0, le=10_080)
    time_zone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    retention_days: Annotated[str, AfterValidator(_retention)] = "inbox=7,model_calls=90,plans=never,removed=30"
    card_interval_seconds: float = Field(default=2, ge=0.1, le=60)
    component_allowed_hosts: str | None = None
    mudda_home: Path = Path(".mudda")

    host: str = "0.0.0.0"  # noqa: S104 - a server in a container listens on all its addresses
    port: int = Field(default=3000, ge=0, le=65535)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @property
    def retention(self) -> Retention:
        """How long things are kept."""
        return Retention.parse(self.retention_days)

    @property
    def allowed_teams(self) -> frozenset[str]:
        """The workspaces and organisations that may install the app; empty: any."""
        return frozenset(team.strip() for team in (self.slack_allowed_teams or "").split(",") if team.strip())

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """The hosts that components may be called at whatever their addresses are: `name` or `name:port`."""
        return frozenset(host.strip() for host in (self.component_allowed_hosts or "").split(",") if host.strip())


def component_secret(name: str) -> str | None:
    """The secret of a component that a pack names as `env:NAME`; never one of our own settings."""
    return None if name.lower() in Settings.model_fields else os.environ.get(name)


BOLT_READS = frozenset(
    {
        "SLACK_BOT_TOKEN",
        "SLACK_CLIENT_ID",
        "SLACK_CLIENT_SECRET",
        "SLACK_SIGNING_SECRET",
        "SLACK_VERIFICATION_TOKEN",
    }
)
"""What Bolt reads from the environment by itself (slack_bolt 1.30, AsyncApp)."""


def hide_from_bolt(environment: MutableMapping[str, str]) -> None:
    """Take out what Bolt would act on: a client id is to it a wish to be installed by OAuth.

    All else stays, for a component's secret may have any name (`env:SLACK_ALERTS_TOKEN`).
    """
    for name in BOLT_READS & environment.keys():
        del environment[name]


def give_home(environment: MutableMapping[str, str], home: Callable[[], Path] = Path.home) -> None:
    """Name a home for a user who has none, as containers of OpenShift are run: Slack's SDK asks for one."""
    try:
        home()
    except RuntimeError:
        environment["HOME"] = tempfile.gettempdir()


def load_settings() -> Settings:
    """Read the environment and `.env`. Raises SettingsError with a line for each setting that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError([_line(dict(fault)) for fault in error.errors(include_input=False)]) from None


def check_serve(settings: Settings) -> None:
    """Raise SettingsError with a line for each setting that `serve` needs and does not have."""
    lines = []
    if settings.slack_client_id is not None:
        lines += _lines_of_oauth(settings)
    elif settings.slack_bot_token is None:
        lines.append("SLACK_BOT_TOKEN is missing: the bot token (xoxb-…) from “OAuth & Permissions” of your app.")
    elif not settings.slack_bot_token.get_secret_value().startswith("xoxb-"):
        lines.append("SLACK_BOT_TOKEN is not a bot token: it starts with xoxb-.")
    if settings.slack_signing_secret is None and settings.slack_app_token is None:
        lines.append(
            "SLACK_SIGNING_SECRET (HTTP) or SLACK_APP_TOKEN (Socket Mode) is missing: "
            "both stand in “Basic Information” of your app."
        )
    app_token = settings.slack_app_token
    if app_token is not None and not app_token.get_secret_value().startswith("xapp-"):
        lines.append("SLACK_APP_TOKEN is not an app-level token: it starts with xapp-.")
    if settings.gemini_api_key is None:
        lines.append("GEMINI_API_KEY is missing: a key for the Gemini API.")
    lines += lines_of_gemini_sdk(settings)
    if lines:
        raise SettingsError(lines)


def lines_of_gemini_sdk(settings: Settings) -> list[str]:
    """A line for what is wrong with the choice of the SDK."""
    if settings.gemini_sdk == "generativeai":
        needs_other = settings.gemini_thinking is not None
        return ["GEMINI_THINKING takes effect with GEMINI_SDK=genai only."] if needs_other else []
    if not _is_installed("google.genai"):
        return ["GEMINI_SDK=genai takes a package that is not installed: pip install 'mudda[genai]'."]
    return []


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _lines_of_oauth(settings: Settings) -> list[str]:
    lines = []
    if settings.slack_bot_token is not None:
        lines.append(
            "SLACK_BOT_TOKEN and SLACK_CLIENT_ID are both set: the first is for one workspace, the second for any "
            "number of them. Set one."
        )
    if settings.slack_client_secret is None:
        lines.append("SLACK_CLIENT_SECRET is missing: it stands in “Basic Information” of your app.")
    if settings.mudda_secret_key is None:
        lines.append("MUDDA_SECRET_KEY is missing: `mudda secrets new-key` makes one.")
    return lines


def _line(fault: dict[str, object]) -> str:
    location = fault["loc"]
    name = ".".join(str(part) for part in location).upper() if isinstance(location, tuple) else str(location)
    return f"{name}: {str(fault['msg']).removeprefix('Value error, ')}."

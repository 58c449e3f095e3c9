"""`mudda plans export | import`: plans as Arazzo documents, and the text that these commands print."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from bot.cli.command import CommandFailed, Commands, add_workspace_option, open_database, team_of
from bot.config import Settings
from bot.deps import utc_now
from bot.views.plan.faults import Names, sentence
from db.models import WorkflowPlan, Workspace
from db.session import Database
from services import workspaces
from services.approvals import ApprovalService
from services.cards import CardService
from services.components.builtins import CHANNEL, USER
from services.components.definitions import ComponentDefinition
from services.components.service import ComponentService
from services.errors import NotFound
from services.formats.strict_yaml import MAX_BYTES
from services.jobs import OpenPlan
from services.plans.arazzo.reading import ArazzoFault, ArazzoFaultCode, ArazzoFaults, read_arazzo
from services.plans.arazzo.writing import arazzo_documents
from services.plans.model import Issue, Plan
from services.plans.polls import component_keys
from services.plans.validation import Fault
from services.policies.service import PolicyService
from services.queries.workflows import WorkflowQueries
from services.workflows.importing import SOURCE, PlanNotValid, import_plan
from services.workflows.rechecks import RecheckService
from services.workflows.service import WorkflowService

Documents = tuple[dict[str, Any], dict[str, Any]]
"""Arazzo, and the OpenAPI beside it."""


def add(commands: Commands) -> None:
    """Add the commands."""
    plans = commands.add_parser("plans", help="plans as documents that other tools read (Arazzo 1.0.1)")
    actions = plans.add_subparsers(required=True, metavar="ACTION")
    exporting = actions.add_parser("export", help="write a plan as an Arazzo document")
    exporting.add_argument("number", type=_number, metavar="NUMBER", help="of the plan, such as 12")
    exporting.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="and what it calls as OpenAPI beside it; default: print it",
    )
    exporting.set_defaults(run=_run_export)
    importing = actions.add_parser("import", help="make a plan of an Arazzo document, to be approved in Slack")
    importing.add_argument("file", type=Path, metavar="FILE", help="JSON or YAML")
    importing.add_argument("--channel", required=True, metavar="CHANNEL_ID", help="where its card is posted")
    importing.add_argument("--reporter", required=True, metavar="USER_ID", help="whose issue it is for")
    importing.add_argument("--issue", metavar="TEXT", help="default: the description of the plan")
    importing.add_argument("--place", metavar="TEXT", help="where it is, if the plan asks for that")
    importing.set_defaults(run=_run_import)
    for action in (exporting, importing):
        add_workspace_option(action)


async def _run_export(settings: Settings, options: argparse.Namespace) -> int:
    beside = _beside(options.output)
    async with open_database(settings) as database:
        team_id = await team_of(settings, options)
        documents = await export(database, team_id, options.number, beside.name)
    if options.output is None:
        print(_text(documents[0]))
        return 0
    _write(options.output, documents[0])
    _write(beside, documents[1])
    print(f"{team_id}: plan #{options.number} is in {options.output}, and what it calls in {beside}.")
    return 0


async def _run_import(settings: Settings, options: argparse.Namespace) -> int:
    async with open_database(settings) as database:
        team_id = await team_of(settings, options)
        source = _source(options.file)
        request = ImportRequest(options.channel, options.reporter, options.issue, options.place)
        told = ImportSettings(settings.plan_max_steps, settings.time_zone, settings.card_interval_seconds)
        print(await import_(database, team_id, source, request, utc_now(), told))
    return 0


async def export(database: Database, team_id: str, number: int, openapi_url: str) -> Documents:
    """The documents of the latest version of a plan. Raises CommandFailed."""
    async with database.reading() as session:
        try:
            workspace_id = await workspaces.by_team(session, team_id)
            plan = await WorkflowQueries(ApprovalService()).get_by_number(session, workspace_id, number)
        except NotFound:
            raise CommandFailed(f"There is no plan #{number} in {team_id}.") from None
        if plan.version is None:
            raise CommandFailed(f"Plan #{number} has no version that could be exported.")
        keys = sorted(component_keys(plan.version.plan))
        stored = await ComponentService().definitions(session, workspace_id, keys)
    return arazzo_documents(
        plan.version.plan,
        plan.version.components,
        {key: ComponentDefinition.model_validate(each) for key, each in stored.items()},
        workflow_id=f"plan_{number}",
        version=str(plan.version.version),
        openapi_url=openapi_url,
    )


@dataclass(frozen=True, slots=True)
class ImportSettings:
    """The settings that an import goes by; the time zone is for a workspace that has set none itself."""

    max_steps: int
    time_zone: str
    card_interval_seconds: float


class ImportRequest:
    """What an imported plan is for: an issue of `reporter`, whose card is posted in `channel`."""

    def __init__(self, channel: str, reporter: str, issue: str | None = None, place: str | None = None) -> None:
        if not re.fullmatch(CHANNEL, channel):
            raise CommandFailed(f"{channel}: this is not the id of a channel, such as C0123456789.")
        if not re.fullmatch(USER, reporter):
            raise CommandFailed(f"{reporter}: this is not the id of a person, such as U0123456789.")
        self.channel = channel
        self.reporter = reporter
        self.issue = issue
        self.place = place

    def opening(self, plan: Plan) -> Issue:
        """The issue that the plan is for."""
        text = self.issue or plan.description or plan.workflow_name
        return Issue(text, self.place, None, self.reporter, self.channel)


async def import_(
    database: Database,
    team_id: str,
    source: bytes,
    request: ImportRequest,
    now: datetime,
    settings: ImportSettings,
) -> str:
    """Make a plan of a document, which people then decide about in Slack. Raises CommandFailed."""
    try:
        plan = read_arazzo(source)
    except ArazzoFaults as error:
        raise CommandFailed("\n".join([*map(_words, error.faults), "Nothing was imported."])) from None
    issue = request.opening(plan)
    components, approvals = ComponentService(), ApprovalService()
    rechecks = RecheckService(components, PolicyService(), settings.max_steps)
    workflows = WorkflowService(CardService(timedelta(seconds=settings.card_interval_seconds)), approvals)
    async with database.reading() as session:
        try:
            workspace_id = await workspaces.by_team(session, team_id)
        except NotFound:
            raise CommandFailed(f"{team_id} is not served yet. Nothing was imported.") from None
        row = await session.get_one(Workspace, workspace_id)
        zone = ZoneInfo(row.settings.get("time_zone", settings.time_zone))
        rules = await rechecks.rules(session, workspace_id, issue, plan, now.astimezone(zone).date())
    draft = await rechecks.draft(plan, issue, rules, selected=(), citations=())
    opened = OpenPlan(
        key=f"import:{uuid4()}",
        workspace=workspace_id,
        source=SOURCE,
        channel=request.channel,
        reporter=request.reporter,
        text=issue.text,
        place=issue.place,
    )
    try:
        async with database.transaction() as session:
            plan_id = await import_plan(session, workflows, opened, draft)
            imported = await session.get_one(WorkflowPlan, plan_id)
            number = imported.number
    except PlanNotValid as error:
        raise CommandFailed("\n".join([*map(_sentence, error.faults), "Nothing was imported."])) from None
    warned = [f"  note  {_sentence(fault)}" for fault in draft.warnings]
    return "\n".join([f"{team_id}: this is plan #{number} now. Its card is posted for approval.", *warned])


def _number(text: str) -> int:
    number = re.fullmatch(r"#?(\d{1,9})", text)
    if number is None:
        raise argparse.ArgumentTypeError(f"{text} is not the number of a plan, such as 12")
    return int(number[1])


def _beside(output: Path | None) -> Path:
    """Where the OpenAPI is that the document refers to: beside it, under its own name."""
    if output is None:
        return Path("openapi.json")
    stem = output.name.partition(".")[0] or "plan"
    return output.with_name(f"{stem}.openapi.json")


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2)


def _write(path: Path, document: Mapping[str, Any]) -> None:
    try:
        path.write_text(_text(document) + "\n", encoding="utf-8")
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror or error}") from error


def _source(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror or error}") from error


def _words(fault: ArazzoFault) -> str:
    said = _FAULTS[fault.code].format(detail=fault.detail)
    text = f"{fault.where}: {said}" if fault.where else said[:1].upper() + said[1:]
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def _sentence(fault: Fault) -> str:
    said = sentence(fault, Names())
    return "".join(char if char.isprintable() else "\ufffd" for char in said)


_FAULTS = {
    ArazzoFaultCode.TOO_LARGE: "this file is too large for a plan",
    ArazzoFaultCode.NOT_READABLE: "this is neither JSON nor YAML that can be read ({detail})",
    ArazzoFaultCode.NOT_ARAZZO: "this is not an Arazzo document: it has no member “arazzo”",
    ArazzoFaultCode.VERSION: "Arazzo {detail} is not known here; 1.0.1 is",
    ArazzoFaultCode.WRONG_TYPE: "this is not what Arazzo has here",
    ArazzoFaultCode.MISSING: "this member is missing, or is no text",
    ArazzoFaultCode.NO_WORKFLOW: "there is no workflow in this document",
    ArazzoFaultCode.SEVERAL_WORKFLOWS: "a plan is one workflow, and there are {detail}",
    ArazzoFaultCode.TOO_MANY_STEPS: "there are {detail} steps, which is more than any plan has",
    ArazzoFaultCode.SUB_WORKFLOW: "a plan has no workflow inside of it, nor one that comes before it",
    ArazzoFaultCode.OPERATION_PATH: "a step names what it calls by operationId: the key of a component",
    ArazzoFaultCode.CONTROL_FLOW: "a plan has no goto, end or retry; conditions stand in x-mudda-when",
    ArazzoFaultCode.REUSABLE: "what is defined elsewhere and shared is not read: write it here",
    ArazzoFaultCode.SUCCESS_CRITERIA: "a step is done when its status says so; this can't be asked: {detail}",
    ArazzoFaultCode.REPLACEMENTS: "replacements are not read: write the payload as it is to be sent",
    ArazzoFaultCode.PLACE: "a parameter is in the path, the query or a header, not in “{detail}”",
    ArazzoFaultCode.EXPRESSION: "a plan can't refer to {detail}",
    ArazzoFaultCode.UNKNOWN_STEP: "there is no step {detail}",
    ArazzoFaultCode.UNKNOWN_MEMBER: "there is no such member here",
}

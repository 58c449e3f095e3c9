"""What `mudda components import` prints: the preview, what came of it, and why a document is refused."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from bot.cli.table import table
from services.components.importing import EntryState, ImportEntry, ImportPreview, ImportResult
from services.components.openapi.model import CutCode, DocumentRefused, Reason, Refused
from services.components.openapi.model import DocumentFaultCode as Fault
from services.components.secret_names import variables_in
from services.components.specs import ApprovalPolicy
from services.connectors.documents import FetchRefused
from services.connectors.errors import AddressRefused, CallError, RedirectRefused

_EXAMPLES = 3
_NO_TAG = "without a tag"

_GATES = {
    ApprovalPolicy.NONE: "none",
    ApprovalPolicy.PLAN: "the plan",
    ApprovalPolicy.STEP: "its own",
    None: "",
}

REFUSALS: Mapping[Fault, Callable[[Mapping[str, Any]], str]] = {
    Fault.TOO_LARGE: lambda d: (
        f"it has more than {d['limit'] // 2**20} MB, which is the most that is read of its kind"
    ),
    Fault.NOT_UTF8: lambda _: "it is not UTF-8",
    Fault.NOT_JSON: lambda d: f"line {d['line']} is not JSON ({d['problem']})",
    Fault.NOT_YAML: lambda d: f"line {d['line']} is not YAML ({d['problem']})",
    Fault.DUPLICATE_MEMBER: lambda d: f"“{d['member']}” stands twice in one mapping",
    Fault.TOO_DEEP: lambda _: "it is nested too deep, or an alias holds itself",
    Fault.EXPANDS_TOO_FAR: lambda d: f"its aliases stand for more than {d['limit']:,} values",
    Fault.UNKNOWN_TAG: lambda d: f"line {d['line']} has the tag {d['tag']}, which is not read",
    Fault.NOT_OPENAPI: lambda _: "it is not an OpenAPI document: it has no member “openapi”",
    Fault.SWAGGER: lambda _: (
        "it is Swagger 2.0. Convert it to OpenAPI 3 first, for example with the npm package swagger2openapi"
    ),
    Fault.UNKNOWN_VERSION: lambda d: f"it is OpenAPI {d['version']}; 3.0, 3.1 and 3.2 are read",
    Fault.AGAINST_SCHEMA: lambda d: f"{d['at']} is not as OpenAPI has it: {d['problem']}",
    Fault.NO_OPERATIONS: lambda _: "there are no operations in it",
    Fault.TOO_MANY_OPERATIONS: lambda d: f"it has more than {d['limit']:,} operations",
    Fault.TOO_SLOW: lambda d: f"it was not read within {d['limit']:g} seconds",
    Fault.UNREADABLE: lambda _: "it can't be read: it takes too much memory, or broke the parser",
}

REASONS: Mapping[Reason, str] = {
    Reason.AGAINST_SCHEMA: "not as OpenAPI has it",
    Reason.METHOD: "methods that are not called",
    Reason.NO_SERVER: "no server URL (say it with --server URL)",
    Reason.SERVER_VARIABLE: "a variable of the server URL without a default (say the URL with --server)",
    Reason.COOKIE: "needs a cookie",
    Reason.PARAMETER_PLACE: "needs a parameter in a place that is not supported",
    Reason.PARAMETER_STYLE: "a parameter in a style that is not supported",
    Reason.HEADER: "needs a header that Mudda sets itself",
    Reason.BODY_TYPE: "needs a body that is neither JSON nor a form",
    Reason.BODY_OF_GET: "needs a body with GET",
    Reason.AUTH: "credentials that can't be had",
    Reason.REMOTE_REFERENCE: "a $ref out of the document, which is not followed",
    Reason.DANGLING_REFERENCE: "a $ref to nowhere",
    Reason.CIRCULAR_REFERENCE: "a $ref that only leads to itself",
    Reason.TOO_LARGE: "takes more inputs than fit",
    Reason.DEFINITION: "breaks a rule for components",
    Reason.ADDRESS: "an address that must not be called (COMPONENT_ALLOWED_HOSTS lets a host through)",
    Reason.KEY_TAKEN: "its key is that of another component (choose another beginning with --as NAME)",
}

CUTS: Mapping[CutCode, str] = {
    CutCode.RECURSIVE: "schemas that hold themselves, cut where they repeat",
    CutCode.DEPTH: "parts of schemas that are too deep",
    CutCode.PROPERTIES: "properties beyond the 200 that fit",
    CutCode.NODES: "schemas beyond the 3,000 that fit",
    CutCode.BYTES: "schemas shortened to fit into 32 KB",
    CutCode.ENUM: "long lists of choices",
    CutCode.KEYWORD: "keywords of schemas that are not taken over",
    CutCode.TEXT: "long descriptions, shortened",
    CutCode.HEADER: "optional headers that Mudda sets itself",
    CutCode.COOKIE: "optional cookies",
    CutCode.PARAMETER: "parameters without a place",
    CutCode.BODY: "optional bodies that are neither JSON nor a form",
    CutCode.RESPONSE: "answers that are not JSON",
    CutCode.NO_ID: "operations without an operationId, named after their path",
    CutCode.DUPLICATE_ID: "operations whose operationId another has, named after their path",
    CutCode.PLACEHOLDER: "placeholders of paths that are not declared, taken for text",
}


def refusal(error: DocumentRefused) -> str:
    """Why nothing of a document is imported."""
    return _printable(REFUSALS[error.code](error.detail))


def fetch_refusal(error: CallError | FetchRefused) -> str:
    """Why a document can't be had from its URL."""
    if isinstance(error, AddressRefused):
        return f"the address must not be called ({error.reason}); COMPONENT_ALLOWED_HOSTS lets a host through"
    if isinstance(error, RedirectRefused):
        return f"it is a redirect ({error.status}), which is not followed; give the URL that it leads to"
    if isinstance(error, FetchRefused):
        said = {
            "status": f"it answers with status {error.status}",
            "packed": "it came packed, unasked",
            "userinfo": "a URL must not hold a name and a password; fetch the document and give the file",
        }
        return said.get(error.reason) or f"it has more than {(error.limit or 0) // 2**20} MB"
    return f"it can't be had ({error})"


def preview_lines(preview: ImportPreview, secret: Callable[[str], str | None]) -> Iterator[str]:
    """The whole preview; `secret` tells whether a variable is set."""
    document = preview.document
    counts = ", ".join(f"{len(preview.in_state(state))} {state}" for state in EntryState)
    yield _printable(f"{document.title} {document.version} (OpenAPI {document.openapi}): {counts}.")
    rows: dict[str, list[ImportEntry]] = defaultdict(list)
    for entry in preview.entries:
        rows[entry.operation.tags[0] if entry.operation.tags else _NO_TAG].append(entry)
    for tag, entries in rows.items():
        yield ""
        yield _printable(f"{tag} ({len(entries)})")
        header = ("", "KEY", "OPERATION", "GATE", "")
        yield from (f"  {line}" for line in table([header, *map(_row, entries)]))
    yield from _gone(preview)
    yield from _refused(preview)
    yield from _cut(preview)
    yield from (_printable(f"note: {note}") for note in document.notes)
    yield from _missing(preview, secret)


def result_lines(team_id: str, result: ImportResult) -> Iterator[str]:
    """What an import did."""
    found = (len(result.created), len(result.updated), len(result.unchanged))
    yield "{}: {} new, {} changed, {} as they were.".format(team_id, *found)
    yield from (f"  kept     {key}: {', '.join(members)}" for key, members in result.kept.items())
    yield from (f"  inactive {key}" for key in result.deactivated)


def _row(entry: ImportEntry) -> tuple[str, ...]:
    said = []
    if entry.changes:
        said.append(", ".join(entry.changes))
    if entry.kept:
        said.append(f"kept as changed by hand: {', '.join(entry.kept)}")
    if not entry.active:
        said.append("out of use; name it with --only to bring it back")
    said += [_about(each) for each in entry.refused]
    row = (entry.state.value, entry.key, entry.operation.id, _GATES[entry.approval], "; ".join(said))
    return tuple(map(_printable, row))


def _gone(preview: ImportPreview) -> Iterator[str]:
    if preview.gone:
        yield ""
        count = len(preview.gone)
        yield f"In use, no longer in the document ({count}; --deactivate-gone takes them out of use):"
        yield from (_printable(f"  {each.key}  {each.operation}") for each in preview.gone)


def _refused(preview: ImportPreview) -> Iterator[str]:
    found: dict[Reason, list[str]] = defaultdict(list)
    for entry in preview.entries:
        for refused in entry.refused:
            found[refused.reason].append(f"{entry.operation.id} {refused.about}".strip())
    yield from _counted("Not imported:", {REASONS[reason]: about for reason, about in found.items()})


def _cut(preview: ImportPreview) -> Iterator[str]:
    found: dict[CutCode, list[str]] = defaultdict(list)
    for entry in preview.entries:
        for cut in entry.operation.cuts if entry.state != EntryState.REFUSED else ():
            found[cut.code].append(f"{entry.operation.id} {cut.where} {cut.about}".strip())
    yield from _counted("Cut or left out:", {CUTS[code]: about for code, about in found.items()})


def _counted(head: str, found: Mapping[str, list[str]]) -> Iterator[str]:
    if found:
        yield ""
        yield head
    for what, about in sorted(found.items(), key=lambda each: -len(each[1])):
        more = "; …" if len(about) > _EXAMPLES else ""
        yield _printable(f"  {len(about):>5}  {what}: {'; '.join(about[:_EXAMPLES])}{more}")


def _missing(preview: ImportPreview, secret: Callable[[str], str | None]) -> Iterator[str]:
    names = {name for entry in preview.entries for name in variables_in(entry.definition or {})}
    if missing := sorted(name for name in names if not secret(name)):
        yield ""
        yield f"Not set yet, and needed before a call: {', '.join(missing)}"


def _about(refused: Refused) -> str:
    return f"{REASONS[refused.reason].partition(' (')[0]}: {refused.about}".removesuffix(": ")


def _printable(text: str) -> str:
    """A document may say anything, and what is printed must not move the cursor."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def names_of(entries: Iterable[ImportEntry]) -> dict[str, set[str]]:
    """What `--only` may say, in lower case, and the operations that it means: tag, operation, operationId, key."""
    named: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        operation = entry.operation
        for name in (*operation.tags, operation.id, operation.operation_id, entry.key):
            if name:
                named[name.lower()].add(operation.id)
    return named

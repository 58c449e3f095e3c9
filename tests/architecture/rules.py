"""The rules about the code, each with examples of what it must catch and what it must leave alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from tests.architecture.code import PACKAGES, nodes

Nodes = Iterator[ast.stmt | ast.expr | ast.excepthandler]

LONGEST_HANDLER = 12

BLOCKING = frozenset(
    {
        "time.sleep",
        "os.system",
        "subprocess.run",
        "subprocess.call",
        "subprocess.check_call",
        "subprocess.check_output",
        "urllib.request.urlopen",
        *(f"requests.{verb}" for verb in ("get", "post", "put", "patch", "delete", "head", "request", "Session")),
    }
)
SDKS = ("google.generativeai.", "google.ai.", "google.genai.")
CLOCKS = frozenset({"datetime.now", "datetime.utcnow", "date.today", "time.time", "time.monotonic"})


@dataclass(frozen=True, slots=True)
class Rule:
    """`find` yields what is at fault in a file; `exempt` files have a right to it, for the reason given there."""

    name: str
    find: Callable[[ast.Module], Nodes]
    folders: tuple[str, ...]
    bad: tuple[str, ...]
    good: tuple[str, ...]
    exempt: tuple[str, ...] = ()


def handler(lines: int) -> str:
    """An example of a listener."""
    return "async def f():\n    '''What it is for.'''\n" + "    a()\n" * lines


def dotted(node: ast.expr) -> str:
    """`a.b.c` for such an expression; the part that is known for others (`f().b` is `.b`)."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


@lru_cache(maxsize=1)
def calls(tree: ast.AST) -> tuple[tuple[ast.Call, str], ...]:
    """Every call, with the dotted name of what is called."""
    return tuple((node, dotted(node.func)) for node in nodes(tree) if isinstance(node, ast.Call))


TIERS = ("api", "e2e", "hostile", "jobs", "listeners", "sandbox", "services", "support", "unit", "workspaces")
UNLIMITED = (".wait", ".communicate", ".wait_closed", ".readline")
"""What may never come to an end."""


def unlimited_waits(tree: ast.Module) -> Nodes:
    """What is awaited without a limit: neither in an `asyncio.timeout` nor by `tests.support.waiting`."""
    limited = {
        id(inner)
        for node in nodes(tree)
        if isinstance(node, ast.AsyncWith)
        and any(
            dotted(item.context_expr.func).endswith("timeout")
            for item in node.items
            if isinstance(item.context_expr, ast.Call)
        )
        for inner in ast.walk(node)
    }
    for node in nodes(tree):
        if isinstance(node, ast.Await) and isinstance(node.value, ast.Call) and id(node) not in limited:
            name = dotted(node.value.func)
            if name.endswith(UNLIMITED) and name != "asyncio.wait":
                yield node


def commits(tree: ast.Module) -> Nodes:
    """Calls of anything's `.commit`."""
    return (call for call, name in calls(tree) if name.endswith(".commit"))


def open_walls(tree: ast.Module) -> Nodes:
    """Ways to the rows of all workspaces: `.everywhere`, `.alone`, and an engine: nobody binds those."""
    doors = (".everywhere", ".alone", ".engine.connect", ".engine.begin")
    return (call for call, name in calls(tree) if name.endswith(doors))


def session_queries(tree: ast.Module) -> Nodes:
    """The legacy `session.query`; we say `select`."""
    return (call for call, name in calls(tree) if name.lower().endswith("session.query"))


def blocking_calls(tree: ast.Module) -> Nodes:
    """Calls that would stop the event loop, also by a name imported from its module."""
    aliases = {
        name.asname or name.name: f"{node.module}.{name.name}"
        for node in nodes(tree)
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
    return (call for call, name in calls(tree) if aliases.get(name, name) in BLOCKING)


def broad_excepts(tree: ast.Module) -> Nodes:
    """Handlers that catch everything, bugs included."""

    def is_broad(node: ast.expr | None) -> bool:
        if isinstance(node, ast.Tuple):
            return any(is_broad(element) for element in node.elts)
        return node is None or dotted(node) in ("Exception", "BaseException")

    for node in nodes(tree):
        if isinstance(node, ast.ExceptHandler) and is_broad(node.type):
            yield node
    for call, name in calls(tree):
        if name.rpartition(".")[2] == "suppress" and any(is_broad(argument) for argument in call.args):
            yield call


def long_handlers(tree: ast.Module) -> Nodes:
    """Coroutines of more than twelve lines, the docstring not counted."""
    for node in nodes(tree):
        if isinstance(node, ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            if body and (body[-1].end_lineno or 0) - body[0].lineno + 1 > LONGEST_HANDLER:
                yield node


def _is_session(node: ast.AST) -> bool:
    return isinstance(node, ast.expr) and dotted(node).rpartition(".")[2] in ("AsyncSession", "ReadSession")


def _session_position(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int | None:
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    arguments = [argument for argument in arguments if argument.arg not in ("self", "cls")]
    for position, argument in enumerate(arguments):
        if argument.annotation and any(map(_is_session, ast.walk(argument.annotation))):
            return position
    return None


def sync_sessions(tree: ast.Module) -> Nodes:
    """Public functions that take a session without being async."""
    for node in nodes(tree):
        if (
            isinstance(node, ast.FunctionDef)
            and not node.name.startswith("_")
            and _session_position(node) is not None
        ):
            yield node


def late_sessions(tree: ast.Module) -> Nodes:
    """Functions whose session is not the first argument."""
    for node in nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _session_position(node):
            yield node


def impure_views(tree: ast.Module) -> Nodes:
    """What waits, or looks at a clock."""
    for node in nodes(tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            yield node
    for call, name in calls(tree):
        if any(name == clock or name.endswith(f".{clock}") for clock in CLOCKS):
            yield call


def patches(tree: ast.Module) -> Nodes:
    """Mocks, and attributes replaced for a test."""
    for node in nodes(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("unittest.mock"):
            yield node
        if isinstance(node, ast.Import) and any(name.name.startswith("unittest.mock") for name in node.names):
            yield node
    for call, name in calls(tree):
        if name in ("monkeypatch.setattr", "monkeypatch.delattr", "mocker.patch"):
            yield call


def sdk_imports(tree: ast.Module) -> Nodes:
    """Imports of the Gemini SDKs. import-linter sees all of the `google` namespace as one module."""
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{name.name}" for name in node.names]
        else:
            continue
        if any(f"{name}.".startswith(SDKS) for name in names):
            yield node


def imports_of_tests(tree: ast.Module) -> Nodes:
    """Imports of test modules: what two tests need stands in tests/support."""
    for node in nodes(tree):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{name.name}" for name in node.names]
        elif isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        else:
            continue
        if any(re.match(r"tests\.(\w+\.)*test_", name) for name in names):
            yield node


RULES = (
    Rule(
        "only db/session.py commits",
        commits,
        PACKAGES,
        bad=("await session.commit()", "self._sessions().commit()"),
        good=("await session.flush()", "commit()", "session.commit"),
        exempt=("db/session.py",),
    ),
    Rule(
        "only what is about all workspaces sees all workspaces",
        open_walls,
        PACKAGES,
        bad=(
            "database.everywhere()",
            "self.database.everywhere().reading()",
            "database.engine.connect()",
            "database.alone(statement)",
        ),
        good=("database.of(workspace_id)", "everywhere()", "deps.database.transaction()"),
        exempt=(
            "bot/cli/command.py",
            "bot/jobs/worker.py",
            "bot/sandbox/run.py",
            "bot/serve.py",
            "bot/startup/parts.py",
            "db/queue.py",  # the inbox and the queue are no workspace's
        ),
    ),
    Rule(
        "no session.query",
        session_queries,
        PACKAGES,
        bad=("session.query(Plan)", "self.session.query(Plan)", "db_session.query(Plan).all()"),
        good=("await session.execute(select(Plan))", "request.query('a')"),
    ),
    Rule(
        "nothing blocks the event loop",
        blocking_calls,
        PACKAGES,
        bad=(
            "time.sleep(1)",
            "from time import sleep\nsleep(1)",
            "requests.get(url)",
            "from requests import post as send\nsend(url)",
            "urllib.request.urlopen(url)",
        ),
        good=("await asyncio.sleep(1)", "sleep(1)", "requests.exceptions.ReadTimeout", "session.get(url)"),
        exempt=("services/pictures/layout.py",),  # it works in a process of its own, which has no event loop
    ),
    Rule(
        "only boundaries catch everything",
        broad_excepts,
        PACKAGES,
        bad=(
            "try: f()\nexcept Exception: pass",
            "try: f()\nexcept: pass",
            "try: f()\nexcept (ValueError, BaseException): pass",
            "with contextlib.suppress(Exception): f()",
        ),
        good=("try: f()\nexcept ValueError: pass", "with suppress(KeyError): f()", "raise Exception"),
        # Round every listener, round every job, and where errors are handed to whoever waits.
        exempt=("bot/listeners/guard.py", "bot/jobs/worker.py", "db/queue_lanes.py", "db/group_commit.py"),
    ),
    Rule(
        f"a listener has at most {LONGEST_HANDLER} lines",
        long_handlers,
        ("bot/listeners",),
        bad=(handler(13), "async def f():\n    g(\n" + "    1,\n" * 11 + "    )"),
        good=(handler(12), handler(13).removeprefix("async ")),
        exempt=("bot/listeners/guard.py",),  # what stands round every listener
    ),
    Rule(
        "a service that takes a session is async",
        sync_sessions,
        ("services",),
        bad=("def get(session: AsyncSession): ...", "class S:\n    def get(self, session: ReadSession): ..."),
        good=(
            "async def get(session: AsyncSession): ...",
            "def _matching(session: AsyncSession): ...",
            "def widen(session: requests.Session): ...",
        ),
    ),
    Rule(
        "the session comes first",
        late_sessions,
        ("services",),
        bad=(
            "async def get(key: str, session: AsyncSession | ReadSession): ...",
            "class S:\n    async def get(self, key: str, *, session: AsyncSession): ...",
        ),
        good=(
            "async def get(session: AsyncSession, key: str): ...",
            "class S:\n    async def get(self, session: ReadSession, key: str): ...",
        ),
    ),
    Rule(
        "only the transports import the Gemini SDKs",
        sdk_imports,
        PACKAGES,
        bad=(
            "import google.generativeai as genai",
            "from google import generativeai",
            "from google.ai.generativelanguage import Content",
            "from google import genai",
            "from google.genai.types import Part",
        ),
        good=("from google.auth.transport import requests", "import google.aix"),
        exempt=("services/ai/transports/generativeai.py", "services/ai/transports/genai.py"),
    ),
    Rule(
        "a view neither waits nor looks at a clock",
        impure_views,
        ("bot/views",),
        bad=("async def card(): ...", "datetime.now(UTC)", "dt.datetime.now()", "time.time()"),
        good=("def card(snapshot): ...", "snapshot.created_at.isoformat()", "now(snapshot)"),
    ),
    Rule(
        "nothing is patched in a test",
        patches,
        ("tests",),
        bad=(
            "from unittest.mock import patch",
            "import unittest.mock",
            "monkeypatch.setattr(bot, 'x', 1)",
        ),
        good=("monkeypatch.setenv('PORT', '1')", "import unittest"),
    ),
    Rule(
        "nothing in a test waits without a limit",
        unlimited_waits,
        tuple(f"tests/{tier}" for tier in TIERS),
        bad=(
            "async def f(): await event.wait()",
            "async def f(): out, _ = await process.communicate()",
            "async def f():\n    async with server:\n        await held.reached.wait()",
        ),
        good=(
            "async def f(): await happened(event)",
            "async def f():\n    async with asyncio.timeout(5):\n        await event.wait()",
            "async def f(): await asyncio.wait_for(event.wait(), 1)",
            "async def f(): await asyncio.wait(tasks)",
        ),
    ),
    Rule(
        "no test is imported by another",
        imports_of_tests,
        ("tests",),
        bad=(
            "from tests.jobs.test_runs import order",
            "from tests.jobs import test_runs",
            "import tests.unit.test_a",
        ),
        good=("from tests.support.town_runs import order", "from tests.support import samples"),
    ),
)

"""`mudda eval`: how good the plans are that a model makes, over a fixed set of issues."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot import VERSION
from bot.cli.command import CommandFailed, Commands
from bot.cli.evaluation_text import comparison, expected_cost, progress, report
from bot.config import Settings
from bot.deps import utc_now
from bot.errors import SettingsError
from services.ai.usage import STAND_IN_MODEL
from services.evaluation import cases as sets
from services.evaluation.cases import Case
from services.evaluation.results import CaseResult, Evaluation, NotAnEvaluation

if TYPE_CHECKING:
    from services.ai.gemini import GeminiClient

CONCURRENCY = 4
CLOSE_SECONDS = 2.0
MAX_BYTES = 50 * 1024 * 1024

_UNANSWERED = frozenset({"refused", "unavailable"})


def add(commands: Commands) -> None:
    """Add the command."""
    about = "draft plans for a fixed set of issues and measure them; without GEMINI_API_KEY, by a stand-in"
    parser = commands.add_parser("eval", help=about)
    parser.add_argument("--towns", nargs="+", metavar="TOWN", default=[], help="only issues of these towns")
    parser.add_argument(
        "--languages", nargs="+", metavar="LANGUAGE", default=[], help="only issues in these, such as: de pt-BR"
    )
    parser.add_argument("--limit", type=_positive, metavar="N", help="only so many issues, of the towns in turn")
    parser.add_argument("--model", metavar="NAME", help="the model (default: GEMINI_MODEL)")
    parser.add_argument(
        "--concurrency",
        type=_positive,
        metavar="N",
        default=CONCURRENCY,
        help=f"so many issues at once (default: {CONCURRENCY})",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results there, to be compared later")
    parser.add_argument(
        "--compare", nargs=2, type=Path, metavar=("A", "B"), help="compare two such files, and draft nothing"
    )
    parser.set_defaults(run=run)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError("must be a whole number above 0")
    return int(text)


async def run(settings: Settings, options: argparse.Namespace) -> int:
    """Evaluate or compare. Raises SettingsError for options that can't be used, CommandFailed if nothing came."""
    if options.compare:
        print(comparison(*(_read(path) for path in options.compare)))
        return 0
    chosen = _chosen(settings, options)
    evaluation = await _evaluate(settings, options, chosen)
    results = evaluation.results
    if all(result.error in _UNANSWERED for result in results):
        raise CommandFailed(f"No issue was answered. Of the first it was said: {results[0].detail}")
    print(report(evaluation))
    if options.json:
        _write(options.json, evaluation)
    return 0


def _chosen(settings: Settings, options: argparse.Namespace) -> Sequence[Case]:
    """The cases that the options ask for, once all of the options are seen to make sense."""
    towns = sets.towns()
    languages = dict.fromkeys(case.language for town in towns.values() for case in town.cases)
    lines = [
        *(
            f"--towns: there is no {name}; there are {', '.join(towns)}."
            for name in options.towns
            if name not in towns
        ),
        *(
            f"--languages: there is no {name}; there are {', '.join(languages)}."
            for name in options.languages
            if name not in languages
        ),
    ]
    if options.model and settings.gemini_api_key is None:
        lines.append("--model needs GEMINI_API_KEY: without it a stand-in answers, and no model.")
    if options.json and not os.access(options.json.absolute().parent, os.W_OK):
        lines.append(f"--json: can't write to {options.json.absolute().parent}.")
    if lines:
        raise SettingsError(lines)
    chosen = sets.chosen_cases(of_towns=options.towns, languages=options.languages, limit=options.limit)
    if not chosen:
        raise SettingsError(["No issue of these towns is in these languages."])
    return chosen


async def _evaluate(settings: Settings, options: argparse.Namespace, chosen: Sequence[Case]) -> Evaluation:
    # Here and not above: the model's SDK takes a second to import, and `--help` should not wait for it.
    from services.ai.service import AIService
    from services.evaluation import prompted
    from services.evaluation.runner import evaluate

    begun_at = utc_now()
    async with _client(settings, options) as client:
        if client.model != STAND_IN_MODEL:
            print(expected_cost(prompted.estimate(chosen), len(chosen), client.model), file=sys.stderr)
        ai = AIService(client, max_steps=settings.plan_max_steps, now=lambda: sets.SAID_AT)
        results = await evaluate(
            ai, chosen, concurrency=options.concurrency, on_result=_Progress(len(chosen)).note
        )
    return Evaluation(
        version=VERSION,
        model=client.model,
        is_stand_in=any(result.model == STAND_IN_MODEL for result in results),
        prompts=prompted.fingerprint(),
        cases=sets.fingerprint(),
        begun_at=begun_at,
        concurrency=options.concurrency,
        results=results,
    )


@asynccontextmanager
async def _client(settings: Settings, options: argparse.Namespace) -> AsyncIterator[GeminiClient]:
    """A client of the model that is to be judged; without a key, of a stand-in that ends with the block."""
    from services.ai.gemini import GeminiClient

    async with AsyncExitStack() as stack:
        key, model, endpoint = "stand-in", STAND_IN_MODEL, settings.gemini_api_endpoint
        if settings.gemini_api_key is None:
            from bot.sandbox.gemini.server import GeminiStandIn

            endpoint = (await stack.enter_async_context(GeminiStandIn())).url
        else:
            key, model = settings.gemini_api_key.get_secret_value(), options.model or settings.gemini_model
        client = GeminiClient(
            key,
            model,
            endpoint=endpoint,
            timeout=settings.gemini_timeout_seconds,
            max_concurrency=options.concurrency,
            sdk=settings.gemini_sdk,
            thinking=settings.gemini_thinking,
        )
        stack.push_async_callback(client.aclose, grace=CLOSE_SECONDS)
        yield client


class _Progress:
    """A line for each issue that is through, beside the output."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0

    def note(self, result: CaseResult) -> None:
        """One more is through."""
        self._done += 1
        print(progress(result, self._done, self._total), file=sys.stderr, flush=True)


def _read(path: Path) -> Evaluation:
    try:
        with path.open("rb") as file:
            return Evaluation.from_json(file.read(MAX_BYTES))
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror or error}") from error
    except NotAnEvaluation as error:
        raise CommandFailed(f"{path}: this is not what `mudda eval --json` writes ({error.reason}).") from error


def _write(path: Path, evaluation: Evaluation) -> None:
    try:
        path.write_text(evaluation.to_json(), encoding="utf-8")
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror or error}") from error

"""What is said in the thread of a card when its run has failed: a redraw of the card rings for nobody."""

from __future__ import annotations

from datetime import datetime

from bot.ids import METADATA_FAILURE
from bot.views import blocks as kit
from bot.views import run_steps as read
from bot.views import runs
from bot.views.blocks import Message
from bot.views.outcome import as_mrkdwn
from bot.views.text import one_line
from services.run_states import StepState
from services.snapshots import PlanSnapshot

_WHY = 200


def failure(snapshot: PlanSnapshot, at: datetime) -> Message:
    """The message to whoever started the run; its metadata says which time that it failed it is about.

    Raises ValueError if there is no run.
    """
    run, version = snapshot.run, snapshot.version
    if run is None or version is None:
        raise ValueError("no run that could have failed")
    steps = read.in_order(version, run)
    failed = [step for step in steps if step.now.state is StepState.FAILED]
    said = [kit.person(run.started_by), kit.run(f" Plan #{snapshot.number}: {runs.line(run, steps)}.")]
    if failed:
        why = one_line(read.result(failed[0], read.numbers(steps), _WHY))
        said += [kit.run(" "), *([kit.run(why)] if why else [*read.decision(failed[0].now), kit.run(".")])]
    said.append(kit.run(" Its card has Retry and Skip step."))
    return Message(
        text="".join(map(as_mrkdwn, said)),
        blocks=kit.seal([kit.rich_text(kit.paragraph(*said))], "failure"),
        metadata={"event_type": METADATA_FAILURE, "event_payload": {"run": str(run.id), "at": at.isoformat()}},
    )

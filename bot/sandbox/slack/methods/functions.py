"""functions.completeSuccess and completeError: the app says how a step of a workflow has ended, once."""

from __future__ import annotations

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.methods.arguments import Context, Method, decoded, required_text
from bot.sandbox.slack.state.functions import FunctionExecution, fits
from bot.sandbox.slack.state.model import Json

ERROR_LENGTH = 2_000


def complete_success(context: Context, args: Json) -> Json:
    """functions.completeSuccess, with the outputs that were declared."""
    execution = _running(context, args)
    outputs = decoded(args, "outputs", "invalid_arguments")
    function = execution.function
    if not fits(outputs, function.outputs, function.required_outputs):
        raise SlackError("parameter_validation_failed")
    execution.state, execution.outputs = "completed", outputs
    return {}


def complete_error(context: Context, args: Json) -> Json:
    """functions.completeError, with a sentence for the log of the workflow."""
    execution = _running(context, args)
    execution.error = required_text(args, "error")[:ERROR_LENGTH]
    execution.state = "failed"
    return {}


def _running(context: Context, args: Json) -> FunctionExecution:
    execution = context.workspace.executions.get(required_text(args, "function_execution_id"))
    if execution is None:
        raise SlackError("function_execution_not_found")
    if execution.state != "running":
        raise SlackError("execution_not_in_running_state")
    return execution


METHODS: dict[str, Method] = {
    "functions.completeSuccess": complete_success,
    "functions.completeError": complete_error,
}

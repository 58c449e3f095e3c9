"""api.test, team.info, users.* and usergroups.users.list."""

from __future__ import annotations

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.methods.arguments import Context, Method, flag, page_of, required_text, text_argument
from bot.sandbox.slack.state.model import Json
from bot.sandbox.slack.state.shapes import user_object


def api_test(context: Context, args: Json) -> Json:
    """api.test: says the arguments back, or the error asked for."""
    word = text_argument(args, "error")
    if word is not None:
        raise SlackError(word)
    return {"args": args}


def team_info(context: Context, args: Json) -> Json:
    """team.info, of the one team there is."""
    team = context.workspace.team
    if text_argument(args, "team") not in (None, team.id):
        raise SlackError("team_not_found")
    return {
        "team": {
            "id": team.id,
            "name": team.name,
            "domain": team.domain,
            "url": f"{context.url}/",
            "email_domain": "",
            "icon": {"image_default": True},
        }
    }


def users_info(context: Context, args: Json) -> Json:
    """users.info."""
    user = context.workspace.users.get(required_text(args, "user"))
    if user is None:
        raise SlackError("user_not_found")
    shown = user_object(user, context.workspace.team)
    # Slack leaves it out unless it is asked for: https://docs.slack.dev/reference/methods/users.info.
    return {"user": shown | {"locale": user.locale} if flag(args, "include_locale") else shown}


def users_list(context: Context, args: Json) -> Json:
    """users.list, the bot included."""
    users = [user_object(user, context.workspace.team) for user in context.workspace.users.values()]
    page, cursor = page_of(users, args)
    now = int(context.workspace.clock())
    return {"members": page, "cache_ts": now, "response_metadata": {"next_cursor": cursor}}


def user_groups(context: Context, args: Json) -> Json:
    """usergroups.list."""
    return {
        "usergroups": [
            {"id": group.id, "team_id": context.workspace.team.id, "handle": group.handle, "name": group.name}
            for group in context.workspace.groups.values()
        ]
    }


def user_group_members(context: Context, args: Json) -> Json:
    """usergroups.users.list: the ids of a user group's members."""
    group = context.workspace.groups.get(required_text(args, "usergroup"))
    if group is None:
        raise SlackError("no_such_subteam")
    return {"users": list(group.users)}


METHODS: dict[str, Method] = {
    "api.test": api_test,
    "team.info": team_info,
    "users.info": users_info,
    "users.list": users_list,
    "usergroups.list": user_groups,
    "usergroups.users.list": user_group_members,
}

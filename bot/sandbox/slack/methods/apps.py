"""auth.* and oauth.*: whose a token is, where it is good, and how it comes and goes."""

from __future__ import annotations

from bot.sandbox.slack.methods.arguments import Context, Method
from bot.sandbox.slack.state.model import Json


def auth_test(context: Context, args: Json) -> Json:
    """auth.test. With the token of an organisation the team is the organisation itself."""
    workspace = context.workspace
    is_org_wide = workspace.is_org_wide
    return {
        "url": f"{context.url}/",
        "team": workspace.enterprise_id if is_org_wide else workspace.team.name,
        "user": workspace.bot.name,
        "team_id": workspace.enterprise_id if is_org_wide else workspace.team.id,
        "user_id": workspace.bot.id,
        "bot_id": workspace.bot_id,
        "is_enterprise_install": is_org_wide,
    }


def auth_revoke(context: Context, args: Json) -> Json:
    """auth.revoke: the token is no longer good."""
    context.registry.revoke(args["token"])
    return {"revoked": True}


def auth_teams_list(context: Context, args: Json) -> Json:
    """auth.teams.list: the workspaces that the token is for."""
    return {"teams": context.registry.teams_of(args["token"]), "response_metadata": {"next_cursor": ""}}


def oauth_v2_access(context: Context, args: Json) -> Json:
    """oauth.v2.access."""
    return context.registry.access(context, args)


METHODS: dict[str, Method] = {
    "auth.test": auth_test,
    "auth.revoke": auth_revoke,
    "auth.teams.list": auth_teams_list,
    "oauth.v2.access": oauth_v2_access,
}

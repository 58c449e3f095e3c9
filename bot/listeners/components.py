"""`/mudda components [words]`: which APIs a plan may use, privately and in pages; each opens in a modal.

What admins may change, and what anybody may try, are forms on top of that modal. Whether somebody is an admin
counts when the job is run; here it only decides what they are shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.admins import seems_admin
from bot.deps import Deps
from bot.errors import MalformedPayload
from bot.listeners.guard import guard
from bot.listeners.paging import buttons_of, turn_page
from bot.slack import ids, payloads
from bot.slack.messages import View
from bot.views.registry import forms
from bot.views.registry.details import component_modal
from bot.views.registry.listing import registry_list
from bot.views.registry.origin import Origin
from services.components.registry import EditRefused, RegistryEntry, read_edit
from services.components.secret_names import named_secrets
from services.jobs import EditComponent, SetComponentSecret, SwitchComponent, TryComponent, UndoComponent
from services.queries import components as component_queries
from services.queries.components import ComponentDetails
from services.workspaces.component_secrets import NoSecretKey, SecretRefused


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    app.command(ids.COMMAND_COMPONENTS)(guard(payloads.command, list_components))
    app.action(buttons_of(ids.ACTION_COMPONENTS_PAGE))(guard(payloads.click, turn_page))
    app.action(ids.ACTION_COMPONENT_OPEN)(guard(payloads.click, open_component, members_only=True))
    for action in (*_FORMS, ids.ACTION_COMPONENT_SWITCH):
        app.action(action)(guard(payloads.component_click, open_form, members_only=True))
    app.view(ids.VIEW_COMPONENT_EDIT)(guard(payloads.component_form, save, members_only=True))
    app.view(ids.VIEW_COMPONENT_SECRET)(guard(payloads.secret_form, keep_secret, members_only=True))
    app.view(ids.VIEW_COMPONENT_SWITCH)(guard(payloads.component_form, switch, members_only=True))
    app.view(ids.VIEW_COMPONENT_UNDO)(guard(payloads.component_form, undo, members_only=True))
    app.view(ids.VIEW_COMPONENT_TRY)(guard(payloads.component_form, try_out, members_only=True))


async def list_components(command: payloads.Command, deps: Deps, ack: AsyncAck) -> None:
    """The first page; further ones are jobs that replace it."""
    search = command.text[: ids.SEARCH_LENGTH]
    async with deps.database.searching() as session:
        found = await deps.search.find(session, deps.workspace.id, search)
        known = await deps.registry.ids_of(session, deps.workspace.id, found.page)
    message = registry_list(found, known, search)
    await ack(text=message.text, blocks=message.blocks)


async def open_component(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """One component in full."""
    details = await _details(click, deps)
    is_admin = await seems_admin(click.user, deps)
    await deps.slack.open_view(click.trigger_id, component_modal(details, _origin(click), is_admin=is_admin))
    await ack()


async def open_form(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """The form behind a button, on top of the component or, below a private message, alone."""
    details = await _details(click, deps)
    if click.action == ids.ACTION_COMPONENT_SWITCH:
        view = await _switch_form(click, details, deps)
    else:
        view = _FORMS[click.action](details, _origin(click))
    show = deps.slack.push_view if click.is_in_modal else deps.slack.open_view
    await show(click.trigger_id, view)
    await ack()


async def save(form: payloads.ComponentForm, deps: Deps, ack: AsyncAck) -> None:
    """What can't be meant shows in the form; the rest is handed over."""
    entry = await _entry(form, deps)
    try:
        read_edit(entry.definition, form.texts)
    except EditRefused as error:
        await ack(response_action="errors", errors=forms.edit_errors(error))
        return
    await deps.intake.put(form.key, EditComponent(**_act(form, deps), shown=form.shown, texts=dict(form.texts)))
    await ack(response_action="clear")


async def keep_secret(form: payloads.SecretForm, deps: Deps, ack: AsyncAck) -> None:
    """A secret is sealed before it is handed over: as it was typed it is kept nowhere."""
    entry = await _entry(form, deps)
    try:
        job = _sealed(form, entry, deps)
    except (NoSecretKey, SecretRefused) as error:
        await ack(response_action="errors", errors=forms.secret_errors(error))
        return
    await deps.intake.put(form.key, job)
    await ack(response_action="clear")


async def switch(form: payloads.ComponentForm, deps: Deps, ack: AsyncAck) -> None:
    """Switch off, or on: the form has said what uses it."""
    is_active = form.shown == forms.SWITCH_ON
    await deps.intake.put(form.key, SwitchComponent(**_act(form, deps), is_active=is_active))
    await ack(response_action="clear")


async def undo(form: payloads.ComponentForm, deps: Deps, ack: AsyncAck) -> None:
    """Take the change back that the form has shown."""
    await deps.intake.put(form.key, UndoComponent(**_act(form, deps), change=form.shown))
    await ack(response_action="clear")


async def try_out(form: payloads.ComponentForm, deps: Deps, ack: AsyncAck) -> None:
    """One call with what was typed."""
    await deps.intake.put(form.key, TryComponent(**_act(form, deps), texts=dict(form.texts)))
    await ack(response_action="clear")


_FORMS: dict[str, Callable[[ComponentDetails, Origin], View]] = {
    ids.ACTION_COMPONENT_EDIT: forms.edit_modal,
    ids.ACTION_COMPONENT_SECRET: forms.secret_modal,
    ids.ACTION_COMPONENT_UNDO: forms.undo_modal,
    ids.ACTION_COMPONENT_TRY: forms.try_modal,
}


async def _details(click: payloads.Click, deps: Deps) -> ComponentDetails:
    async with deps.database.reading() as session:
        viewer = await deps.queries.viewer(session, deps.workspace.id, click.user, click.channel)
        return await component_queries.read(
            session, deps.workspace.id, _id(click.value), viewer, deps.secrets, deps.now()
        )


async def _switch_form(click: payloads.Click, details: ComponentDetails, deps: Deps) -> View:
    """Which drafts and runs have to do with the component is read as late as can be."""
    async with deps.database.reading() as session:
        viewer = await deps.queries.viewer(session, deps.workspace.id, click.user, click.channel)
        key = details.entry.definition.key
        drafts, runs = await component_queries.affected(session, deps.workspace.id, key, viewer)
    return forms.switch_modal(details, _origin(click), drafts, runs)


async def _entry(form: payloads.ComponentForm | payloads.SecretForm, deps: Deps) -> RegistryEntry:
    async with deps.database.reading() as session:
        return await deps.registry.get(session, deps.workspace.id, _id(form.value))


def _sealed(form: payloads.SecretForm, entry: RegistryEntry, deps: Deps) -> SetComponentSecret:
    """Raises NoSecretKey, SecretRefused."""
    _variables, named = named_secrets(entry.definition)
    if form.name not in named:
        raise SecretRefused("name")
    sealed = deps.secrets.sealed(deps.workspace.id, entry.definition.key, form.name, form.secret)
    return SetComponentSecret(**_act(form, deps), name=form.name, sealed=sealed.text, key_id=sealed.key_id)


def _act(form: payloads.ComponentForm | payloads.SecretForm, deps: Deps) -> dict[str, Any]:
    return {
        "key": form.key,
        "workspace": deps.workspace.id,
        "component": _id(form.value),
        "user": form.user,
        "channel": form.channel,
        "response_url": form.response_url,
    }


def _origin(click: payloads.Click) -> Origin:
    return Origin(click.channel, click.response_url)


def _id(value: str) -> UUID:
    try:
        return ids.Ref.decode(value).id
    except ValueError as error:
        raise MalformedPayload("a value that we did not write") from error

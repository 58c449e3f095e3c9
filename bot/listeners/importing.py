"""`/mudda components add`: where components come from, what is chosen of a preview, and that it is imported."""

from __future__ import annotations

from uuid import UUID

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.admins import seems_admin
from bot.deps import Deps
from bot.errors import MalformedPayload
from bot.languages import _
from bot.listeners.guard import guard
from bot.listeners.paging import buttons_of
from bot.slack import ids, payloads
from bot.views.importing.choices import choices_modal, nothing_chosen
from bot.views.importing.form import OPEN311, OPENAPI, add_modal
from bot.views.importing.refusals import not_yours
from bot.views.private.notes import Note
from services.connectors.secret_values import is_named
from services.imports.offers import Offer, OfferGone, with_page
from services.imports.pages import choice_page
from services.jobs import CloseOffer, ImportChoice, ImportOffered, OfferDocument, OfferOpen311, Tell, TurnChoices

_ALL: dict[str, ImportChoice] = {ids.ACTION_IMPORT_NEW: "new", ids.ACTION_IMPORT_CHANGED: "changed"}


def register(app: AsyncApp) -> None:
    """Add the listeners of this file."""
    app.action(ids.ACTION_COMPONENTS_ADD)(guard(payloads.click, open_add_form, members_only=True))
    app.view(ids.VIEW_ADD_COMPONENTS)(guard(payloads.add_components, add, members_only=True))
    for action in _ALL:
        app.action(action)(guard(payloads.click, import_all, members_only=True))
    app.action(ids.ACTION_IMPORT_CHOOSE)(guard(payloads.click, choose, members_only=True))
    app.action(ids.ACTION_IMPORT_CANCEL)(guard(payloads.click, cancel, members_only=True))
    app.action(ids.ACTION_CHOICES_SEARCH)(guard(payloads.choices, turn, members_only=True))
    app.action(buttons_of(ids.ACTION_CHOICES_PAGE))(guard(payloads.choices, turn, members_only=True))
    app.view(ids.VIEW_CHOICES)(guard(payloads.choices, import_chosen, members_only=True))


async def show_add_form(command: payloads.Command, deps: Deps, ack: AsyncAck) -> None:
    """The form, for admins, who alone change which components there are; others are told so."""
    if await seems_admin(command.user, deps):
        view = add_modal(command.channel, response_url=command.response_url)
        await deps.slack.open_view(command.trigger_id, view)
        await ack()
    else:
        await ack(text=not_yours())


async def open_add_form(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """The same from the list of components."""
    if await seems_admin(click.user, deps):
        view = add_modal(click.channel, response_url=click.response_url)
        await deps.slack.open_view(click.trigger_id, view)
    else:
        about = {"channel": click.channel, "user": click.user, "response_url": click.response_url}
        await deps.intake.put(click.key, Tell(workspace=deps.workspace.id, note=Note.ADDS_NO_COMPONENTS, **about))
    await ack()


async def add(form: payloads.AddComponentsForm, deps: Deps, ack: AsyncAck) -> None:
    """What can't be meant shows in the form; the rest is read by a job, which answers in a direct message."""
    if errors := _errors(form):
        await ack(response_action="errors", errors=errors)
        return
    await deps.intake.put(form.key, _reading(form, deps))
    await ack()


async def import_all(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """All that is new, or all that differs."""
    choice = _ALL[click.action]
    await deps.intake.put(click.key, ImportOffered(**_act(click, deps), choice=choice))
    await ack()


async def choose(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """The modal in which operations are ticked; where the preview is too old, that is shown in its place."""
    act = _act(click, deps)
    offer = await _open_offer(_ref(click).id, click.user, deps)
    if offer is None:
        await deps.intake.put(click.key, CloseOffer(**act, cancels=False))
    else:
        await deps.slack.open_view(click.trigger_id, choices_modal(offer, "", 1))
    await ack()


async def cancel(click: payloads.Click, deps: Deps, ack: AsyncAck) -> None:
    """Nothing of it is wanted."""
    await deps.intake.put(click.key, CloseOffer(**_act(click, deps), cancels=True))
    await ack()


async def turn(choices: payloads.Choices, deps: Deps, ack: AsyncAck) -> None:
    """Another page, or what has the words that were typed; what is ticked on this one is kept."""
    offer = await _open_offer(choices.target, choices.user, deps)
    if offer is not None:
        await deps.intake.put(choices.key, _turning(choices, offer, deps))
    await ack()


async def import_chosen(choices: payloads.Choices, deps: Deps, ack: AsyncAck) -> None:
    """Import what is ticked on all pages; with nothing ticked there is nothing to import."""
    offer = await _open_offer(choices.target, choices.user, deps)
    shown = _shown(choices, offer)
    if offer is not None and not with_page(offer.chosen, shown, choices.ticked):
        errors = {ids.BLOCK_CHOICES_SEARCH: nothing_chosen(offer.kind)}
        await ack(response_action="errors", errors=errors)
        return
    await deps.intake.put(choices.key, _chosen(choices, shown, deps))
    await ack()


def _errors(form: payloads.AddComponentsForm) -> dict[str, str]:
    if form.kind not in (OPENAPI, OPEN311):
        return {ids.BLOCK_ADD_KIND: _("Choose one of these.")}
    if form.preset and form.kind == OPENAPI:
        return {ids.BLOCK_ADD_PRESET: _("This is for an Open311 endpoint only.")}
    if not form.url and not form.preset:
        return {ids.BLOCK_ADD_URL: _("Give the address.")}
    if form.url and not form.url.startswith(("http://", "https://")):
        return {ids.BLOCK_ADD_URL: _("An address begins with https:// or http://.")}
    if "@" in form.url.partition("//")[2].partition("/")[0]:
        words = _("An address must not hold a name and a password. Send me the document as a file.")
        return {ids.BLOCK_ADD_URL: words}
    if form.api_key and not is_named(form.api_key):
        return {ids.BLOCK_ADD_KEY: _("Write env:NAME or secret:NAME. The key itself must not stand here.")}
    return {}


def _reading(form: payloads.AddComponentsForm, deps: Deps) -> OfferDocument | OfferOpen311:
    about = {"key": form.key, "workspace": deps.workspace.id, "user": form.user, "channel": form.channel}
    if form.kind == OPENAPI:
        return OfferDocument(**about, url=form.url)
    return OfferOpen311(
        **about, url=form.url, preset=form.preset, jurisdiction=form.jurisdiction, api_key=form.api_key
    )


async def _open_offer(offer_id: UUID, user: str, deps: Deps) -> Offer | None:
    async with deps.database.reading() as session:
        try:
            offer = await deps.imports.offers.get(session, deps.workspace.id, offer_id, user)
        except OfferGone:
            return None
    return offer if offer.is_open(deps.now()) else None


def _shown(choices: payloads.Choices, offer: Offer | None) -> tuple[int, ...]:
    return () if offer is None else choice_page(offer.entries, choices.search, choices.page).numbers


def _turning(choices: payloads.Choices, offer: Offer, deps: Deps) -> TurnChoices:
    is_search = choices.action == ids.ACTION_CHOICES_SEARCH
    return TurnChoices(
        key=choices.key,
        workspace=deps.workspace.id,
        user=choices.user,
        channel="",
        target=choices.target,
        view=choices.view,
        search=choices.typed[: ids.SEARCH_LENGTH] if is_search else choices.search,
        page=1 if is_search or not choices.value.isdecimal() else int(choices.value[:6]),
        shown=_shown(choices, offer),
        ticked=choices.ticked,
    )


def _chosen(choices: payloads.Choices, shown: tuple[int, ...], deps: Deps) -> ImportOffered:
    return ImportOffered(
        key=choices.key,
        workspace=deps.workspace.id,
        user=choices.user,
        channel="",
        target=choices.target,
        choice="chosen",
        shown=shown,
        ticked=choices.ticked,
    )


def _act(click: payloads.Click, deps: Deps) -> dict[str, object]:
    return {
        "key": click.key,
        "workspace": deps.workspace.id,
        "target": _ref(click).id,
        "user": click.user,
        "channel": click.channel,
        "message_ts": click.message_ts,
    }


def _ref(click: payloads.Click) -> ids.Ref:
    try:
        return ids.Ref.decode(click.value)
    except ValueError as error:
        raise MalformedPayload("a button's value that we did not write") from error

/** Modals: the stack of open views, of which the top one shows in a dialog. */

import { post } from "./api.js";
import { renderBlocks } from "./blocks.js";
import { openDialog } from "./dialogs.js";
import { el, focusable, redraw, uid } from "./dom.js";
import { icon } from "./icons.js";
import { collectValues, restoreValues, showErrors } from "./inputs.js";
import { plain } from "./mrkdwn.js";

const SLOW_MS = 1000;

export class ModalStack {
  constructor(store) {
    this.store = store;
    this.dialog = null;
    this.shown = null; // the view on screen
    this.entered = new Map(); // view id -> values, for views below the top and across updates
  }

  /** Make the screen agree with the store's stack of views. */
  sync() {
    const top = this.store.views.at(-1) ?? null;
    if (top === this.shown) return;
    const sameView = this.shown?.id === top?.id;
    if (this.shown && this.form) this.entered.set(this.shown.id, collectValues(this.form));
    for (const id of this.entered.keys())
      if (!this.store.views.some((view) => view.id === id)) this.entered.delete(id);
    this.shown = top;
    if (!top) {
      this.dialog?.close();
      return;
    }
    this.#draw(top);
    if (!sameView) this.#focusFirst();
  }

  #draw(view) {
    if (!this.dialog) this.#open();
    this.sending = false;
    const caret = document.activeElement?.selectionStart ?? null;
    redraw(this.frame, () => this.#content(view));
    restoreValues(this.form, this.entered.get(view.id) ?? {});
    // A bot may update a view while someone is in the middle of a word.
    if (caret !== null && this.form.contains(document.activeElement))
      document.activeElement.setSelectionRange?.(caret, caret);
  }

  #open() {
    // The view has a frame of its own, because notices may come to stand in the dialog beside it.
    this.frame = el("div", { class: "dialog-frame" });
    this.dialog = el(
      "dialog",
      {
        class: "dialog dialog-view",
        data: { testid: "modal" },
        on: {
          keydown: (event) => {
            if (
              event.key !== "Escape" ||
              event.defaultPrevented ||
              event.target.closest("dialog") !== this.dialog
            )
              return;
            // The server decides when a view is gone; the dialog must not close by itself before.
            event.preventDefault();
            this.#close();
          },
          cancel: (event) => {
            if (event.target !== this.dialog) return;
            event.preventDefault();
            this.#close();
          },
          close: () => {
            this.dialog = null;
            this.form = null;
          },
        },
      },
      this.frame,
    );
    openDialog(this.dialog);
  }

  #content(view) {
    const title = uid("modal-title");
    const surface = { key: `v:${view.id}`, target: { view_id: view.id }, names: this.store };
    const stacked = this.store.views.length > 1;
    this.dialog.setAttribute("aria-labelledby", title);
    this.failure = el("p", { class: "dialog-failure", role: "alert", hidden: true });
    this.submitButton =
      view.submit &&
      el(
        "button",
        {
          type: "submit",
          class: "button button-primary",
          data: { key: "submit", testid: "modal-submit" },
        },
        el("span", { class: "button-label", text: plain(view.submit) }),
      );
    this.form = el(
      "form",
      { class: "dialog-form", novalidate: true, on: { submit: (event) => this.#submit(event, view) } },
      el(
        "header",
        { class: "dialog-head" },
        el("h2", { id: title, class: "dialog-title", text: plain(view.title) }),
        el(
          "button",
          {
            type: "button",
            class: "icon-button",
            "aria-label": stacked ? "Close all" : "Close",
            data: { key: "close-all", testid: "modal-x" },
            on: { click: () => this.#close({ clear: stacked }) },
          },
          icon("close"),
        ),
      ),
      el("div", { class: "dialog-body" }, ...renderBlocks(view.blocks, surface)),
      this.failure,
      el(
        "footer",
        { class: "dialog-buttons" },
        el("button", {
          type: "button",
          class: "button",
          text: plain(view.close) || (view.submit ? "Cancel" : "Close"),
          data: { key: "close", testid: "modal-close" },
          on: { click: () => this.#close() },
        }),
        this.submitButton,
      ),
    );
    return [this.form];
  }

  #focusFirst() {
    const inBody = focusable(this.form.querySelector(".dialog-body"));
    const asked = this.form.querySelector("[autofocus]");
    (asked ?? inBody[0] ?? this.submitButton ?? focusable(this.form).at(-1))?.focus({ preventScroll: true });
  }

  async #submit(event, view) {
    event.preventDefault();
    if (this.sending || !view.submit) return;
    const form = this.form;
    this.#setSending(true);
    const slow = setTimeout(
      () => form.isConnected && this.submitButton?.toggleAttribute("data-slow", true),
      SLOW_MS,
    );
    const answer = await post("/ui/view/submit", {
      user: this.store.me,
      view_id: view.id,
      values: collectValues(form),
    });
    clearTimeout(slow);
    // On success the feed says what became of the view; until then its button stays inert.
    if (answer.ok || this.form !== form) return;
    this.#setSending(false);
    if (answer.error === "validation_errors") this.#showErrors(form, answer.errors);
    else this.#fail(answer.message || `That didn't work: ${answer.error}`);
  }

  #showErrors(form, errors) {
    showErrors(form, errors);
    const homeless = Object.entries(errors).filter(
      ([id]) => ![...form.querySelectorAll("[data-input]")].some((n) => n.dataset.input === id),
    );
    this.#fail(homeless.map(([, sentence]) => sentence).join(" "));
  }

  #fail(sentence) {
    this.failure.textContent = sentence;
    this.failure.hidden = sentence === "";
  }

  #setSending(sending) {
    this.sending = sending;
    this.#fail("");
    this.submitButton.toggleAttribute("data-busy", sending);
    if (sending) this.submitButton.setAttribute("aria-disabled", "true");
    else this.submitButton.removeAttribute("aria-disabled");
    if (!sending) this.submitButton.removeAttribute("data-slow");
  }

  async #close({ clear = false } = {}) {
    const view = this.shown;
    const answer = await post("/ui/view/close", { user: this.store.me, view_id: view.id, clear });
    // A view the server no longer has, or can't be asked about, must not lock the page.
    if (!answer.ok) this.store.apply("view_closed", { view_id: view.id });
  }
}

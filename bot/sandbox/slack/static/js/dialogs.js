/** Dialogs: what modals and confirmations share, and the confirmation itself. */

import { el, focusable, uid } from "./dom.js";
import { plain, textNodes } from "./mrkdwn.js";
import { hostToasts } from "./toast.js";

/**
 * Show a <dialog> as a modal. Tab stays inside it, and when it closes the focus goes back to where it was.
 * The element alone would let Tab wander into the browser's own bars.
 */
export function openDialog(dialog) {
  const before = document.activeElement;
  document.body.append(dialog);
  dialog.addEventListener("keydown", (event) => keepInside(event, dialog));
  dialog.addEventListener("close", () => {
    hostToasts(dialog);
    dialog.remove();
    if (before?.isConnected) before.focus({ preventScroll: true });
  });
  dialog.showModal();
  hostToasts();
}

function keepInside(event, dialog) {
  if (event.key !== "Tab") return;
  const stops = focusable(dialog);
  const edge = event.shiftKey ? stops[0] : stops.at(-1);
  if (!stops.length || (document.activeElement !== edge && stops.includes(document.activeElement))) return;
  event.preventDefault();
  (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
}

/** Ask as a `confirm` object says; resolves to true only when the person agreed. */
export function confirm(question, names) {
  const title = uid("confirm");
  const text = uid("confirm-text");
  const danger = question.style === "danger";
  return new Promise((resolve) => {
    const answer = (value) => {
      resolve(value);
      dialog.close();
    };
    const agree = el("button", {
      type: "button",
      class: `button ${danger ? "button-danger" : "button-primary"}`,
      text: plain(question.confirm) || "Yes",
      data: { testid: "confirm-ok" },
      on: { click: () => answer(true) },
    });
    const deny = el("button", {
      type: "button",
      class: "button",
      text: plain(question.deny) || "Cancel",
      data: { testid: "confirm-cancel" },
      on: { click: () => answer(false) },
    });
    const dialog = el(
      "dialog",
      {
        class: "dialog dialog-confirm",
        role: "alertdialog",
        "aria-labelledby": title,
        "aria-describedby": text,
        data: { testid: "confirm" },
        on: { cancel: () => resolve(false) },
      },
      el("h2", { id: title, class: "dialog-title", text: plain(question.title) || "Are you sure?" }),
      el("div", { id: text, class: "dialog-text mrkdwn" }, textNodes(question.text, names)),
      el("div", { class: "dialog-buttons" }, deny, agree),
    );
    openDialog(dialog);
    // Enter must not destroy anything by reflex.
    (danger ? deny : agree).focus();
  });
}

/** Short notices in a corner: what failed, and what Slackbot would say. */

import { el } from "./dom.js";
import { icon } from "./icons.js";

const SHOWN_MS = 9000;

const region = () => document.getElementById("toasts");

/**
 * Keep the notices where they can be seen and dismissed: a modal dialog makes all outside of itself inert and
 * lies above it, so while one is open they live in it. Call when one has opened, and before one is removed.
 */
export function hostToasts(leaving = null) {
  const open = [...document.querySelectorAll("dialog[open]")].filter((dialog) => dialog !== leaving);
  (open.at(-1) ?? document.body).append(region());
}

/** Show a notice. One that is already on screen with the same words is not shown twice. */
export function toast(text, { kind = "error" } = {}) {
  hostToasts();
  for (const node of region().children) if (node.dataset.text === text) node.remove();
  const node = el(
    "div",
    {
      class: `toast toast-${kind}`,
      role: kind === "error" ? "alert" : "status",
      data: { text, testid: "toast" },
    },
    icon(kind === "error" ? "alert" : "info"),
    el("p", { text }),
    el(
      "button",
      { type: "button", class: "icon-button", "aria-label": "Dismiss", on: { click: () => node.remove() } },
      icon("close"),
    ),
  );
  region().append(node);
  let timer = setTimeout(() => node.remove(), SHOWN_MS);
  // Nobody should have to race a notice they are reading.
  node.addEventListener("pointerenter", () => clearTimeout(timer));
  node.addEventListener("pointerleave", () => (timer = setTimeout(() => node.remove(), SHOWN_MS)));
}

/** Show why an answer of the server was not ok. */
export function toastFailure(answer) {
  toast(answer.message || `That didn't work: ${answer.error}`);
}

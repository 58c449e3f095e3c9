/**
 * Sending clicks. A control is busy from the click until the bot has acked; while it is, it can't be used
 * again, wherever it is drawn (a thread's root stands in two places, and a card may be redrawn meanwhile).
 */

import { post } from "./api.js";
import { announce } from "./dom.js";
import { confirm } from "./dialogs.js";
import { collectValues } from "./inputs.js";
import { toastFailure } from "./toast.js";

const SLOW_MS = 1000;
const CHOICES =
  "select, input:is([type=radio], [type=checkbox], [type=date], [type=time], [type=datetime-local])";
const busy = new Map(); // control key -> "quick" | "slow"

/** The identity of a control: where it stands, its block and its action. */
export function controlKey(surface, block, element) {
  return `${surface.key}/${block.block_id}/${element.action_id}`;
}

export const isBusy = (key) => busy.has(key);

/** Show on `node` whether its control is under way. Call for every control that is drawn. */
export function showBusy(node, key) {
  const state = busy.get(key);
  node.toggleAttribute("data-busy", Boolean(state));
  node.toggleAttribute("data-slow", state === "slow");
  if (node.matches(CHOICES)) node.disabled = Boolean(state);
  // Buttons and text fields keep the focus while they are busy, so they are only said to be disabled.
  else if (state) node.setAttribute("aria-disabled", "true");
  else node.removeAttribute("aria-disabled");
}

function setBusy(key, state) {
  if (state) busy.set(key, state);
  else busy.delete(key);
  for (const node of document.querySelectorAll("[data-control-key]")) {
    if (node.dataset.controlKey === key) showBusy(node, key);
  }
}

/**
 * Click an element for the current user: ask first where it says so, then tell the server. `extra` holds what
 * was chosen. Resolves to whether the bot took it.
 */
export async function act(surface, block, element, extra = {}) {
  const key = controlKey(surface, block, element);
  if (busy.has(key)) return false;
  if (element.confirm && !(await confirm(element.confirm, surface.names))) return false;
  if (busy.has(key)) return false;
  const focus = document.activeElement;
  const form = surface.target.view_id && document.querySelector(".dialog-form");
  setBusy(key, "quick");
  const slow = setTimeout(() => {
    setBusy(key, "slow");
    announce("Still working…");
  }, SLOW_MS);
  const answer = await post("/ui/click", {
    user: surface.names.me,
    ...surface.target,
    block_id: block.block_id,
    action_id: element.action_id,
    ...(form ? { values: collectValues(form) } : {}),
    ...extra,
  });
  clearTimeout(slow);
  setBusy(key, null);
  giveBack(focus);
  if (!answer.ok) toastFailure(answer);
  return answer.ok;
}

/** A drop-down loses the focus when it is disabled; it, or what was drawn in its place, gets it back. */
function giveBack(node) {
  if (document.activeElement !== document.body || !node?.dataset.key) return;
  const again = [...document.querySelectorAll("[data-key]")].find(
    (other) => other.dataset.key === node.dataset.key,
  );
  again?.focus({ preventScroll: true });
}

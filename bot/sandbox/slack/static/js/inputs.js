/** The input block, and a form's values and errors as a whole. */

import { control, isHolder, readValue, writeValue } from "./controls.js";
import { el, uid } from "./dom.js";
import { plain, textNodes } from "./mrkdwn.js";

const GROUPS = new Set([
  "radio_buttons",
  "checkboxes",
  "multi_static_select",
  "multi_users_select",
  "multi_channels_select",
  "multi_conversations_select",
]);

export function inputBlock(block, surface) {
  const label = uid("label");
  const hint = block.hint ? uid("hint") : null;
  const error = uid("error");
  const field = uid("field");
  const grouped = GROUPS.has(block.element.type);
  const labels = {
    id: field,
    "aria-labelledby": grouped ? label : null,
    "aria-describedby": [hint, error].filter(Boolean).join(" "),
    "aria-required": block.optional || grouped ? null : "true",
  };
  const words = [
    plain(block.label),
    block.optional && el("span", { class: "optional", text: " (optional)" }),
  ];
  return el(
    "div",
    { data: { input: block.block_id } },
    grouped
      ? el("span", { id: label, class: "input-label" }, ...words.filter(Boolean))
      : el("label", { id: label, for: field, class: "input-label" }, ...words.filter(Boolean)),
    control(block.element, block, surface, { sends: block.dispatch_action ?? false, labels }),
    block.hint && el("p", { id: hint, class: "input-hint" }, textNodes(block.hint, surface.names)),
    el("p", { id: error, class: "input-error", hidden: true, data: { testid: "field-error" } }),
  );
}

/** The nodes of `root` that hold a value. */
function holders(root) {
  return [...root.querySelectorAll("[data-action-id]")].filter(isHolder);
}

/** All values as {block_id: {action_id: value}}. */
export function collectValues(root) {
  const values = {};
  for (const node of holders(root)) {
    (values[node.dataset.blockId] ??= {})[node.dataset.actionId] = readValue(node);
  }
  return values;
}

/** Put back what a person had entered, where the same field is still there. */
export function restoreValues(root, values) {
  for (const node of holders(root)) {
    const known = values[node.dataset.blockId];
    if (known && node.dataset.actionId in known) writeValue(node, known[node.dataset.actionId]);
  }
}

/** Show `errors` ({block_id: sentence}) under their inputs, clear all others, and go to the first. */
export function showErrors(root, errors) {
  let first = null;
  for (const block of root.querySelectorAll("[data-input]")) {
    const sentence = errors[block.dataset.input] ?? null;
    const field = block.querySelector("[data-action-id]");
    const place = block.querySelector(".input-error");
    place.textContent = sentence ?? "";
    place.hidden = sentence === null;
    if (sentence === null) field.removeAttribute("aria-invalid");
    else field.setAttribute("aria-invalid", "true");
    first ??= sentence === null ? null : field;
  }
  const target = first?.matches("input, select, textarea") ? first : first?.querySelector("input");
  target?.focus();
}

/** Drop-downs, radio buttons and checkboxes, on the browser's native inputs: the keyboard comes with them. */

import { el, uid } from "./dom.js";
import { plain, textNodes } from "./mrkdwn.js";

const INITIAL = ["initial_option", "initial_user", "initial_channel", "initial_conversation"];
const INITIAL_LISTS = ["initial_options", "initial_users", "initial_channels", "initial_conversations"];

const valueOf = (choice) => (typeof choice === "string" ? choice : (choice?.value ?? ""));

function initialValues(element) {
  const one = INITIAL.map((name) => element[name]).find(Boolean);
  if (one) return [valueOf(one)];
  return (INITIAL_LISTS.map((name) => element[name]).find(Boolean) ?? []).map(valueOf);
}

/** Options, or groups of options, as [{label, options}]; without groups, one with no label. */
function grouped(options) {
  if (options.some((option) => Array.isArray(option.options))) {
    return options.map((group) => ({ label: plain(group.label), options: group.options }));
  }
  return [{ label: null, options }];
}

/** A native <select> over `options`. */
export function selectBox(element, options, labels) {
  const option = (choice) => el("option", { value: choice.value, text: plain(choice.text) });
  const groups = grouped(options).map((group) =>
    group.label === null
      ? group.options.map(option)
      : el("optgroup", { label: group.label }, ...group.options.map(option)),
  );
  const placeholder = plain(element.placeholder) || "Choose…";
  const node = el(
    "select",
    {
      class: "field select",
      "aria-label": labels.id ? null : placeholder,
      ...labels,
      autofocus: element.focus_on_load ?? false,
      data: { testid: "select" },
    },
    el("option", { value: "", text: placeholder }),
    ...groups.flat(),
  );
  node.value = initialValues(element)[0] ?? "";
  return node;
}

/**
 * A list of native radio buttons or checkboxes (`kind`). Returns {node, inputs, read, write}: a radio list
 * reads as one value or null, a list of checkboxes as the list of chosen values.
 */
export function choiceList(kind, element, options, use) {
  const name = uid("choice");
  const chosen = new Set(initialValues(element));
  const all = grouped(options);
  const inputs = [];
  const row = (choice, index) => {
    const input = el("input", {
      type: kind,
      name,
      value: choice.value,
      checked: chosen.has(choice.value),
      autofocus: Boolean(element.focus_on_load) && index === 0,
    });
    inputs.push(input);
    return el(
      "label",
      { class: "choice" },
      input,
      el(
        "span",
        { class: "choice-text" },
        textNodes(choice.text, use.surface.names),
        choice.description && el("small", {}, textNodes(choice.description, use.surface.names)),
      ),
    );
  };
  const groups = all.map((group) => [
    group.label && el("p", { class: "choice-group", text: group.label }),
    ...group.options.map(row),
  ]);
  const node = el(
    "div",
    {
      class: "choices",
      role: kind === "radio" ? "radiogroup" : "group",
      "aria-label": use.labels["aria-labelledby"] ? null : plain(element.placeholder) || "Options",
      ...use.labels,
      data: { testid: "choices" },
    },
    ...groups.flat(),
  );
  const values = () => inputs.filter((input) => input.checked).map((input) => input.value);
  return {
    node,
    inputs,
    read: () => (kind === "radio" ? (values()[0] ?? null) : values()),
    write: (value) => {
      const wanted = new Set(Array.isArray(value) ? value : [value]);
      for (const input of inputs) input.checked = wanted.has(input.value);
    },
  };
}

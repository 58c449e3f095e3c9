/**
 * Interactive elements. Each has a builder `(element, use) => node`, where `use` says where it stands:
 * `block`, `surface`, `key`, `sends` (a change is a click) and `labels` (attributes that name it).
 * Elements that hold a value register how to read and write it, for modals.
 */

import { act, controlKey, showBusy } from "./actions.js";
import { choiceList, selectBox } from "./choices.js";
import { el } from "./dom.js";
import { fileChooser } from "./files.js";
import { icon } from "./icons.js";
import { safeUrl } from "./mentions.js";
import { OverflowMenu } from "./menu.js";
import { plain, textNodes } from "./mrkdwn.js";

const holders = new WeakMap(); // node -> {read, write}

/** Let the value of `node` be read and written with readValue and writeValue. */
export function holdsValue(node, read, write) {
  holders.set(node, { read, write });
  return node;
}

export const readValue = (node) => holders.get(node)?.read() ?? null;
export const writeValue = (node, value) => holders.get(node)?.write(value);
export const isHolder = (node) => holders.has(node);

/** Draw one element of `block`. */
export function control(element, block, surface, { sends = true, labels = {} } = {}) {
  if (element.visible_to_user_ids && !element.visible_to_user_ids.includes(surface.names.me)) return null;
  const build = BUILDERS[element.type];
  if (!build) return el("p", { class: "unsupported", text: `Not shown here: ${element.type}` });
  const key = controlKey(surface, block, element);
  const node = build(element, { block, surface, key, sends, labels });
  node.dataset.blockId = block.block_id;
  node.dataset.actionId = element.action_id;
  return node;
}

/** Tie a node to its control: it shows when a click is under way, and gets its focus back after a redraw. */
function operates(node, use, part = "") {
  node.dataset.controlKey = use.key;
  node.dataset.key = use.key + part;
  showBusy(node, use.key);
  return node;
}

function button(element, use) {
  const label = plain(element.text);
  const style = ["primary", "danger"].includes(element.style) ? ` button-${element.style}` : "";
  const node = el(
    "button",
    {
      type: "button",
      class: `button${style}`,
      "aria-label": element.accessibility_label || null,
      data: { testid: "card-button", text: label },
      on: {
        click: () => {
          if (element.url && safeUrl(element.url)) window.open(element.url, "_blank", "noopener,noreferrer");
          act(use.surface, use.block, element);
        },
      },
    },
    el("span", { class: "button-label" }, textNodes(element.text, use.surface.names)),
  );
  return operates(node, use);
}

function feedback(element, use) {
  const one = (choice, name) =>
    operates(
      el(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": choice.accessibility_label || plain(choice.text),
          title: plain(choice.text),
          "aria-pressed": "false",
          on: {
            click: async (event) => {
              const pressed = event.currentTarget;
              if (!(await act(use.surface, use.block, element, { value: choice.value }))) return;
              for (const sibling of pressed.parentNode.children)
                sibling.setAttribute("aria-pressed", String(sibling === pressed));
            },
          },
        },
        icon(name),
      ),
      use,
      name,
    );
  return el(
    "span",
    { class: "feedback", role: "group", "aria-label": "Feedback" },
    one(element.positive_button, "thumbup"),
    one(element.negative_button, "thumbdown"),
  );
}

function iconButton(element, use) {
  const label = element.accessibility_label || plain(element.text);
  const node = el(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": label,
      title: plain(element.text),
      on: { click: () => act(use.surface, use.block, element) },
    },
    icon(element.icon),
  );
  return operates(node, use);
}

const UNLABELLED = { datepicker: "Date", timepicker: "Time", datetimepicker: "Date and time" };

/** A single-valued native field. `wire` turns what the field holds into what Slack is told. */
function field(
  tag,
  attributes,
  element,
  use,
  { initial = "", wire = (text) => text, show = (value) => value } = {},
) {
  const node = el(tag, {
    class: "field",
    "aria-label": use.labels.id ? null : plain(element.placeholder) || UNLABELLED[element.type],
    ...use.labels,
    ...attributes,
    autofocus: element.focus_on_load ?? false,
  });
  node.value = show(initial);
  return operates(
    holdsValue(
      node,
      () => (node.value === "" ? null : wire(node.value)),
      (value) => {
        node.value = value === null ? "" : show(value);
      },
    ),
    use,
  );
}

/** Make events of `type` send the field's value; what was typed while one was under way is sent after it. */
function sendsOn(node, type, element, use, when = () => true) {
  if (!use.sends) return node;
  let sending = false;
  node.addEventListener(type, async (event) => {
    if (sending || !when(event)) return;
    if (type === "keydown") event.preventDefault();
    sending = true;
    let sent;
    do {
      sent = readValue(node);
      await act(use.surface, use.block, element, { value: sent });
    } while (type === "input" && node.isConnected && readValue(node) !== sent);
    sending = false;
  });
  return node;
}

function textInput(element, use) {
  const multiline = element.multiline ?? false;
  const node = field(
    multiline ? "textarea" : "input",
    {
      type: multiline ? null : "text",
      rows: multiline ? 4 : null,
      placeholder: plain(element.placeholder) || null,
      maxlength: element.max_length ?? null,
      autocomplete: "off",
    },
    element,
    use,
    { initial: element.initial_value ?? "" },
  );
  const triggers = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  if (triggers.includes("on_character_entered")) return sendsOn(node, "input", element, use);
  return sendsOn(
    node,
    "keydown",
    element,
    use,
    (event) => event.key === "Enter" && !event.shiftKey && !event.isComposing,
  );
}

function typedInput(type) {
  return (element, use) => {
    const node = field(
      "input",
      { type, placeholder: plain(element.placeholder) || null, autocomplete: "off" },
      element,
      use,
      { initial: element.initial_value ?? "" },
    );
    return sendsOn(node, "change", element, use);
  };
}

const datePicker = (element, use) =>
  sendsOn(
    field("input", { type: "date" }, element, use, { initial: element.initial_date ?? "" }),
    "change",
    element,
    use,
  );

const timePicker = (element, use) =>
  sendsOn(
    field("input", { type: "time" }, element, use, { initial: element.initial_time ?? "" }),
    "change",
    element,
    use,
  );

function dateTimePicker(element, use) {
  // Slack speaks Unix seconds; the field speaks local wall time.
  const show = (seconds) => {
    if (!seconds) return "";
    const at = new Date(seconds * 1000);
    return new Date(at.valueOf() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  };
  const node = field("input", { type: "datetime-local" }, element, use, {
    initial: element.initial_date_time ?? "",
    show,
    wire: (text) => Math.floor(new Date(text).valueOf() / 1000),
  });
  return sendsOn(node, "change", element, use);
}

/** A drop-down; where it sends, a choice the bot or the person refused is taken back. */
function single(options) {
  return (element, use) => {
    const node = selectBox(element, options(element, use.surface.names), use.labels);
    operates(
      holdsValue(
        node,
        () => node.value || null,
        (value) => (node.value = value ?? ""),
      ),
      use,
    );
    let last = node.value;
    if (use.sends) {
      node.addEventListener("change", async () => {
        const chosen = node.value;
        if (await act(use.surface, use.block, element, { selected_option: chosen })) last = chosen;
        else node.value = last;
      });
    }
    return node;
  };
}

/** Radio buttons, checkboxes and multi-selects: a list of native inputs. */
function several(kind, options) {
  return (element, use) => {
    const list = choiceList(kind, element, options(element, use.surface.names), use);
    holdsValue(list.node, list.read, list.write);
    for (const input of list.inputs) operates(input, use, `/${input.value}`);
    let last = list.read();
    if (use.sends) {
      list.node.addEventListener("change", async () => {
        const chosen = list.read();
        const extra = kind === "radio" ? { selected_option: chosen } : { selected_options: chosen };
        if (await act(use.surface, use.block, element, extra)) last = chosen;
        else list.write(last);
      });
    }
    return list.node;
  };
}

/** A file chooser, which holds the ids of what has been uploaded. */
function fileInput(element, use) {
  const chooser = fileChooser(element, use);
  holdsValue(chooser.node, chooser.read, chooser.write);
  operates(chooser.input, use);
  return chooser.node;
}

const ownOptions = (element) => element.option_groups ?? element.options ?? [];
const asOption = (value, text) => ({ value, text: { type: "plain_text", text } });
const people = (_, names) =>
  names.people.filter((user) => !user.is_bot).map((user) => asOption(user.id, user.real_name || user.name));
const channels = (_, names) =>
  [...names.channels.values()].filter((c) => !c.is_im).map((c) => asOption(c.id, `#${c.name}`));
const conversations = (_, names) =>
  [...names.channels.values()].map((c) => asOption(c.id, c.is_im ? c.name : `#${c.name}`));

const BUILDERS = {
  button,
  overflow: (element, use) => new OverflowMenu(element, use, operates).node,
  feedback_buttons: feedback,
  icon_button: iconButton,
  static_select: single(ownOptions),
  users_select: single(people),
  channels_select: single(channels),
  conversations_select: single(conversations),
  multi_static_select: several("checkbox", ownOptions),
  multi_users_select: several("checkbox", people),
  multi_channels_select: several("checkbox", channels),
  multi_conversations_select: several("checkbox", conversations),
  radio_buttons: several("radio", ownOptions),
  checkboxes: several("checkbox", ownOptions),
  plain_text_input: textInput,
  email_text_input: typedInput("email"),
  url_text_input: typedInput("url"),
  number_input: typedInput("number"),
  datepicker: datePicker,
  timepicker: timePicker,
  datetimepicker: dateTimePicker,
  file_input: fileInput,
};

/** The plan block and its task cards: a list that folds; each task has a state, details, output, sources. */

import { el, uid } from "./dom.js";
import { icon } from "./icons.js";
import { link } from "./mentions.js";
import { plain } from "./mrkdwn.js";
import { richText } from "./richtext.js";

const STATES = {
  pending: { label: "To do", icon: null },
  in_progress: { label: "In progress", icon: null },
  complete: { label: "Done", icon: "check" },
  error: { label: "Failed", icon: "cross" },
};

// A plan is redrawn every few seconds while it runs; what a reader folded away has to stay folded.
const folded = new Set();

export function plan(block, surface) {
  const key = `${surface.key}/plan/${block.block_id}`;
  const body = uid("plan");
  const toggle = el(
    "button",
    {
      type: "button",
      class: "plan-title",
      "aria-controls": body,
      "aria-expanded": String(!folded.has(key)),
      data: { key, testid: "plan-toggle" },
      on: {
        click: () => {
          if (!folded.delete(key)) folded.add(key);
          toggle.setAttribute("aria-expanded", String(!folded.has(key)));
          list.hidden = folded.has(key);
        },
      },
    },
    icon("plan"),
    el("span", { class: "plan-name", text: plain(block.title) }),
    icon("chevron"),
  );
  const list = el(
    "ol",
    { id: body, class: "plan-tasks", hidden: folded.has(key) },
    ...(block.tasks ?? []).map((task) => el("li", {}, taskCard(task, surface.names))),
  );
  return el("div", {}, toggle, list);
}

export function taskCard(task, names) {
  const state = STATES[task.status] ?? STATES.pending;
  const status = task.status in STATES ? task.status : "pending";
  return el(
    "div",
    { class: "task", data: { status, testid: "task", taskId: task.task_id } },
    el(
      "span",
      { class: "task-state", role: "img", "aria-label": state.label, title: state.label },
      state.icon && icon(state.icon),
    ),
    el(
      "div",
      { class: "task-body" },
      el("p", { class: "task-title", text: plain(task.title) }),
      task.details && el("div", { class: "task-details" }, richText(task.details, names)),
      task.output && el("div", { class: "task-output" }, richText(task.output, names)),
      task.sources?.length > 0 &&
        el(
          "p",
          { class: "task-sources" },
          ...task.sources.map((source) =>
            el("span", { class: "source" }, link(source.url ?? "", plain(source.text) || source.url)),
          ),
        ),
    ),
  );
}

/** Block Kit: one message's or view's blocks to DOM nodes. */

import { control } from "./controls.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { inputBlock } from "./inputs.js";
import { markdown } from "./markdown.js";
import { safeUrl } from "./mentions.js";
import { textNodes } from "./mrkdwn.js";
import { plan, taskCard } from "./plan.js";
import { richText } from "./richtext.js";
import { table } from "./table.js";

const ALERT_ICONS = { default: "info", info: "info", warning: "alert", error: "alert", success: "check" };

/**
 * Draw `blocks` on a surface: {key, target, names}, where `target` says to the server which message or view it
 * is. A block of a kind this page doesn't know is said to be there, never silently left out.
 */
export function renderBlocks(blocks, surface) {
  return blocks.map((block) => {
    const draw = BLOCKS[block.type];
    const node = draw
      ? draw(block, surface)
      : el("p", { class: "unsupported", text: `A block this page can't show: ${block.type}` });
    node.classList.add("block", `block-${block.type}`);
    node.dataset.blockId = block.block_id;
    node.dataset.testid = `block-${block.type}`;
    return node;
  });
}

function section(block, surface) {
  const names = surface.names;
  return el(
    "div",
    {},
    el(
      "div",
      { class: "section-body" },
      block.text && el("div", { class: "mrkdwn" }, textNodes(block.text, names)),
      block.fields &&
        el(
          "div",
          { class: "fields" },
          ...block.fields.map((field) => el("div", { class: "mrkdwn" }, textNodes(field, names))),
        ),
    ),
    block.accessory &&
      el(
        "div",
        { class: "accessory" },
        block.accessory.type === "image"
          ? picture(block.accessory, "accessory-image")
          : control(block.accessory, block, surface, { labels: {} }),
      ),
  );
}

/** An image that, where it can't be loaded, leaves its description in its place. */
function picture(element, className) {
  const url = safeUrl(element.image_url ?? element.slack_file?.url ?? "");
  const instead = () =>
    el("span", { class: `${className} image-missing`, text: element.alt_text || "Image" });
  if (!url) return instead();
  return el("img", {
    class: className,
    src: url,
    alt: element.alt_text ?? "",
    loading: "lazy",
    referrerpolicy: "no-referrer",
    on: { error: (event) => event.currentTarget.replaceWith(instead()) },
  });
}

function image(block, surface) {
  return el(
    "figure",
    {},
    block.title && el("figcaption", {}, textNodes(block.title, surface.names)),
    picture(block, "picture"),
  );
}

function context(block, surface) {
  return el(
    "div",
    {},
    ...block.elements.map((element) =>
      element.type === "image"
        ? picture(element, "context-image")
        : el("span", { class: "mrkdwn" }, textNodes(element, surface.names)),
    ),
  );
}

function actions(block, surface) {
  return el("div", {}, ...block.elements.map((element) => control(element, block, surface)));
}

function alert(block, surface) {
  const level = block.level in ALERT_ICONS ? block.level : "default";
  return el(
    "div",
    { class: `alert-${level}`, role: "note" },
    icon(ALERT_ICONS[level]),
    el("div", { class: "mrkdwn" }, textNodes(block.text, surface.names)),
  );
}

const BLOCKS = {
  section,
  header: (block, surface) => el("h2", {}, textNodes(block.text, surface.names)),
  context,
  divider: () => el("hr"),
  actions,
  context_actions: actions,
  image,
  input: inputBlock,
  rich_text: (block, surface) => richText(block, surface.names),
  markdown: (block) => markdown(block.text ?? ""),
  table: (block, surface) => table(block, surface.names),
  plan,
  task_card: (block, surface) => taskCard(block, surface.names),
  alert,
};

/** rich_text blocks to DOM nodes. Their text is literal: neither entities nor mrkdwn are read in it. */

import { el, fragment } from "./dom.js";
import { emoji, fromCodePoints } from "./emoji.js";
import { broadcast, channelMention, date, groupMention, link, userMention } from "./mentions.js";

const STYLES = [
  ["code", "code"],
  ["bold", "strong"],
  ["italic", "em"],
  ["strike", "s"],
  ["underline", "u"],
];
const DEEPEST = 8;

/** A whole rich_text block. */
export function richText(block, names) {
  return el("div", { class: "rich-text" }, ...(block.elements ?? []).map((element) => part(element, names)));
}

function part(element, names) {
  const content = () => (element.elements ?? []).map((child) => leaf(child, names));
  switch (element.type) {
    case "rich_text_section":
      return el("p", { class: "rich-section" }, ...content());
    case "rich_text_quote":
      return el("blockquote", { class: "quote" }, ...content());
    case "rich_text_preformatted":
      return el("pre", { class: "pre" }, ...content());
    case "rich_text_list":
      return list(element, names);
    default:
      return el("p", { class: "unsupported", text: `Not shown here: ${element.type}` });
  }
}

function list(element, names) {
  const ordered = element.style === "ordered";
  const items = (element.elements ?? []).map((item) => {
    // An item is a section; its own paragraph would push the text under the marker.
    const inner =
      item.type === "rich_text_section"
        ? (item.elements ?? []).map((child) => leaf(child, names))
        : [part(item, names)];
    return el("li", {}, ...inner);
  });
  return el(
    ordered ? "ol" : "ul",
    {
      class: "list",
      start: ordered && element.offset ? element.offset + 1 : null,
      data: { indent: Math.min(element.indent ?? 0, DEEPEST) },
    },
    ...items,
  );
}

function leaf(element, names) {
  return styled(element.style, bare(element, names));
}

const LEAVES = {
  text: (element) => fragment(element.text ?? ""),
  link: (element) => link(element.url ?? "", element.text || element.url || ""),
  user: (element, names) => userMention(element.user_id, names),
  channel: (element, names) => channelMention(element.channel_id, names),
  usergroup: (element, names) => groupMention(element.usergroup_id, names),
  broadcast: (element) => broadcast(element.range),
  emoji: (element) => emoji(element.name, fromCodePoints(element.unicode)),
  date: (element) => date(element.timestamp, element.format ?? "", element.url, element.fallback),
  color: (element) => el("code", { class: "code", text: element.value ?? "" }),
};

function bare(element, names) {
  const build = LEAVES[element.type] ?? LEAVES.text;
  return build(element, names);
}

function styled(style, node) {
  return STYLES.reduce((inner, [name, tag]) => {
    if (!style?.[name]) return inner;
    return el(tag, { class: tag === "code" ? "code" : null }, inner);
  }, node);
}

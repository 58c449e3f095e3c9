/** The markdown block: a small subset of standard Markdown, and no HTML, to DOM nodes. */

import { el } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { link } from "./mentions.js";

const DEEPEST = 4;
const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const TASK = /^\[([ xX])\]\s+(.*)$/;
const QUOTE = /^\s*>\s?/;
const FENCE = /^\s*```/;
const TABLE_RULE = /^\s*\|?(\s*:?-+:?\s*\|)+\s*:?-*:?\s*$/;
const INLINE = new RegExp(
  [
    /\\([\\`*_{}[\]()#+.!~<>|\-])/, // an escaped mark
    /`([^`\n]+)`/, // code
    /!?\[([^[\]\n]*)\]\(([^\s()]+)\)/, // a link (an image is shown as one)
    /(https?:\/\/[^\s<>()`]+[^\s<>()`.,:;!?*_~'"])/, // a bare URL
    /\*\*(\S(?:[^\n]*?\S)?)\*\*/,
    /~~(\S(?:[^\n]*?\S)?)~~/,
    /\*(\S(?:[^*\n]*\S)?)\*/,
    /(?<![\p{L}\p{N}])_(\S(?:[^_\n]*\S)?)_(?![\p{L}\p{N}])/u,
  ]
    .map((pattern) => pattern.source)
    .join("|"),
  "gu",
);

/** Markdown text as a node. */
export function markdown(text) {
  return el("div", { class: "markdown" }, ...blocks(text.split("\n"), 0));
}

function blocks(lines, depth) {
  const out = [];
  let at = 0;
  while (at < lines.length) {
    const [node, used] = block(lines, at, depth);
    if (node) out.push(node);
    at += used;
  }
  return out;
}

/** One block from line `at` on: [node or null, how many lines it took]. */
function block(lines, at, depth) {
  const line = lines[at];
  if (!line.trim()) return [null, 1];
  if (FENCE.test(line)) return fenced(lines, at);
  const heading = HEADING.exec(line);
  // A message stands under the one first-level heading of the page, whatever its own level says.
  if (heading)
    return [el("h2", { class: "md-heading", data: { level: heading[1].length } }, ...inline(heading[2])), 1];
  if (RULE.test(line)) return [el("hr"), 1];
  if (QUOTE.test(line) && depth < DEEPEST) return quoted(lines, at, depth);
  if (ITEM.test(line) && depth < DEEPEST) return listed(lines, at, depth);
  if (line.includes("|") && TABLE_RULE.test(lines[at + 1] ?? "")) return table(lines, at);
  return paragraph(lines, at);
}

function run(lines, at, belongs) {
  let end = at;
  while (end < lines.length && belongs(lines[end], end)) end += 1;
  return lines.slice(at, end);
}

function fenced(lines, at) {
  const inside = run(lines, at + 1, (line) => !FENCE.test(line));
  return [el("pre", { class: "pre", text: inside.join("\n") }), inside.length + 2];
}

function quoted(lines, at, depth) {
  const inside = run(lines, at, (line) => QUOTE.test(line));
  const content = blocks(
    inside.map((line) => line.replace(QUOTE, "")),
    depth + 1,
  );
  return [el("blockquote", { class: "quote" }, ...content), inside.length];
}

function listed(lines, at, depth) {
  const [, indent, marker] = ITEM.exec(lines[at]);
  const ordered = /\d/.test(marker);
  const deeper = (line) => /^\s*/.exec(line)[0].length > indent.length;
  const sameList = (line) => {
    const item = ITEM.exec(line);
    return item && item[1].length === indent.length && /\d/.test(item[2]) === ordered;
  };
  const taken = run(lines, at, (line) => sameList(line) || (line.trim() && deeper(line)));
  const items = [];
  for (const line of taken) {
    if (sameList(line)) items.push([ITEM.exec(line)[3]]);
    else items.at(-1).push(line.slice(indent.length + 2));
  }
  const nodes = items.map(([first, ...rest]) => el("li", {}, ...itemText(first), ...blocks(rest, depth + 1)));
  const start = ordered && Number.parseInt(marker, 10) !== 1 ? Number.parseInt(marker, 10) : null;
  return [el(ordered ? "ol" : "ul", { class: "list", start }, ...nodes), taken.length];
}

function itemText(text) {
  const task = TASK.exec(text);
  if (!task) return inline(text);
  const done = task[1] !== " ";
  return [
    el("span", {
      class: "md-task",
      role: "img",
      "aria-label": done ? "Done" : "To do",
      text: done ? "☑" : "☐",
    }),
    " ",
    ...inline(task[2]),
  ];
}

const cells = (line) =>
  line
    .trim()
    .replace(/^\||\|$/g, "")
    .split("|")
    .map((cell) => cell.trim());

function table(lines, at) {
  const body = run(lines, at + 2, (line) => line.includes("|"));
  const row = (line, tag) => el("tr", {}, ...cells(line).map((cell) => el(tag, {}, ...inline(cell))));
  const node = el(
    "div",
    { class: "table-scroll", tabindex: "0", role: "group", "aria-label": "Table" },
    el(
      "table",
      { class: "table" },
      el("thead", {}, row(lines[at], "th")),
      el("tbody", {}, ...body.map((line) => row(line, "td"))),
    ),
  );
  return [node, body.length + 2];
}

function paragraph(lines, at) {
  const starts = (line) =>
    HEADING.test(line) || RULE.test(line) || QUOTE.test(line) || ITEM.test(line) || FENCE.test(line);
  const rest = run(lines, at + 1, (line) => line.trim() && !starts(line));
  return [el("p", {}, ...inline([lines[at], ...rest].join("\n"))), rest.length + 1];
}

function inline(text, depth = 0) {
  if (depth > DEEPEST) return [text];
  const out = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    out.push(...withEmoji(text.slice(end, match.index)), styled(match, depth + 1));
    end = match.index + match[0].length;
  }
  out.push(...withEmoji(text.slice(end)));
  return out;
}

function styled(match, depth) {
  const [, escaped, code, label, target, url, bold, strike, star, underscore] = match;
  if (escaped !== undefined) return escaped;
  if (code !== undefined) return el("code", { class: "code", text: code });
  if (target !== undefined) return link(target, ...(label ? inline(label, depth) : [target]));
  if (url !== undefined) return link(url);
  if (bold !== undefined) return el("strong", {}, ...inline(bold, depth));
  if (strike !== undefined) return el("s", {}, ...inline(strike, depth));
  return el("em", {}, ...inline(star ?? underscore, depth));
}

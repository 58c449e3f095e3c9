/**
 * Slack's mrkdwn to DOM nodes. One pass cuts the text into tokens, a second pairs the formatting marks, so the
 * work grows with the length of the text and not with what a hostile author puts into it.
 */

import { el, fragment } from "./dom.js";
import { emoji, withEmoji } from "./emoji.js";
import { broadcast, channelMention, date, groupMention, link, userMention } from "./mentions.js";

const FENCE = "```";
const TOKEN = /<([^<>\n]+)>|`([^`\n]+)`|:([a-z0-9_+'-]+):|(https?:\/\/[^\s<>`]+)|([*_~])/g;
const TAGS = { "*": "strong", _: "em", "~": "s" };
const WORD = /[\p{L}\p{N}]/u;
const QUOTE = /^(?:&gt;|>) ?/;
const QUOTE_REST = /^(?:&gt;&gt;&gt;|>>>) ?/;
const RANGES = new Set(["here", "channel", "everyone"]);
const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };

/** The three entities Slack escapes, each once: "&amp;lt;" is the text "&lt;". */
export function decode(text) {
  return text.replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity]);
}

/** A text object ({type, text}) or a plain string as nodes: mrkdwn is formatted, plain text is literal. */
export function textNodes(object, names) {
  if (typeof object === "string") return fragment(object);
  if (object?.type === "mrkdwn") return mrkdwn(object.text ?? "", names);
  return fragment(...withEmoji(object?.text ?? ""));
}

/** The bare words of a text object, for labels and titles. */
export function plain(object) {
  return typeof object === "string" ? object : (object?.text ?? "");
}

/** mrkdwn as a fragment. `names` resolves mentions: user(id), channelById(id), me. */
export function mrkdwn(text, names) {
  const out = fragment();
  const pieces = text.split(FENCE);
  if (pieces.length % 2 === 0) pieces.push(pieces.splice(-2).join(FENCE)); // an unclosed fence is just text
  pieces.forEach((piece, index) => {
    if (index % 2 && piece.trim())
      out.append(el("pre", { class: "pre" }, decode(bare(piece.replace(/^\n|\n$/g, "")))));
    else if (index % 2) out.append(FENCE + piece + FENCE);
    else out.append(lines(besideFences(piece, index, pieces.length), names));
  });
  return out;
}

/** The line break before or after a block of code is the block's own. */
function besideFences(piece, index, count) {
  const start = index > 0 && piece.startsWith("\n") ? 1 : 0;
  const end = index < count - 1 && piece.endsWith("\n") && piece.length > start ? 1 : 0;
  return piece.slice(start, piece.length - end);
}

function lines(text, names) {
  const out = fragment();
  let quote = null;
  let rest = false;
  let needsBreak = false;
  for (const line of text.split("\n")) {
    const opensRest = !rest && QUOTE_REST.test(line);
    rest ||= opensRest;
    if (rest || QUOTE.test(line)) {
      const content = opensRest ? line.replace(QUOTE_REST, "") : rest ? line : line.replace(QUOTE, "");
      if (quote) quote.append("\n");
      else out.append((quote = el("blockquote", { class: "quote" })));
      quote.append(inline(content, names));
      needsBreak = false;
    } else {
      if (needsBreak) out.append("\n");
      out.append(inline(line, names));
      quote = null;
      needsBreak = true;
    }
  }
  return out;
}

function inline(line, names) {
  const tokens = tokenise(line);
  pair(tokens);
  const root = fragment();
  const open = [root];
  for (const token of tokens) {
    const parent = open.at(-1);
    if (token.role === "open") {
      const node = el(TAGS[token.mark]);
      parent.append(node);
      open.push(node);
    } else if (token.role === "close") open.pop();
    else parent.append(leaf(token, names));
  }
  return root;
}

function tokenise(line) {
  const tokens = [];
  let end = 0;
  for (const match of line.matchAll(TOKEN)) {
    if (match.index > end) tokens.push({ text: line.slice(end, match.index) });
    const [raw, angle, code, name, url, mark] = match;
    const last = match.index + raw.length;
    const before = line.slice(0, match.index).at(-1) ?? "";
    const after = line[last] ?? "";
    if (mark)
      tokens.push({
        text: raw,
        mark,
        opens: opens(before, after, mark),
        closes: closes(before, after, mark),
      });
    else tokens.push({ text: raw, angle, code, emojiName: name, url });
    end = last;
  }
  if (end < line.length) tokens.push({ text: line.slice(end) });
  return tokens;
}

function opens(before, after, mark) {
  return after !== "" && !/\s/.test(after) && after !== mark && !WORD.test(before);
}

function closes(before, after, mark) {
  return before !== "" && !/\s/.test(before) && before !== mark && !WORD.test(after);
}

/** Mark which formatting marks belong together; those left alone are text. */
function pair(tokens) {
  const openers = new Map();
  tokens.forEach((token, index) => {
    if (!token.mark) return;
    const opener = openers.get(token.mark);
    if (token.closes && opener !== undefined) {
      tokens[opener].role = "open";
      token.role = "close";
      // What opened inside and has not closed can't close outside.
      for (const [mark, at] of openers) if (at >= opener) openers.delete(mark);
    } else if (token.opens && opener === undefined) openers.set(token.mark, index);
  });
}

function leaf(token, names) {
  if (token.angle !== undefined) return angle(token.angle, names) ?? fragment(decode(token.text));
  if (token.code !== undefined) return el("code", { class: "code" }, decode(bare(token.code)));
  if (token.emojiName !== undefined) return emoji(token.emojiName);
  if (token.url !== undefined) return bareUrl(token.url);
  return fragment(decode(token.text));
}

/** A URL in running text; the full stop after it belongs to the sentence. */
function bareUrl(raw) {
  const [, url, tail] = /^(.*?)([.,:;!?)*_~'"]*)$/.exec(raw);
  return fragment(link(decode(url)), decode(tail));
}

/** What stands between < and >: null when that is nothing Slack knows. */
function angle(content, names) {
  const bar = content.indexOf("|");
  const target = bar < 0 ? content : content.slice(0, bar);
  const label = bar < 0 ? null : decode(content.slice(bar + 1));
  if (/^@[UWB]/.test(target)) return userMention(target.slice(1), names, label);
  if (/^#[CDG]/.test(target)) return channelMention(target.slice(1), names, label);
  if (target.startsWith("!")) return special(target.slice(1), names, label);
  if (/^(https?|mailto|tel):/i.test(target)) return link(decode(target), label || decode(target));
  return null;
}

function special(name, names, label) {
  if (RANGES.has(name)) return broadcast(name);
  const [kind, id, pattern, url] = name.split("^");
  if (kind === "subteam") return groupMention(id, names, label);
  if (kind === "date") return date(id, decode(pattern ?? ""), url && decode(url), label);
  return null;
}

/** Inside code, links and mentions show their label or target, and are not followed. */
function bare(text) {
  return text.replace(/<([^<>\n|]+)(?:\|([^<>\n]*))?>/g, (raw, target, label) => {
    if (label) return label;
    return /^(https?|mailto|tel):/i.test(target) ? target : raw;
  });
}

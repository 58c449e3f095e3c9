/** Inline pieces that mrkdwn and rich text share: links, people, channels, pings and dates. */

import { el } from "./dom.js";
import { formatDate } from "./time.js";

const SAFE_PROTOCOLS = new Set(["http:", "https:", "mailto:", "tel:"]);
// Slack's client opens a permalink of its own workspace itself; so does this page, which is where the file is.
const OWN_FILE = /^https:\/\/[a-z0-9-]+\.slack\.com(\/files\/[^/?#]+\/[^/?#]+\/[^/?#]+)$/;

/** The URL if following it can only lead somewhere (no javascript:, no data:), else null. */
export function safeUrl(url) {
  try {
    return SAFE_PROTOCOLS.has(new URL(url).protocol) ? url : null;
  } catch {
    return null;
  }
}

/** A link that opens a new tab; when the URL is not safe, only its label, as text. */
export function link(url, ...label) {
  const shown = label.length ? label : [url];
  const safe = OWN_FILE.exec(url)?.[1] ?? safeUrl(url);
  if (!safe) return el("span", {}, ...shown);
  return el(
    "a",
    { href: safe, target: "_blank", rel: "noopener noreferrer nofollow", class: "link" },
    ...shown,
  );
}

/** "@Name" for a user id. One's own name stands out. `names` has user(id), channelById(id) and me. */
export function userMention(id, names, label = null) {
  const user = names.user(id);
  const name = user?.real_name || user?.name || label || id;
  return el("span", { class: id === names.me ? "mention mention-me" : "mention", text: `@${name}` });
}

export function channelMention(id, names, label = null) {
  return el("span", { class: "mention", text: `#${names.channelById(id)?.name ?? label ?? id}` });
}

export function groupMention(id, names, label = null) {
  const handle = names.groups.get(id)?.handle;
  return el("span", { class: "mention", text: handle ? `@${handle}` : label || `@${id}` });
}

/** @here, @channel, @everyone: drawn so that a ping that shouldn't have been sent can't be overlooked. */
export function broadcast(range) {
  return el("span", {
    class: "mention mention-broadcast",
    title: "Notifies everyone in this channel",
    data: { testid: "broadcast" },
    text: `@${range}`,
  });
}

/** A date in the reader's own zone, linked where a URL is given; the fallback where it can't be shown. */
export function date(seconds, pattern, url, fallback) {
  const text = formatDate(seconds, pattern) ?? fallback ?? String(seconds);
  const node = el("time", { text, title: formatDate(seconds, "{date_long} {time_secs}") });
  return url ? link(url, node) : node;
}

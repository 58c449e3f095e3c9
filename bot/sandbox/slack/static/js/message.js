/** One message: who, when, what, and what can be done with it. */

import { attachedFiles } from "./attached.js";
import { renderBlocks } from "./blocks.js";
import { el } from "./dom.js";
import { emoji } from "./emoji.js";
import { messageMenu, react, reactionMenu } from "./gestures.js";
import { icon } from "./icons.js";
import { mrkdwn } from "./mrkdwn.js";
import { clock, dayLabel, full } from "./time.js";

/** Up to two letters of a name, as people's pictures are drawn here. */
export function initials(name) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  return (
    words
      .slice(0, 2)
      .map((word) => [...word][0])
      .join("")
      .toUpperCase() || "?"
  );
}

export function avatar(user, className = "") {
  const node = el("span", {
    class: `avatar ${user?.is_bot ? "avatar-bot" : ""} ${className}`,
    "aria-hidden": "true",
    text: initials(user?.real_name || user?.name || "?"),
  });
  // Through the style object, which a strict content policy allows where a style attribute is refused.
  if (/^[0-9a-f]{6}$/i.test(user?.color ?? "")) node.style.backgroundColor = `#${user.color}`;
  return node;
}

export function nameOf(store, id) {
  const user = store.user(id);
  return user?.real_name || user?.name || "Someone who left";
}

/** What the message says, as nodes: its blocks, or else its text. */
export function messageContent(message, store) {
  const surface = {
    key: `m:${message.channel}:${message.ts}`,
    target: { channel: message.channel, message_ts: message.ts },
    names: store,
  };
  if (message.blocks.length) return renderBlocks(message.blocks, surface);
  return [el("div", { class: "mrkdwn message-text" }, mrkdwn(message.text, store))];
}

/**
 * The content of a message's row. `look`: `compact` (goes on from the message before), `startsDay`,
 * `privateReplies` (how many replies only this reader sees), `status` (what the bot is about below it), `inThread`. `openThread(ts)` opens its thread.
 */
export function messageRow(message, store, look, openThread) {
  const user = store.user(message.user);
  const threadable = !look.inThread && !message.ephemeral;
  return [
    look.startsDay &&
      el(
        "div",
        { class: "day", role: "separator" },
        el("span", { text: dayLabel(message.ts, Date.now() / 1000) }),
      ),
    el(
      "article",
      { class: "message-body", "aria-label": `${nameOf(store, message.user)}, ${clock(message.ts)}` },
      el(
        "div",
        { class: "message-side" },
        look.compact
          ? el("span", { class: "side-time", text: clock(message.ts), title: full(message.ts) })
          : avatar(user),
      ),
      el(
        "div",
        { class: "message-main" },
        message.ephemeral &&
          el("p", { class: "only-you", data: { testid: "only-you" } }, icon("eye"), "Only visible to you"),
        look.compact ? null : head(message, user, store),
        el(
          "div",
          { class: "message-content", data: { testid: "message-content" } },
          ...messageContent(message, store),
          message.blocks.length ? null : editedMark(message),
          attachedFiles(message.files),
        ),
        reactions(message, store),
        look.status && status(look.status, store),
        threadable && threadLink(message, store, look, openThread),
      ),
      !message.ephemeral &&
        el(
          "div",
          { class: "message-tools" },
          reactionMenu(message, store),
          threadable &&
            el(
              "button",
              {
                type: "button",
                class: "icon-button",
                "aria-label": "Reply in thread",
                title: "Reply in thread",
                data: { key: `tool:${message.ts}`, testid: "reply-in-thread" },
                on: { click: () => openThread(message.ts) },
              },
              icon("reply"),
            ),
          messageMenu(message, store),
        ),
    ),
  ].filter(Boolean);
}

function head(message, user, store) {
  return el(
    "p",
    { class: "message-head" },
    el("span", {
      class: "message-name",
      text: nameOf(store, message.user),
      data: { testid: "message-name" },
    }),
    user?.is_bot && el("span", { class: "app-badge", text: "APP" }),
    el("time", { class: "message-time", text: clock(message.ts), title: full(message.ts) }),
    message.blocks.length ? editedMark(message) : null,
  );
}

/** After a text, or beside the time of a card, which has no last line to put it after. */
function editedMark(message) {
  if (!message.edited) return null;
  return el("span", { class: "edited", title: full(message.edited.ts), text: "(edited)" });
}

function status(text, store) {
  const name = nameOf(store, store.botId);
  return el("p", { class: "thread-status", role: "status", data: { testid: "thread-status" } }, `${name} ${text}`);
}

function reactions(message, store) {
  if (!message.reactions?.length) return null;
  return el(
    "ul",
    { class: "reactions" },
    ...message.reactions.map((reaction) =>
      el(
        "li",
        {},
        el(
          "button",
          {
            type: "button",
            class: "reaction",
            title: `${reaction.users.map((id) => nameOf(store, id)).join(", ")} reacted with :${reaction.name}:`,
            "aria-pressed": String(reaction.users.includes(store.me)),
            data: { key: `reaction:${message.ts}:${reaction.name}`, testid: `reaction-${reaction.name}` },
            on: { click: () => react(message, store, reaction.name) },
          },
          emoji(reaction.name),
          el("span", { text: String(reaction.count) }),
        ),
      ),
    ),
  );
}

function threadLink(message, store, look, openThread) {
  const count = message.reply_count ?? 0;
  if (!count && !look.privateReplies) return null;
  const words = count ? (count === 1 ? "1 reply" : `${count} replies`) : "A reply only you can see";
  return el(
    "button",
    {
      type: "button",
      class: "thread-link",
      data: { key: `thread:${message.ts}`, testid: "thread-link" },
      on: { click: () => openThread(message.ts) },
    },
    ...(message.reply_users ?? []).slice(0, 4).map((id) => avatar(store.user(id), "avatar-small")),
    el("span", { class: "thread-count", text: words }),
    message.latest_reply &&
      el("span", { class: "thread-last", text: `Last reply ${clock(message.latest_reply)}` }),
  );
}

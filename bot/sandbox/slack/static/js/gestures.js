/** What can be done with a message, or with the app, without a word: emoji and shortcuts. */

import { post } from "./api.js";
import { emoji } from "./emoji.js";
import { popup } from "./popup.js";
import { toastFailure } from "./toast.js";

const OFFERED = ["mudda", "white_check_mark", "eyes", "raised_hands", "+1"];

async function send(path, body) {
  const answer = await post(path, body);
  if (!answer.ok) toastFailure(answer);
}

/** Put an emoji on a message, or take it away again. */
export function react(message, store, name) {
  return send("/ui/reaction", { user: store.me, channel: message.channel, message_ts: message.ts, name });
}

/** The button from which an emoji is put on a message. */
export function reactionMenu(message, store) {
  return popup({
    label: "Add reaction",
    iconName: "smile",
    testid: "add-reaction",
    key: `react:${message.ts}`,
    className: "menu-emoji",
    items: OFFERED.map((name) => ({
      label: `:${name}:`,
      content: emoji(name),
      testid: `react-${name}`,
      run: () => react(message, store, name),
    })),
  });
}

/** The menu of a message, with the shortcuts of apps; null where there are none. */
export function messageMenu(message, store) {
  const shortcuts = store.shortcuts.filter((each) => each.is_for_messages);
  if (!shortcuts.length) return null;
  const target = { channel: message.channel, message_ts: message.ts };
  return popup({
    label: "More message actions",
    iconName: "dots",
    testid: "message-menu",
    key: `more:${message.ts}`,
    items: shortcuts.map((shortcut) => item(shortcut, store, target)),
  });
}

/** The button beside the message box, with the shortcuts that need no message. */
export function shortcutMenu(store) {
  return popup({
    label: "Shortcuts",
    iconName: "bolt",
    testid: "shortcuts",
    className: "menu-up",
    items: store.shortcuts.filter((each) => !each.is_for_messages).map((each) => item(each, store, {})),
  });
}

function item(shortcut, store, target) {
  return {
    label: shortcut.name,
    detail: store.user(store.botId)?.real_name,
    testid: `shortcut-${shortcut.callback_id}`,
    run: () => send("/ui/shortcut", { user: store.me, callback_id: shortcut.callback_id, ...target }),
  };
}

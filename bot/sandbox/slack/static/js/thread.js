/** The thread pane: a message, its replies, and a composer of its own. */

import { sessionLine } from "./agent.js";
import { Composer } from "./composer.js";
import { el, redraw } from "./dom.js";
import { icon } from "./icons.js";
import { MessageList } from "./list.js";
import { nameOf } from "./message.js";

export class ThreadPane {
  /** `onClose()` is called when the reader closes the pane. */
  constructor(store, { onClose }) {
    this.store = store;
    this.root = document.getElementById("thread");
    this.where = el("p", { class: "thread-where" });
    const scroller = el("div", {
      class: "scroller",
      role: "log",
      "aria-live": "off",
      "aria-label": "Thread",
      tabindex: "0",
      data: { testid: "thread-messages" },
    });
    this.list = new MessageList(scroller, store, { inThread: true });
    this.session = el("div", {});
    this.composer = new Composer(store, { id: "thread-text", testid: "thread-composer", thread: true });
    this.root.append(
      el(
        "header",
        { class: "thread-head" },
        el("div", {}, el("h2", { id: "thread-title", class: "thread-title", text: "Thread" }), this.where),
        el(
          "button",
          {
            type: "button",
            class: "icon-button",
            "aria-label": "Close thread",
            data: { testid: "thread-close" },
            on: { click: onClose },
          },
          icon("close"),
        ),
      ),
      scroller,
      this.session,
      el("div", { class: "composer-slot" }, this.composer.node),
    );
    this.root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      event.preventDefault();
      onClose();
    });
  }

  /** Draw the open thread, or hide the pane; `toEnd` shows the newest reply in any case. */
  render({ toEnd = false } = {}) {
    const { channelId, threadTs, channel } = this.store;
    const root = threadTs ? this.store.message(channelId, threadTs) : null;
    this.root.hidden = !root;
    if (!root) {
      this.shown = null;
      return;
    }
    const opened = this.shown !== root.ts;
    this.shown = root.ts;
    this.where.textContent = channel.is_im ? channel.name : `#${channel.name}`;
    const replies = this.store.replies(channelId, threadTs);
    this.list.render([root, ...replies], { toEnd: toEnd || opened, afterRoot: counted(replies.length) });
    const session = sessionLine(this.store, channel, threadTs, nameOf(this.store, this.store.botId));
    redraw(this.session, () => (session ? [session] : []));
    this.composer.render();
    if (opened) this.composer.focus();
  }
}

function counted(count) {
  if (count === 0) return "No replies yet";
  return count === 1 ? "1 reply" : `${count} replies`;
}

/**
 * A list of messages that is kept up to date row by row: only what changed is drawn again, so that focus, open
 * menus and half-made choices in other rows survive.
 */

import { el, redraw } from "./dom.js";
import { icon } from "./icons.js";
import { messageRow } from "./message.js";
import { dayOf } from "./time.js";

const COMPACT_S = 300;
const NEAR_END_PX = 100;

export class MessageList {
  /** `scroller` scrolls the list; `openThread(ts)`; `inThread`: rows offer no thread of their own. */
  constructor(scroller, store, { openThread = () => {}, inThread = false } = {}) {
    this.scroller = scroller;
    this.store = store;
    this.openThread = openThread;
    this.inThread = inThread;
    this.rows = new Map(); // ts -> {node, message, look}
    this.list = el("ol", { class: "message-list" });
    this.jump = el(
      "button",
      {
        type: "button",
        class: "jump",
        hidden: true,
        data: { testid: "jump" },
        on: { click: () => this.toEnd() },
      },
      icon("down"),
      "Latest messages",
    );
    scroller.append(this.list, this.jump);
    this.following = true; // the reader is at the end, and stays there as things grow
    scroller.addEventListener("scroll", () => this.#onScroll());
    const resized = new ResizeObserver(() => {
      this.size = this.#measure();
      if (this.following) this.toEnd();
    });
    resized.observe(scroller);
    resized.observe(this.list);
  }

  /** Show `messages`, in order. A reader who was at the end stays there; `toEnd` takes them there anyway. */
  render(messages, { toEnd = false, afterRoot = null } = {}) {
    this.following ||= toEnd;
    const before = this.scroller.scrollHeight;
    const wanted = new Set(messages.map((message) => message.ts));
    for (const [ts, row] of this.rows) if (!wanted.has(ts)) this.#remove(ts, row);
    const hidden =
      this.inThread || !messages.length ? new Map() : this.store.privateReplies(messages[0].channel);
    let previous = null;
    messages.forEach((message, index) => {
      const node = this.#row(message, this.#look(message, previous, hidden.get(message.ts) ?? 0));
      if (this.list.children[index] !== node) this.list.insertBefore(node, this.list.children[index] ?? null);
      previous = message;
    });
    if (afterRoot && messages.length) this.rows.get(messages[0].ts).node.dataset.note = afterRoot;
    if (this.following) this.toEnd();
    else if (this.scroller.scrollHeight > before) this.jump.hidden = false;
  }

  toEnd() {
    this.following = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.jump.hidden = true;
  }

  #onScroll() {
    // When a pane opens beside it, the browser scrolls too; that says nothing about the reader.
    if (this.#measure() !== this.size) return;
    this.following = this.#atEnd();
    if (this.following) this.jump.hidden = true;
  }

  #measure() {
    return `${this.scroller.clientWidth}x${this.scroller.clientHeight}/${this.list.offsetHeight}`;
  }

  #atEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
  }

  #look(message, previous, privateReplies) {
    const startsDay = !this.inThread && (!previous || dayOf(previous.ts) !== dayOf(message.ts));
    const plainPair =
      previous &&
      !previous.blocks.length &&
      !message.blocks.length &&
      !previous.ephemeral &&
      !message.ephemeral;
    const compact = Boolean(
      plainPair && !startsDay && previous.user === message.user && message.ts - previous.ts < COMPACT_S,
    );
    const status = this.store.status(message.channel, message.ts);
    return { startsDay, compact, privateReplies, status, inThread: this.inThread };
  }

  #row(message, look) {
    const known = this.rows.get(message.ts);
    if (known && known.message === message && sameLook(known.look, look)) return known.node;
    const node = known?.node ?? el("li");
    node.className = "message";
    node.classList.toggle("message-private", message.ephemeral);
    node.classList.toggle("message-compact", look.compact);
    Object.assign(node.dataset, { testid: "message", ts: message.ts, user: message.user });
    redraw(node, () => messageRow(message, this.store, look, this.openThread));
    this.rows.set(message.ts, { node, message, look });
    return node;
  }

  #remove(ts, row) {
    const hadFocus = row.node.contains(document.activeElement);
    row.node.remove();
    this.rows.delete(ts);
    if (hadFocus) this.scroller.focus({ preventScroll: true });
  }
}

function sameLook(a, b) {
  return (
    a.startsDay === b.startsDay &&
    a.compact === b.compact &&
    a.privateReplies === b.privateReplies &&
    a.status === b.status
  );
}

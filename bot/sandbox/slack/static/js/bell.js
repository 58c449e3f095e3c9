/** The bell: what would have rung for this person, had they been away: direct messages, and where they are named. */

import { el, redraw } from "./dom.js";
import { icon } from "./icons.js";
import { nameOf } from "./message.js";

const SHOWN = 20;
const WORDS_MOST = 160;

export class Bell {
  /** `onOpen(channelId, message)` shows the message that a line is about. */
  constructor(store, { onOpen }) {
    this.store = store;
    this.onOpen = onOpen;
    this.root = document.getElementById("bell");
    this.open = false;
    // Of each person, the last one they have looked at.
    this.heard = new Map();
    this.root.addEventListener("keydown", (event) => event.key === "Escape" && this.#toggle(false));
  }

  render() {
    if (!this.store.loaded) return;
    const rings = this.store.rings();
    const heard = this.heard.get(this.store.me) ?? "";
    const unheard = rings.filter((message) => message.ts > heard).length;
    redraw(this.root, () => [this.#button(unheard), this.open && this.#list(rings)].filter(Boolean));
  }

  #button(unheard) {
    return el(
      "button",
      {
        type: "button",
        class: "icon-button bell-button",
        "aria-expanded": String(this.open),
        "aria-label": unheard ? `Notifications, ${unheard} new` : "Notifications",
        data: { key: "bell", testid: "bell" },
        on: { click: () => this.#toggle(!this.open) },
      },
      icon("bell"),
      unheard > 0 && el("span", { class: "unread", text: String(unheard), data: { testid: "bell-count" } }),
    );
  }

  #list(rings) {
    const lines = rings.slice(0, SHOWN).map((message) => this.#line(message));
    return el(
      "div",
      { class: "bell-list", data: { testid: "bell-list" } },
      el("h2", { class: "bell-title", text: "What would have rung for you" }),
      lines.length ? el("ul", {}, ...lines) : el("p", { class: "bell-none", text: "Nothing yet." }),
    );
  }

  #line(message) {
    const { store } = this;
    const channel = store.channelById(message.channel);
    const where = channel.is_im ? "Direct message" : `#${channel.name}`;
    return el(
      "li",
      {},
      el(
        "button",
        {
          type: "button",
          class: "bell-line",
          data: { key: `ring:${message.ts}`, testid: "ring" },
          on: {
            click: () => {
              this.#toggle(false);
              this.onOpen(message.channel, message);
            },
          },
        },
        el("small", { text: `${nameOf(store, message.user)} · ${where}` }),
        el("span", { text: this.#words(message) }),
      ),
    );
  }

  /** The text beside the blocks, as a notification shows it: people by name. */
  #words(message) {
    const plain = message.text
      .replace(/<@([UW][A-Z0-9]+)>/g, (_, id) => `@${nameOf(this.store, id)}`)
      .replace(/<!date\^[^|>]*\|([^>]*)>/g, "$1")
      .replace(/&lt;/g, "<")
      .replace(/&gt;/g, ">")
      .replace(/&amp;/g, "&");
    return plain.slice(0, WORDS_MOST);
  }

  #toggle(open) {
    this.open = open;
    if (open) this.heard.set(this.store.me, this.store.rings()[0]?.ts ?? "");
    this.render();
  }
}

/** Completion in the composer: "/" for commands, "@" for people and groups, "#" for channels. */

import { announce, el, uid } from "./dom.js";
import { avatar } from "./message.js";

const MOST = 8;
const COMMAND = /^\/\S*$/;
const MENTION = /(?:^|[\s(])([@#])([\p{L}\p{N}._-]*)$/u;

export class Suggestions {
  /** Completes in `field` (a textarea); `commands`: whether commands can be used here. */
  constructor(field, store, { commands = true } = {}) {
    this.field = field;
    this.store = store;
    this.commands = commands;
    this.items = [];
    this.at = 0;
    this.list = el("div", {
      id: uid("suggestions"),
      class: "suggestions",
      role: "listbox",
      "aria-label": "Suggestions",
      hidden: true,
      data: { testid: "suggestions" },
    });
    field.setAttribute("aria-autocomplete", "list");
    field.setAttribute("aria-controls", this.list.id);
    field.addEventListener("input", () => this.update());
    field.addEventListener("click", () => this.update());
    field.addEventListener("blur", () => this.close());
  }

  get isOpen() {
    return !this.list.hidden;
  }

  /** Find what can stand at the caret, and show it. */
  update() {
    const text = this.field.value.slice(0, this.field.selectionStart);
    this.token = this.#token(text);
    this.items = this.token ? this.#candidates(this.token).slice(0, MOST) : [];
    this.at = 0;
    if (!this.items.length) this.close();
    else this.#show();
  }

  close() {
    this.list.hidden = true;
    this.field.removeAttribute("aria-activedescendant");
  }

  /** Handle a key of the field; true when it was meant for the list. */
  onKey(event) {
    if (!this.isOpen || event.isComposing) return false;
    const count = this.items.length;
    if (event.key === "ArrowDown") this.#select((this.at + 1) % count);
    else if (event.key === "ArrowUp") this.#select((this.at - 1 + count) % count);
    else if (event.key === "Escape") this.close();
    else if (event.key === "Tab" && !event.shiftKey) this.#accept(this.items[this.at]);
    // What is already written out in full needs no second Enter.
    else if (event.key === "Enter" && !event.shiftKey && this.items[this.at].insert !== this.token.raw)
      this.#accept(this.items[this.at]);
    else return false;
    event.preventDefault();
    return true;
  }

  #token(text) {
    if (this.commands && COMMAND.test(text))
      return { kind: "/", raw: text, query: text.slice(1).toLowerCase() };
    const mention = MENTION.exec(text);
    return mention && { kind: mention[1], raw: mention[1] + mention[2], query: mention[2].toLowerCase() };
  }

  #candidates({ kind, query }) {
    if (kind === "/") {
      return this.store.commands
        .filter((c) => c.command.slice(1).startsWith(query))
        .map((c) => ({ insert: c.command, label: c.command, hint: c.usage_hint, detail: c.description }));
    }
    if (kind === "#") {
      return [...this.store.channels.values()]
        .filter((c) => !c.is_im && c.name.startsWith(query))
        .map((c) => ({ insert: `#${c.name}`, label: `#${c.name}`, detail: c.topic }));
    }
    const people = this.store.people.filter((user) =>
      [user.name, ...(user.real_name ?? "").split(/\s+/)].some((word) =>
        word.toLowerCase().startsWith(query),
      ),
    );
    const groups = [...this.store.groups.values()].filter((group) => group.handle.startsWith(query));
    const pings = ["here", "channel"].filter((range) => query && range.startsWith(query));
    return [
      ...people.map((user) => ({
        insert: `@${user.name}`,
        label: user.real_name || user.name,
        hint: `@${user.name}`,
        detail: user.is_bot ? "APP" : user.title,
        user,
      })),
      ...groups.map((group) => ({
        insert: `@${group.handle}`,
        label: `@${group.handle}`,
        detail: group.name,
      })),
      ...pings.map((range) => ({
        insert: `@${range}`,
        label: `@${range}`,
        detail: "Notifies everyone in this channel",
      })),
    ];
  }

  #show() {
    this.list.replaceChildren(
      ...this.items.map((item, index) =>
        el(
          "div",
          {
            id: `${this.list.id}-${index}`,
            class: "suggestion",
            role: "option",
            "aria-selected": String(index === this.at),
            data: { testid: "suggestion" },
            on: {
              // Keeps the focus in the field, which would otherwise close the list before the click lands.
              mousedown: (event) => event.preventDefault(),
              click: () => this.#accept(item),
            },
          },
          item.user && avatar(item.user, "avatar-small"),
          el("span", { class: "suggestion-label", text: item.label }),
          item.hint && el("span", { class: "suggestion-hint", text: item.hint }),
          item.detail && el("span", { class: "suggestion-detail", text: item.detail }),
        ),
      ),
    );
    if (this.list.hidden) announce(`${this.items.length} suggestions, arrow keys to choose`);
    this.list.hidden = false;
    this.#select(this.at);
  }

  #select(index) {
    this.at = index;
    [...this.list.children].forEach((node, i) => node.setAttribute("aria-selected", String(i === index)));
    this.list.children[index].scrollIntoView({ block: "nearest" });
    this.field.setAttribute("aria-activedescendant", this.list.children[index].id);
  }

  #accept(item) {
    const caret = this.field.selectionStart;
    const start = caret - this.token.raw.length;
    const rest = this.field.value.slice(caret);
    const space = rest.startsWith(" ") ? "" : " ";
    this.field.setRangeText(item.insert + space, start, caret, "end");
    if (!space) this.field.setSelectionRange(this.field.selectionStart + 1, this.field.selectionStart + 1);
    this.field.focus();
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/** The left side: the workspace, its channels and people, and who one is. */

import { post } from "./api.js";
import { el, redraw } from "./dom.js";
import { icon } from "./icons.js";
import { avatar } from "./message.js";
import { toastFailure } from "./toast.js";

const LANGUAGES = [
  ["en-US", "English"],
  ["de-DE", "Deutsch"],
  ["hi-IN", "हिन्दी"],
];

export class Sidebar {
  /** `onUser(id)` switches to another person; `onOpened()` follows the opening of a channel. */
  constructor(store, { onUser, onOpened }) {
    this.store = store;
    this.onUser = onUser;
    this.onOpened = onOpened;
    this.root = document.getElementById("sidebar");
  }

  render() {
    if (!this.store.loaded) return;
    const store = this.store;
    redraw(this.root, () => [
      el(
        "div",
        { class: "workspace" },
        el("p", { class: "workspace-name", text: store.team.name, data: { testid: "workspace-name" } }),
        el("p", { class: "workspace-note", text: "A Slack stand-in on this machine" }),
      ),
      el(
        "div",
        { class: "sidebar-lists" },
        this.#group(
          "Channels",
          [...store.channels.values()].filter((c) => !c.is_im).map((c) => this.#channel(c)),
        ),
        this.#group(
          "Direct messages",
          store.people.filter((user) => user.id !== store.me).map((user) => this.#person(user)),
        ),
      ),
      this.#switch(),
    ]);
  }

  #group(title, items) {
    return el(
      "section",
      { "aria-label": title },
      el("h2", { class: "sidebar-title", text: title }),
      el("ul", { class: "sidebar-list" }, ...items.map((item) => el("li", {}, item))),
    );
  }

  #channel(channel) {
    return this.#entry({
      current: channel.id === this.store.channelId,
      unread: this.store.unread.get(channel.id) ?? 0,
      testid: `channel-${channel.name}`,
      open: () => this.#open(channel.id),
      mark: icon(channel.is_private ? "lock" : "hash"),
      name: channel.name,
    });
  }

  #person(user) {
    const dm = [...this.store.channels.values()].find((channel) => channel.is_im && channel.user === user.id);
    return this.#entry({
      current: Boolean(dm) && dm.id === this.store.channelId,
      unread: dm ? (this.store.unread.get(dm.id) ?? 0) : 0,
      testid: `dm-${user.name}`,
      open: () => (dm ? this.#open(dm.id) : this.#openWith(user.id)),
      mark: avatar(user, "avatar-small"),
      name: user.real_name || user.name,
      isApp: user.is_bot,
    });
  }

  #entry({ current, unread, testid, open, mark, name, isApp = false }) {
    return el(
      "button",
      {
        type: "button",
        class: `sidebar-entry${unread ? " sidebar-unread" : ""}`,
        "aria-current": current ? "page" : null,
        data: { key: testid, testid },
        on: { click: open },
      },
      mark,
      el("span", { class: "sidebar-name", text: name }),
      isApp && el("span", { class: "app-badge", text: "APP" }),
      unread > 0 && el("span", { class: "unread", "aria-label": `${unread} unread`, text: String(unread) }),
    );
  }

  #open(channelId) {
    this.store.open(channelId);
    this.onOpened();
  }

  async #openWith(userId) {
    const answer = await post("/ui/dm", { user: this.store.me, with: userId });
    if (!answer.ok) {
      toastFailure(answer);
      return;
    }
    // The feed usually brings the new channel a moment after the answer.
    if (this.store.channelById(answer.channel)) this.#open(answer.channel);
    else this.store.addEventListener("change", () => this.#open(answer.channel), { once: true });
  }

  #switch() {
    const people = this.store.people.filter((user) => !user.is_bot);
    return el(
      "section",
      { class: "switch", "aria-labelledby": "switch-title", data: { testid: "user-switch" } },
      el("h2", { id: "switch-title", class: "sidebar-title", text: "You are" }),
      el(
        "div",
        { class: "switch-people" },
        ...people.map((user) =>
          el(
            "button",
            {
              type: "button",
              class: "switch-person",
              "aria-pressed": String(user.id === this.store.me),
              data: { key: `user-${user.name}`, testid: `user-${user.name}`, userId: user.id },
              on: { click: () => user.id !== this.store.me && this.onUser(user.id) },
            },
            avatar(user),
            el(
              "span",
              { class: "switch-name" },
              el("strong", { text: user.real_name || user.name }),
              user.title && el("small", { text: user.title }),
            ),
            user.id === this.store.me && icon("check"),
          ),
        ),
      ),
      this.#language(),
    );
  }

  /** In what language one has Slack. */
  #language() {
    const chosen = this.store.user(this.store.me)?.locale;
    const options = LANGUAGES.map(([value, text]) => el("option", { value, text, selected: value === chosen }));
    const choose = ({ target }) => this.#speak(target.value);
    const data = { key: "language", testid: "language" };
    return el(
      "label",
      { class: "switch-language" },
      el("span", { text: "Language" }),
      el("select", { class: "select", data, on: { change: choose } }, ...options),
    );
  }

  async #speak(locale) {
    const answer = await post("/ui/locale", { user: this.store.me, locale });
    if (!answer.ok) toastFailure(answer);
    // Slack's own client loads anew then, by which a Home that is open is opened again.
    else if (this.store.tab === "home") await post("/ui/home", { user: this.store.me });
  }
}

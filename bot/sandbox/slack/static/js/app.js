/** The page as a whole: builds its parts, ties them to the store, and keeps the address in step. */

import { Suggestions } from "./agent.js";
import { Bell } from "./bell.js";
import { Composer } from "./composer.js";
import { announce, el } from "./dom.js";
import { FaultPanel } from "./faults.js";
import { Feed } from "./feed.js";
import { Home } from "./home.js";
import { icon } from "./icons.js";
import { MessageList } from "./list.js";
import { messageContent, nameOf } from "./message.js";
import { ModalStack } from "./modal.js";
import { Sidebar } from "./sidebar.js";
import { Store } from "./store.js";
import { ThreadPane } from "./thread.js";
import { toast } from "./toast.js";

const EXAMPLE = "/mudda Water is coming up through the road at 5th and Main";
const READ_ALOUD_MOST = 300;

const byId = (id) => document.getElementById(id);

class App {
  constructor() {
    const store = (this.store = new Store());
    this.scroller = byId("messages");
    this.list = new MessageList(this.scroller, store, { openThread: (ts) => this.openThread(ts) });
    this.empty = el("div", { class: "empty", data: { testid: "empty" } });
    this.scroller.prepend(this.empty);
    // The answer to a command is private and comes at the end, where its sender should be looking.
    const onSend = () => this.list.toEnd();
    this.composer = new Composer(store, { id: "composer-text", testid: "composer", onSend });
    byId("composer").append(this.composer.node);
    this.suggestions = new Suggestions(store, (text) => this.#say(text));
    byId("composer").prepend(this.suggestions.root);
    this.thread = new ThreadPane(store, { onClose: () => this.closeThread() });
    this.modals = new ModalStack(store);
    this.home = new Home(store);
    this.sidebar = new Sidebar(store, {
      onUser: (id) => this.switchUser(id),
      onOpened: () => this.#opened(),
    });
    this.bell = new Bell(store, { onOpen: (channelId, message) => this.#show(channelId, message) });
    this.faults = new FaultPanel(store);
    this.feed = new Feed({
      onState: (state) => store.load(state),
      onEvent: (name, data) => this.#onEvent(name, data),
      onConnection: (connected) => this.#showConnection(connected),
    });
    store.addEventListener("change", ({ detail }) => this.#onChange(detail));
    this.#wireDrawer();
  }

  start() {
    const [, user, channel] = location.hash.split("/");
    const linked = new URLSearchParams(location.search);
    this.store.channelId = linked.get("channel") || channel || null;
    this.feed.start(user || undefined).then(() => this.#goTo(linked.get("message")));
    window.addEventListener("hashchange", () => this.#followAddress());
  }

  /** Become another person: their state, their feed, their modals. */
  async switchUser(id) {
    this.store.threadTs = null;
    await this.feed.start(id);
    announce(`You are ${nameOf(this.store, this.store.me)} now`);
  }

  openThread(ts) {
    this.threadOpener = document.activeElement?.dataset.key ?? null;
    this.store.openThread(ts);
    this.thread.composer.focus();
  }

  closeThread() {
    this.store.openThread(null);
    const opener = [...this.scroller.querySelectorAll("[data-key]")].find(
      (node) => node.dataset.key === this.threadOpener,
    );
    if (opener) opener.focus();
    else this.composer.focus();
  }

  #onEvent(name, data) {
    if (name === "notice") toast(data.text);
    else this.store.apply(name, data);
  }

  #onChange({ what, channelId, message, isNew }) {
    if (what === "views") {
      this.modals.sync();
      return;
    }
    if (what === "home") {
      this.home.render();
      return;
    }
    if (what === "messages" && message) this.#readAloud(message, isNew);
    const own = isNew && message.user === this.store.me && channelId === this.store.channelId;
    if (what !== "messages" || channelId === this.store.channelId) this.#drawChannel(own ? message : null);
    if (what !== "thread") {
      this.sidebar.render();
      this.bell.render();
    }
    if (what === "all") {
      this.modals.sync();
      this.faults.load();
    }
  }

  /** `own`: the message that the reader has just sent, to which the view goes. */
  #drawChannel(own) {
    const { store } = this;
    const channel = store.channel;
    this.#showBanner();
    if (!channel) return;
    const place = `${store.me}/${channel.id}`;
    const arrived = place !== this.place;
    this.place = place;
    const name = channel.is_im ? channel.name : `#${channel.name}`;
    document.title = `${name} · ${store.team.name}`;
    byId("channel-title").textContent = name;
    byId("channel-topic").textContent = channel.topic ?? "";
    byId("channel-me").replaceChildren(
      el("span", { class: "you-are", text: "You are " }),
      el("strong", { text: nameOf(store, store.me) }),
    );
    const roots = store.roots(channel.id);
    this.#drawEmpty(channel, roots.length);
    this.list.render(roots, { toEnd: arrived || Boolean(own && !own.thread_ts) });
    this.home.render();
    this.scroller.hidden = !byId("home").hidden;
    byId("composer").hidden = this.scroller.hidden;
    this.composer.render();
    this.suggestions.render();
    this.thread.render({ toEnd: Boolean(own && own.thread_ts === store.threadTs) });
    byId("client").classList.toggle("with-thread", Boolean(store.threadTs));
    this.#writeAddress();
  }

  #say(text) {
    this.composer.fill(text);
    this.composer.node.requestSubmit();
  }

  #drawEmpty(channel, count) {
    this.empty.hidden = count > 0;
    if (count > 0) return;
    const isApp = channel.user === this.store.botId;
    const known = this.store.commands.some((command) => EXAMPLE.startsWith(`${command.command} `));
    const example = isApp || !known ? EXAMPLE.replace(/^\S+ /, "") : EXAMPLE;
    this.empty.replaceChildren(
      el("p", {
        class: "empty-title",
        text: channel.is_im
          ? `This is the start of your conversation with ${channel.name}`
          : `This is the very beginning of #${channel.name}`,
      }),
      channel.topic && el("p", { text: channel.topic }),
      el(
        "button",
        {
          type: "button",
          class: "example",
          data: { testid: "example" },
          on: { click: () => this.composer.fill(example) },
        },
        el("span", { text: "Try: " }),
        el("code", { text: example }),
      ),
    );
  }

  #readAloud(message, isNew) {
    if (message.user === this.store.me || message.channel !== this.store.channelId) return;
    const before = this.heard?.get(message.ts);
    (this.heard ??= new Map()).set(message.ts, message.text);
    // A card is redrawn often, and its text says what it has come to: only a new text is news.
    if (!isNew && before === message.text) return;
    const words = message.text || el("div", {}, ...messageContent(message, this.store)).textContent;
    announce(`${nameOf(this.store, message.user)}: ${words.slice(0, READ_ALOUD_MOST)}`);
  }

  #showBanner() {
    byId("banner").textContent = this.store.banner;
    byId("banner").hidden = !this.store.banner;
  }

  #showConnection(connected) {
    const bar = byId("connection");
    bar.hidden = connected;
    bar.textContent = connected ? "" : "Connection lost. Trying again…";
  }

  #opened() {
    this.#toggleDrawer(false);
    // Not on a phone, where the keyboard would cover what was just opened.
    if (matchMedia("(hover: hover)").matches) this.composer.focus();
  }

  #wireDrawer() {
    byId("menu").append(icon("menu"));
    byId("menu").addEventListener("click", () =>
      this.#toggleDrawer(!byId("client").classList.contains("drawer-open")),
    );
    byId("scrim").addEventListener("click", () => this.#toggleDrawer(false));
    byId("sidebar").addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !byId("client").classList.contains("drawer-open")) return;
      this.#toggleDrawer(false);
      byId("menu").focus();
    });
  }

  #toggleDrawer(open) {
    byId("client").classList.toggle("drawer-open", open);
    byId("scrim").hidden = !open;
    byId("menu").setAttribute("aria-expanded", String(open));
    if (open) byId("sidebar").querySelector("button")?.focus();
  }

  /** "#/user/channel": a second window can be another person, and a reload stays where it was. */
  #writeAddress() {
    const address = `#/${this.store.me}/${this.store.channelId}`;
    if (location.hash !== address) history.replaceState(null, "", `/${address}`);
  }

  #show(channelId, message) {
    this.store.open(channelId);
    this.#goTo(message.ts);
  }

  /** Follow a message's permanent link: to the message, or to the thread it is a reply in. */
  #goTo(ts) {
    const message = ts && this.store.message(this.store.channelId, ts);
    if (!message) return;
    if (message.thread_ts && message.thread_ts !== ts) this.openThread(message.thread_ts);
    const row = [...document.querySelectorAll("[data-testid=message]")].find(
      (node) => node.dataset.ts === ts,
    );
    row.scrollIntoView({ block: "center" });
    row.tabIndex = -1;
    row.focus({ preventScroll: true });
  }

  #followAddress() {
    const [, user, channel] = location.hash.split("/");
    if (channel && this.store.channels.has(channel) && channel !== this.store.channelId)
      this.store.open(channel);
    if (user && user !== this.store.me) this.switchUser(user);
  }
}

new App().start();

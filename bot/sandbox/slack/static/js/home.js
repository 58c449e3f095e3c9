/** The app's Home tab, beside the messages of its DM. */

import { post } from "./api.js";
import { renderBlocks } from "./blocks.js";
import { el, redraw } from "./dom.js";
import { toastFailure } from "./toast.js";

export class Home {
  constructor(store) {
    this.store = store;
    this.tabs = document.getElementById("tabs");
    this.root = document.getElementById("home");
    this.drawn = undefined;
  }

  render() {
    const isApp = this.store.channel?.user === this.store.botId;
    this.tabs.hidden = !isApp;
    this.root.hidden = !isApp || this.store.tab !== "home";
    if (isApp) redraw(this.tabs, () => [this.#tab("messages", "Messages"), this.#tab("home", "Home")]);
    if (!this.root.hidden && this.drawn !== this.store.home) this.#draw();
  }

  #tab(name, label) {
    const selected = this.store.tab === name;
    return el("button", {
      type: "button",
      class: "tab",
      role: "tab",
      "aria-selected": String(selected),
      tabindex: selected ? "0" : "-1",
      "aria-controls": name === "home" ? "home" : "messages",
      text: label,
      data: { key: `tab-${name}`, testid: `tab-${name}` },
      on: {
        click: () => this.#open(name),
        keydown: (event) => {
          if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
          event.preventDefault();
          this.#open(name === "home" ? "messages" : "home");
          this.tabs.querySelector('[aria-selected="true"]').focus();
        },
      },
    });
  }

  async #open(tab) {
    this.store.open(this.store.channelId, { tab });
    if (tab !== "home") return;
    const answer = await post("/ui/home", { user: this.store.me });
    if (!answer.ok) toastFailure(answer);
  }

  #draw() {
    const view = this.store.home;
    this.drawn = view;
    const surface = view && { key: `v:${view.id}`, target: { view_id: view.id }, names: this.store };
    redraw(this.root, () =>
      view
        ? renderBlocks(view.blocks, surface)
        : el(
            "div",
            { class: "empty" },
            el("p", { class: "empty-title", text: "Nothing here yet" }),
            el("p", { text: "The app has not published a Home tab for you." }),
          ),
    );
  }
}

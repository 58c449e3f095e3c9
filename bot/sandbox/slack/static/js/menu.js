/** The overflow menu ("…"): a button and a menu, worked with the arrow keys, Enter and Esc. */

import { act, isBusy } from "./actions.js";
import { el, uid } from "./dom.js";
import { icon } from "./icons.js";
import { safeUrl } from "./mentions.js";
import { textNodes } from "./mrkdwn.js";

/** A menu over an overflow element's options; `operates(node, use)` ties its button to the control. */
export class OverflowMenu {
  constructor(element, use, operates) {
    this.element = element;
    this.use = use;
    const id = uid("menu");
    this.items = element.options.map((option) => this.#item(option));
    this.menu = el(
      "div",
      { id, class: "menu", role: "menu", hidden: true, on: { keydown: (event) => this.#onKey(event) } },
      ...this.items,
    );
    this.opener = operates(this.#button(id), use);
    this.node = el("span", { class: "overflow" }, this.opener, this.menu);
    this.onOutside = (event) => this.node.contains(event.target) || this.close({ refocus: false });
  }

  open() {
    if (isBusy(this.use.key)) return;
    this.menu.hidden = false;
    this.opener.setAttribute("aria-expanded", "true");
    document.addEventListener("pointerdown", this.onOutside, true);
    this.items[0]?.focus();
    this.menu.scrollIntoView({ block: "nearest" });
  }

  close({ refocus = true } = {}) {
    this.menu.hidden = true;
    this.opener.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", this.onOutside, true);
    if (refocus) this.opener.focus();
  }

  #button(menuId) {
    return el(
      "button",
      {
        type: "button",
        class: "button overflow-button",
        "aria-label": "More actions",
        "aria-haspopup": "menu",
        "aria-expanded": "false",
        "aria-controls": menuId,
        data: { testid: "overflow" },
        on: {
          click: () => (this.menu.hidden ? this.open() : this.close()),
          keydown: (event) => {
            if (event.key !== "ArrowDown") return;
            event.preventDefault();
            this.open();
          },
        },
      },
      icon("dots"),
    );
  }

  #item(option) {
    return el(
      "button",
      {
        type: "button",
        class: "menu-item",
        role: "menuitem",
        tabindex: "-1",
        on: { click: () => this.#choose(option) },
      },
      textNodes(option.text, this.use.surface.names),
    );
  }

  #choose(option) {
    this.close();
    if (option.url && safeUrl(option.url)) window.open(option.url, "_blank", "noopener,noreferrer");
    act(this.use.surface, this.use.block, this.element, { selected_option: option.value });
  }

  #onKey(event) {
    if (event.key === "Tab") {
      this.close({ refocus: false });
      return;
    }
    const at = this.items.indexOf(document.activeElement);
    const last = this.items.length - 1;
    const moves = {
      ArrowDown: at === last ? 0 : at + 1,
      ArrowUp: at <= 0 ? last : at - 1,
      Home: 0,
      End: last,
    };
    if (event.key in moves) this.items[moves[event.key]].focus();
    else if (event.key === "Escape") this.close();
    else return;
    event.preventDefault();
    // Esc here closes the menu, and not also the modal or thread it stands in.
    event.stopPropagation();
  }
}

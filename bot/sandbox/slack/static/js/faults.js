/** The fault switch: how the town's APIs answer from now on, so that retry, skip and "uncertain" can be tried. */

import { loadFaults, post } from "./api.js";
import { el, redraw } from "./dom.js";
import { toastFailure } from "./toast.js";

const ALL = "*";
const KINDS = {
  "": "Works",
  refuse: "Refuses (422)",
  hang: "Hangs, never answers",
  reset: "Cuts the connection",
  slow: "Answers after 8 seconds",
};

export class FaultPanel {
  constructor(store) {
    this.store = store;
    this.root = document.getElementById("faults");
    this.open = false;
    this.route = ALL;
    this.state = null;
    this.root.addEventListener("keydown", (event) => event.key === "Escape" && this.#toggle(false));
  }

  /** Show how things are set, on a page that has a town. Another page may have set them. */
  async load() {
    this.root.hidden = !this.store.hasSwitch;
    if (this.root.hidden) return;
    const answer = await loadFaults();
    if (!answer.ok) return;
    this.state = answer;
    this.#render();
  }

  #render() {
    redraw(this.root, () => [this.#button(), this.open && this.#panel()].filter(Boolean));
  }

  #button() {
    const count = Object.keys(this.state.set).length;
    return el("button", {
      type: "button",
      class: "faults-button",
      "aria-expanded": String(this.open),
      text: count === 0 ? "Town: all works" : `Town: ${count} ${count === 1 ? "fault" : "faults"} set`,
      data: { key: "faults", testid: "faults" },
      on: { click: () => this.#toggle(!this.open) },
    });
  }

  #panel() {
    const { set, routes, kinds } = this.state;
    const lines = Object.entries(set).map(([route, kind]) =>
      el("li", { text: `${this.#name(route)}: ${KINDS[kind] ?? kind}` }),
    );
    return el(
      "div",
      { class: "faults-panel", data: { testid: "faults-panel" } },
      el("h2", { class: "faults-title", text: "Make the town's APIs fail" }),
      el("p", { class: "faults-note", text: "This holds for every call from now on, in runs under way too." }),
      this.#field("Which", "faults-route", [ALL, ...routes], this.route, (route) => this.#name(route), (route) => {
        this.route = route;
        this.#render();
      }),
      this.#field("How", "faults-kind", ["", ...kinds], set[this.route] ?? "", (kind) => KINDS[kind] ?? kind, (kind) =>
        this.#set(kind),
      ),
      lines.length > 0 && el("ul", { class: "faults-set", data: { testid: "faults-set" } }, ...lines),
    );
  }

  #field(label, testid, values, chosen, name, onChange) {
    const options = values.map((value) =>
      el("option", { value, text: name(value), selected: value === chosen }),
    );
    const select = el(
      "select",
      { data: { key: testid, testid }, on: { change: (event) => onChange(event.target.value) } },
      ...options,
    );
    return el("label", { class: "faults-field" }, el("span", { text: label }), select);
  }

  #name(route) {
    return route === ALL ? "All APIs" : route;
  }

  async #set(kind) {
    const answer = await post("/ui/faults", { route: this.route, kind });
    if (answer.ok) this.state = answer;
    else toastFailure(answer);
    this.#render();
  }

  #toggle(open) {
    this.open = open;
    this.#render();
    if (open) this.load();
  }
}

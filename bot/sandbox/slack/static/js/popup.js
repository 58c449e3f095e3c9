/** A button with a menu of things to do, worked with the arrow keys, Enter and Esc. */

import { el, uid } from "./dom.js";
import { icon } from "./icons.js";

/**
 * `label` says what the button is for, `items` are {label, detail, content, testid, run}: `content` is shown in
 * place of the label, `run()` is called when the item is chosen. `className` lays the menu out.
 */
export function popup({ label, iconName, testid, key, items, className = "" }) {
  const id = uid("popup");
  const rows = items.map((item) =>
    el(
      "button",
      {
        type: "button",
        class: "menu-item",
        role: "menuitem",
        tabindex: "-1",
        "aria-label": item.content ? item.label : null,
        title: item.content ? item.label : null,
        data: { testid: item.testid },
        on: { click: () => choose(item) },
      },
      item.content ?? el("span", { text: item.label }),
      item.detail && el("small", { class: "menu-detail", text: item.detail }),
    ),
  );
  const menu = el(
    "div",
    { id, class: `menu ${className}`, role: "menu", "aria-label": label, hidden: true, on: { keydown: onKey } },
    ...rows,
  );
  const opener = el(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": label,
      title: label,
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "aria-controls": id,
      data: { key, testid },
      on: { click: () => (menu.hidden ? open() : close()) },
    },
    icon(iconName),
  );
  const node = el("span", { class: "popup" }, opener, menu);
  const onOutside = (event) => node.contains(event.target) || close({ refocus: false });

  function open() {
    menu.hidden = false;
    node.classList.add("popup-open");
    opener.setAttribute("aria-expanded", "true");
    document.addEventListener("pointerdown", onOutside, true);
    rows[0]?.focus();
    menu.scrollIntoView({ block: "nearest" });
  }

  function close({ refocus = true } = {}) {
    menu.hidden = true;
    node.classList.remove("popup-open");
    opener.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", onOutside, true);
    if (refocus) opener.focus();
  }

  function choose(item) {
    close();
    item.run();
  }

  function onKey(event) {
    if (event.key === "Tab") {
      close({ refocus: false });
      return;
    }
    const at = rows.indexOf(document.activeElement);
    const last = rows.length - 1;
    const next = at === last ? 0 : at + 1;
    const before = at <= 0 ? last : at - 1;
    const moves = { ArrowDown: next, ArrowRight: next, ArrowUp: before, ArrowLeft: before, Home: 0, End: last };
    if (event.key in moves) rows[moves[event.key]].focus();
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    // Esc here closes the menu, and not also the thread that it stands in.
    event.stopPropagation();
  }

  return node;
}

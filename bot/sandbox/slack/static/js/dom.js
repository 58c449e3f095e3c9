/**
 * Building DOM nodes. Everything the page shows passes through here as text nodes and attributes;
 * no string is ever parsed as HTML, which is what makes hostile message text harmless.
 */

let lastId = 0;

/** A document-wide unique id, for tying labels and descriptions to what they describe. */
export function uid(prefix) {
  lastId += 1;
  return `${prefix}-${lastId}`;
}

/**
 * Make an element. `props`: `class`, `text`, `data` (dataset), `on` (event listeners); anything else is an
 * attribute, where `true` means present and `false`, `null` and `undefined` mean absent.
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "text") node.textContent = value;
    else if (name === "data") setData(node, value);
    else if (name === "on")
      for (const [type, listener] of Object.entries(value)) node.addEventListener(type, listener);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

function setData(node, data) {
  for (const [key, value] of Object.entries(data)) {
    if (value !== null && value !== undefined) node.dataset[key] = value;
  }
}

/** Append nodes or strings (as text) to a new fragment. */
export function fragment(...children) {
  const out = document.createDocumentFragment();
  out.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return out;
}

const FOCUSABLE = 'a[href], :is(button, input, select, textarea):not([disabled]), [tabindex="0"]';

/** The elements inside `root` that Tab reaches, in order. */
export function focusable(root) {
  return [...root.querySelectorAll(FOCUSABLE)].filter((node) => node.getClientRects().length > 0);
}

/**
 * Replace the children of `root` by what `build` returns, and put the keyboard focus back where it was: on
 * the element with the same `data-key`, or on `root` itself when that is gone (a card that lost its buttons).
 */
export function redraw(root, build) {
  const held = root.contains(document.activeElement) ? document.activeElement : null;
  const key = held?.dataset.key;
  root.replaceChildren(...[build()].flat());
  if (!held || held === root) return;
  const again = key
    ? [...root.querySelectorAll("[data-key]")].find((node) => node.dataset.key === key)
    : null;
  if (!again && !root.hasAttribute("tabindex")) root.tabIndex = -1;
  (again ?? root).focus({ preventScroll: true });
}

let announcement = 0;

/** Say something to screen readers, without showing it. */
export function announce(text) {
  const region = document.getElementById("announcer");
  announcement += 1;
  // The same sentence twice in a row would not be a change, and so would not be read again.
  region.textContent = announcement % 2 ? text : `${text}\u00a0`;
}

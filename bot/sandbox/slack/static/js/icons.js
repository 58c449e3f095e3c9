/** The page's own icons, as SVG nodes: drawn in the text's colour, hidden from screen readers. */

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  attach: "M19 11.5 12 18.5a4.2 4.2 0 0 1-6-6l7.6-7.6a2.8 2.8 0 0 1 4 4L10 16.4a1.4 1.4 0 0 1-2-2l6.6-6.6",
  alert:
    "M12 8.5v4.5M12 16.4v.1M10.4 4.6 3.3 17a1.9 1.9 0 0 0 1.6 2.8h14.2a1.9 1.9 0 0 0 1.6-2.8L13.6 4.6a1.9 1.9 0 0 0-3.2 0z",
  bell: "M6.5 16.5h11l-1.4-2.2V10a4.1 4.1 0 0 0-8.2 0v4.3zM10.5 19.2a1.6 1.6 0 0 0 3 0M12 5.9V4.2",
  bolt: "M13 3.5 5.5 13.5H12L11 20.5 18.5 10.5H12z",
  check: "M5 12.5 10 17.5 19.5 7",
  chevron: "M9 6l6 6-6 6",
  close: "M6 6l12 12M18 6 6 18",
  cross: "M8 8l8 8M16 8l-8 8",
  down: "M12 5v14M6 13l6 6 6-6",
  dots: "M5.5 12h.1M12 12h.1M18.5 12h.1",
  eye: "M2.5 12s3.5-6.5 9.5-6.5 9.5 6.5 9.5 6.5-3.5 6.5-9.5 6.5S2.5 12 2.5 12zM12 14.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6z",
  hash: "M5 9h15M4 15h15M10.5 4 8.5 20M15.5 4l-2 16",
  home: "M4 11l8-7 8 7v8.5a.5.5 0 0 1-.5.5H14.5v-6h-5v6H4.5a.5.5 0 0 1-.5-.5z",
  info: "M12 11v6M12 7.4v.1M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
  lock: "M7.5 10.5V8a4.5 4.5 0 0 1 9 0v2.5M6 10.5h12v9.5H6z",
  menu: "M4 7h16M4 12h16M4 17h16",
  plan: "M9 6.5h11M9 12h11M9 17.5h11M4.3 6.5h.1M4.3 12h.1M4.3 17.5h.1",
  reply: "M20 12.5a7 7 0 0 1-7 7H5l1.6-2.8A7 7 0 1 1 20 12.5z",
  send: "M4.5 12h7M4.5 12 3.5 4.5 20.5 12 3.5 19.5z",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.5 14a4 4 0 0 0 7 0M9 9.5v.1M15 9.5v.1",
  thumbdown:
    "M16 4h3.5v9H16M16 4H8.2a2 2 0 0 0-2 1.6l-1.3 6A2 2 0 0 0 6.9 14H11l-.8 4.2a1.7 1.7 0 0 0 3.1 1.1L16 13z",
  thumbup:
    "M8 20H4.5v-9H8M8 20h7.8a2 2 0 0 0 2-1.6l1.3-6a2 2 0 0 0-2-2.4H13l.8-4.2a1.7 1.7 0 0 0-3.1-1.1L8 11z",
  trash: "M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13M10 11v5.5M14 11v5.5",
};

/** An icon by name (a key of PATHS); an unknown name gives an empty, still correctly sized, icon. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name] ?? "");
  svg.append(path);
  return svg;
}

/** Files that stand in a message: a picture is shown, any other is a name to click. */

import { el } from "./dom.js";
import { link } from "./mentions.js";

/** A list of the files, or null where there is none. */
export function attachedFiles(files) {
  if (!files?.length) return null;
  return el("ul", { class: "attached", data: { testid: "attached" } }, ...files.map(attached));
}

function attached(file) {
  const name = file.title || file.name;
  const size = `${file.pretty_type || "File"} · ${Math.max(1, Math.round(file.size / 1000)).toLocaleString()} kB`;
  return el(
    "li",
    { class: "attached-file", data: { testid: "attached-file" } },
    el("p", { class: "attached-name" }, link(file.permalink, name), el("span", { class: "attached-size", text: size })),
    file.mimetype?.startsWith("image/") &&
      link(
        file.permalink,
        el("img", {
          class: "attached-picture",
          src: new URL(file.permalink).pathname,
          alt: file.alt_txt || name,
          loading: "lazy",
          data: { testid: "attached-picture" },
        }),
      ),
  );
}

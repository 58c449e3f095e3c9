/** The table block: rows of raw text, numbers or rich text; the first row is the head. */

import { el } from "./dom.js";
import { richText } from "./richtext.js";

const ALIGNMENTS = new Set(["left", "center", "right"]);

export function table(block, names) {
  const settings = block.column_settings ?? [];
  const row = (cells, tag) =>
    el(
      "tr",
      {},
      ...cells.map((cell, column) =>
        el(
          tag,
          {
            scope: tag === "th" ? "col" : null,
            data: {
              align: ALIGNMENTS.has(settings[column]?.align) ? settings[column].align : null,
              wrap: settings[column]?.is_wrapped ? "" : null,
            },
          },
          content(cell, names),
        ),
      ),
    );
  const [head = [], ...body] = block.rows ?? [];
  // Wide tables scroll inside themselves; the keyboard must be able to do that too.
  return el(
    "div",
    { class: "table-scroll", tabindex: "0", role: "group", "aria-label": "Table" },
    el(
      "table",
      { class: "table" },
      el("thead", {}, row(head, "th")),
      el("tbody", {}, ...body.map((cells) => row(cells, "td"))),
    ),
  );
}

function content(cell, names) {
  if (cell?.type === "rich_text") return richText(cell, names);
  return String(cell?.text ?? cell?.value ?? "");
}

/** The file chooser of a form: each file is uploaded as it is chosen, and can be taken back. */

import { upload } from "./api.js";
import { el, uid } from "./dom.js";
import { icon } from "./icons.js";
import { toastFailure } from "./toast.js";

const MOST = 10;
const names = new Map(); // file id -> name, of all that were uploaded

/** Returns {node, input, read, write}: it reads as the list of the ids of what has been uploaded. */
export function fileChooser(element, use) {
  const most = element.max_files ?? MOST;
  let chosen = [];
  const list = el("ul", { class: "file-list" });
  const input = el("input", {
    ...use.labels,
    id: use.labels.id ?? uid("file"),
    type: "file",
    class: "file-input",
    multiple: most > 1,
    accept: element.filetypes?.map((kind) => `.${kind}`).join(",") ?? null,
    data: { testid: "file-input" },
    on: { change: () => add([...input.files]) },
  });
  const node = el("div", { class: "files" }, input, list);

  async function add(files) {
    node.setAttribute("aria-busy", "true");
    for (const file of files) {
      const answer = await upload(use.surface.names.me, file);
      if (!answer.ok) {
        toastFailure(answer);
        continue;
      }
      names.set(answer.file.id, answer.file.name);
      chosen.push(answer.file.id);
      draw();
    }
    node.removeAttribute("aria-busy");
    // The same file again would not be a change, and so could not be chosen after it was taken back.
    input.value = "";
  }

  function draw() {
    list.replaceChildren(...chosen.map(row));
  }

  function row(id) {
    const name = names.get(id) ?? id;
    return el(
      "li",
      { class: "file", data: { testid: "file" } },
      el("span", { class: "file-name", text: name }),
      el(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": `Remove ${name}`,
          on: {
            click: () => {
              chosen = chosen.filter((other) => other !== id);
              draw();
              input.focus();
            },
          },
        },
        icon("close"),
      ),
    );
  }

  return {
    node,
    input,
    read: () => [...chosen],
    write: (ids) => {
      chosen = [...(ids ?? [])];
      draw();
    },
  };
}

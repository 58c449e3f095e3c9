/** The app as an agent: what it suggests to write to it, how a session stands, and Stop. */

import { post } from "./api.js";
import { el, redraw } from "./dom.js";
import { toastFailure } from "./toast.js";

const WORDS = {
  processing: "works on it",
  suspended: "waits for somebody to decide",
};

export class Suggestions {
  /** Above the composer of the direct message with the app; `send(text)` sends what is pressed. */
  constructor(store, send) {
    this.store = store;
    this.send = send;
    this.root = el("div", { class: "prompts", role: "group", "aria-label": "Suggestions", hidden: true });
    this.opened = null;
  }

  render() {
    const { store } = this;
    const isShown = store.channel?.user === store.botId && store.tab === "messages";
    const place = isShown ? `${store.me}/${store.channelId}` : null;
    if (place && place !== this.opened) post("/ui/dm/opened", { user: store.me });
    this.opened = place;
    const prompts = isShown ? (store.channel.prompts ?? []) : [];
    this.root.hidden = !prompts.length;
    redraw(this.root, () =>
      prompts.map((prompt, index) =>
        el("button", {
          type: "button",
          class: "prompt",
          text: prompt.title,
          data: { key: `prompt-${index}`, testid: "prompt" },
          on: { click: () => this.send(prompt.message) },
        }),
      ),
    );
  }
}

/** How the session of a thread stands, with a Stop while something is done; null where nothing is to be said. */
export function sessionLine(store, channel, threadTs, name) {
  const status = channel.sessions?.[threadTs];
  if (!(status in WORDS)) return null;
  return el(
    "p",
    { class: "session", role: "status", data: { testid: "session" } },
    `${name} ${WORDS[status]}`,
    status === "processing" &&
      el("button", {
        type: "button",
        class: "session-stop",
        text: "Stop",
        data: { key: "session-stop", testid: "session-stop" },
        on: {
          click: async () => {
            const answer = await post("/ui/stop", {
              user: store.me,
              channel: channel.id,
              thread_ts: threadTs,
            });
            if (!answer.ok) toastFailure(answer);
          },
        },
      }),
  );
}

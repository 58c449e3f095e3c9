/** The box one writes in: for a channel, or for the replies of a thread. */

import { post, upload } from "./api.js";
import { el } from "./dom.js";
import { shortcutMenu } from "./gestures.js";
import { icon } from "./icons.js";
import { Suggestions } from "./suggest.js";
import { toastFailure } from "./toast.js";

const SLOW_MS = 1000;
const TALLEST_PX = 220;
const drafts = new Map(); // what was begun and not sent, by user, channel and thread

export class Composer {
  /**
   * `testid` names its parts for tests; `thread`: it writes into the open thread; `onSend()` is called at
   * each send.
   */
  constructor(store, { id, testid, thread = false, onSend = () => {} }) {
    this.store = store;
    this.onSend = onSend;
    this.thread = thread;
    this.field = el("textarea", {
      id,
      class: "composer-text",
      rows: "1",
      data: { testid, key: id },
      autocomplete: "off",
      spellcheck: "true",
      on: { keydown: (event) => this.#onKey(event), input: () => this.#onInput() },
    });
    this.suggestions = new Suggestions(this.field, store, { commands: !thread });
    this.hint = el("p", { class: "composer-hint", role: "status", data: { testid: `${testid}-hint` } });
    this.sendButton = el(
      "button",
      {
        type: "submit",
        class: "send",
        "aria-label": "Send",
        title: "Send (Enter)",
        disabled: true,
        data: { testid: thread ? "thread-send" : "send" },
      },
      icon("send"),
    );
    this.attached = []; // of what was chosen to be sent along: {id, name}
    this.files = el("ul", { class: "file-list" });
    this.fileInput = el("input", {
      type: "file",
      multiple: true,
      hidden: true,
      data: { testid: `${testid}-files` },
      on: { change: () => this.#attach([...this.fileInput.files]) },
    });
    const attachButton = el(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": "Attach a file",
        title: "Attach a file",
        on: { click: () => this.fileInput.click() },
      },
      icon("attach"),
    );
    this.shortcuts = el("span", {}); // until it is known which there are
    // Until it is known who writes, and where: what was typed before that would be lost.
    this.box = el(
      "fieldset",
      { class: "composer-box", disabled: true },
      attachButton,
      this.fileInput,
      this.shortcuts,
      this.field,
      this.sendButton,
    );
    this.node = el(
      "form",
      { class: "composer", on: { submit: (event) => this.#onSubmit(event) } },
      this.suggestions.list,
      this.files,
      this.box,
      this.hint,
    );
  }

  /** Turn to the channel (and thread) that is open now, with what was begun there. */
  render() {
    const place = this.#place();
    if (place !== this.place) {
      this.place = place;
      this.box.disabled = false;
      this.#set(drafts.get(place) ?? "");
    }
    if (this.store.shortcuts !== this.offered) this.#offer();
    const channel = this.store.channel;
    const name = channel ? (channel.is_im ? channel.name : `#${channel.name}`) : "";
    const label = this.thread ? "Reply…" : `Message ${name}`;
    this.field.placeholder = label;
    this.field.setAttribute("aria-label", this.thread ? "Reply in thread" : label);
  }

  focus() {
    this.field.focus();
  }

  /** Put text into the box for the person to send. */
  fill(text) {
    this.#set(text);
    this.focus();
  }

  #offer() {
    this.offered = this.store.shortcuts;
    this.shortcuts.replaceChildren(...(this.thread || !this.offered.length ? [] : [shortcutMenu(this.store)]));
  }

  #place() {
    return [this.store.me, this.store.channelId, this.thread ? this.store.threadTs : ""].join("/");
  }

  #set(text) {
    this.field.value = text;
    this.suggestions.close();
    this.#onInput();
  }

  #onInput() {
    if (this.field.value) drafts.set(this.place, this.field.value);
    else drafts.delete(this.place);
    this.#mayBeSent();
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, TALLEST_PX)}px`;
    this.#showHint();
  }

  #mayBeSent() {
    this.sendButton.disabled = this.field.value.trim() === "" && this.attached.length === 0;
  }

  async #attach(files) {
    for (const file of files) {
      const answer = await upload(this.store.me, file);
      if (answer.ok) this.attached.push(answer.file);
      else toastFailure(answer);
    }
    this.fileInput.value = "";
    this.#drawFiles();
  }

  #drawFiles() {
    this.files.replaceChildren(
      ...this.attached.map((file) =>
        el(
          "li",
          { class: "file", data: { testid: "attached" } },
          el("span", { class: "file-name", text: file.name }),
          el(
            "button",
            {
              type: "button",
              class: "icon-button",
              "aria-label": `Remove ${file.name}`,
              on: {
                click: () => {
                  this.attached = this.attached.filter((other) => other !== file);
                  this.#drawFiles();
                },
              },
            },
            icon("close"),
          ),
        ),
      ),
    );
    this.#mayBeSent();
  }

  #showHint() {
    const command = !this.thread && this.#command(this.field.value);
    // Said only for a command: the general hint is for the eye, and stays quiet.
    this.hint.textContent = command
      ? [`${command.command} ${command.usage_hint ?? ""}`.trim(), command.description]
          .filter(Boolean)
          .join(" · ")
      : "";
  }

  #command(text) {
    const word = text.trimStart().split(/\s/, 1)[0];
    return this.store.commands.find((command) => command.command === word) ?? null;
  }

  #onKey(event) {
    if (this.suggestions.onKey(event)) return;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#send();
  }

  #onSubmit(event) {
    event.preventDefault();
    this.#send();
    this.focus();
  }

  async #send() {
    const text = this.field.value.trim();
    const place = this.place;
    if ((!text && !this.attached.length) || !this.store.channelId) return;
    const files = this.attached.map((file) => file.id);
    const body = { user: this.store.me, channel: this.store.channelId, text, files };
    this.attached = [];
    this.#drawFiles();
    if (this.thread) body.thread_ts = this.store.threadTs;
    // Emptied at once, so that a second Enter can't send it twice; given back when sending fails.
    this.#set("");
    this.onSend();
    const command = !this.thread && this.#command(text);
    const waiting = command ? `Running ${command.command}…` : "Sending…";
    const slow = setTimeout(() => this.#wait(waiting), SLOW_MS);
    const answer = await post("/ui/message", body);
    clearTimeout(slow);
    this.node.removeAttribute("data-slow");
    this.#showHint();
    if (answer.ok) return;
    toastFailure(answer);
    if (!drafts.has(place)) drafts.set(place, text);
    if (this.place === place && !this.field.value) this.#set(text);
  }

  #wait(sentence) {
    this.node.toggleAttribute("data-slow", true);
    this.hint.textContent = sentence;
  }
}

/**
 * The live feed: server-sent events for one user. When the connection breaks, it starts over from a fresh
 * state instead of resuming, because the server may have been restarted meanwhile and count from one again.
 */

import { loadState } from "./api.js";

const EVENTS = [
  "message",
  "message_changed",
  "message_deleted",
  "ephemeral",
  "view_opened",
  "view_updated",
  "view_closed",
  "home_updated",
  "channel_joined",
  "notice",
  "status",
  "session",
  "prompts",
  "user_changed",
];
const FIRST_RETRY_MS = 400;
const LONGEST_RETRY_MS = 5000;

export class Feed {
  /** `onState(state)`, `onEvent(name, data)` and `onConnection(connected)` are called as things arrive. */
  constructor({ onState, onEvent, onConnection }) {
    this.onState = onState;
    this.onEvent = onEvent;
    this.onConnection = onConnection;
    this.source = null;
    this.retry = null;
    this.generation = 0;
    // A tab that wakes up, or a network that comes back, needn't sit out the rest of the wait.
    window.addEventListener("online", () => this.#hurry());
    document.addEventListener(
      "visibilitychange",
      () => document.visibilityState === "visible" && this.#hurry(),
    );
  }

  /** Load the state of `user` and follow it. A later call replaces this one. */
  async start(user) {
    this.stop();
    this.generation += 1;
    this.user = user;
    this.delay = FIRST_RETRY_MS;
    await this.#connect(this.generation);
  }

  stop() {
    clearTimeout(this.retry);
    this.retry = null;
    this.source?.close();
    this.source = null;
  }

  async #connect(generation) {
    let state = await loadState(this.user);
    // After a restart of the server the user's id may be gone: then begin as whoever is first.
    if (state.error === "user_not_found") state = await loadState(undefined);
    if (generation !== this.generation) return;
    if (!state.ok) {
      this.#retryLater(generation);
      return;
    }
    this.user = state.me;
    this.onState(state);
    this.#listen(state, generation);
  }

  #listen(state, generation) {
    const after = encodeURIComponent(state.last_event_id);
    const source = new EventSource(`/ui/events?user=${encodeURIComponent(state.me)}&after=${after}`);
    this.source = source;
    source.addEventListener("open", () => {
      if (this.source !== source) return;
      this.delay = FIRST_RETRY_MS;
      this.onConnection(true);
    });
    source.addEventListener("error", () => {
      if (this.source !== source) return;
      source.close();
      this.source = null;
      this.#retryLater(generation);
    });
    source.addEventListener("reset", () => {
      if (this.source !== source) return;
      source.close();
      this.source = null;
      this.#connect(generation);
    });
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => {
        if (this.source === source) this.onEvent(name, JSON.parse(event.data));
      });
    }
  }

  #retryLater(generation) {
    this.onConnection(false);
    this.retry = setTimeout(() => {
      this.retry = null;
      this.#connect(generation);
    }, this.delay);
    this.delay = Math.min(this.delay * 2, LONGEST_RETRY_MS);
  }

  #hurry() {
    if (this.retry === null) return;
    clearTimeout(this.retry);
    this.retry = null;
    this.#connect(this.generation);
  }
}

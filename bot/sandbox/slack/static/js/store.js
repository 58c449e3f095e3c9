/**
 * What the page knows: the server's state for one user, plus what is only the page's own (which channel and
 * thread are open, what is unread). Views listen for "change" and draw from here; nobody else keeps copies.
 */

// Slack's own command, which no app has registered: a bot must be in a channel before it can post there.
const INVITE = { command: "/invite", description: "Add someone to this channel", usage_hint: "@name" };
const SLACKBOT = { id: "USLACKBOT", name: "slackbot", real_name: "Slackbot", is_bot: true, color: "5a6472" };

export class Store extends EventTarget {
  constructor() {
    super();
    this.loaded = false;
    this.me = null;
    this.team = { name: "" };
    this.banner = "";
    this.users = new Map();
    this.groups = new Map();
    this.commands = [];
    this.shortcuts = [];
    this.channels = new Map();
    this.views = [];
    this.home = null;
    this.channelId = null;
    this.threadTs = null;
    this.tab = "messages";
    this.unread = new Map();
    this.statuses = new Map(); // what the bot is about, by channel and thread
  }

  /** Take over a whole state. Channel and thread stay open where they still exist. */
  load(state) {
    const sameUser = this.me === state.me;
    this.loaded = true;
    this.me = state.me;
    this.team = state.team;
    this.banner = state.banner;
    this.hasSwitch = state.has_switch;
    this.botId = state.bot.id;
    this.commands = [...state.commands.filter((known) => known.command !== INVITE.command), INVITE];
    this.shortcuts = state.shortcuts;
    this.views = state.views;
    this.home = state.home;
    this.groups = new Map(state.groups.map((group) => [group.id, group]));
    this.users = new Map([SLACKBOT, ...state.users].map((user) => [user.id, user]));
    this.channels = new Map(state.channels.map((channel) => [channel.id, sorted(channel)]));
    this.statuses = new Map(
      state.channels.flatMap((channel) =>
        Object.entries(channel.statuses).map(([ts, text]) => [`${channel.id}/${ts}`, text]),
      ),
    );
    if (!sameUser) this.unread.clear();
    if (!this.channels.has(this.channelId)) {
      this.channelId = state.channels[0]?.id ?? null;
      this.tab = "messages";
    }
    if (this.threadTs && !this.message(this.channelId, this.threadTs)) this.threadTs = null;
    this.#changed({ what: "all" });
  }

  /** Apply one event of the feed. */
  apply(name, data) {
    if (name === "message" || name === "ephemeral") this.#put(data, true);
    else if (name === "message_changed") this.#put(data, false);
    else if (name === "message_deleted") this.#drop(data);
    else if (name === "channel_joined") this.#join(data.channel);
    else if (name === "status") this.#show(data);
    else if (name === "session") this.#stand(data);
    else if (name === "prompts") this.#suggest(data);
    else if (name === "user_changed") this.#set({ users: new Map(this.users).set(data.user.id, data.user) }, "all");
    else if (name === "home_updated") this.#set({ home: data.view }, "home");
    else if (name === "view_opened") this.#set({ views: [...this.views, data.view] }, "views");
    else if (name === "view_updated") this.#set({ views: replaceView(this.views, data.view) }, "views");
    else if (name === "view_closed")
      this.#set({ views: this.views.filter((v) => v.id !== data.view_id) }, "views");
  }

  open(channelId, { tab = "messages" } = {}) {
    if (channelId !== this.channelId) this.threadTs = null;
    this.channelId = channelId;
    this.tab = tab;
    this.unread.delete(channelId);
    this.#changed({ what: "channel" });
  }

  openThread(ts) {
    this.threadTs = ts;
    this.#changed({ what: "thread" });
  }

  get channel() {
    return this.channels.get(this.channelId) ?? null;
  }

  /** Everyone but Slackbot, who is known only so that its notices have a name. */
  get people() {
    return [...this.users.values()].filter((user) => user.id !== SLACKBOT.id);
  }

  user(id) {
    return this.users.get(id);
  }

  channelById(id) {
    return this.channels.get(id);
  }

  message(channelId, ts) {
    return this.channels.get(channelId)?.messages.find((message) => message.ts === ts) ?? null;
  }

  /** What stands in the channel itself: everything but the replies inside threads. */
  roots(channelId) {
    return (this.channels.get(channelId)?.messages ?? []).filter((m) => !m.thread_ts || m.thread_ts === m.ts);
  }

  replies(channelId, threadTs) {
    const all = this.channels.get(channelId)?.messages ?? [];
    return all.filter((message) => message.thread_ts === threadTs && message.ts !== threadTs);
  }

  /** What the bot is about in the thread below a message; empty where it is about nothing. */
  status(channelId, ts) {
    return this.statuses.get(`${channelId}/${ts}`) ?? "";
  }

  /** What rings for this user, the last first: what others write in direct messages, or where they name them. */
  rings() {
    const named = `<@${this.me}>`;
    return [...this.channels.values()]
      .flatMap((channel) =>
        channel.messages.filter(
          (message) =>
            message.user !== this.me &&
            !message.ephemeral &&
            (channel.is_im || (message.text ?? "").includes(named)),
        ),
      )
      .sort((a, b) => (a.ts < b.ts ? 1 : -1));
  }

  /** How many replies in each thread only this user sees: thread ts -> count. */
  privateReplies(channelId) {
    const counts = new Map();
    for (const message of this.channels.get(channelId)?.messages ?? []) {
      if (!message.ephemeral || !message.thread_ts) continue;
      counts.set(message.thread_ts, (counts.get(message.thread_ts) ?? 0) + 1);
    }
    return counts;
  }

  #put({ channel: channelId, message }, isNew) {
    const channel = this.channels.get(channelId);
    if (!channel) return;
    const index = channel.messages.findIndex((known) => known.ts === message.ts);
    if (index >= 0) channel.messages[index] = message;
    else channel.messages.push(message);
    sorted(channel);
    if (isNew && index < 0 && channelId !== this.channelId && message.user !== this.me) {
      this.unread.set(channelId, (this.unread.get(channelId) ?? 0) + 1);
    }
    this.#changed({ what: "messages", channelId, message, isNew: isNew && index < 0 });
  }

  #drop({ channel: channelId, ts }) {
    const channel = this.channels.get(channelId);
    if (!channel) return;
    channel.messages = channel.messages.filter((message) => message.ts !== ts);
    if (this.threadTs === ts && this.channelId === channelId) this.openThread(null);
    this.#changed({ what: "messages", channelId, isNew: false });
  }

  #show({ channel: channelId, thread_ts: ts, text }) {
    const key = `${channelId}/${ts}`;
    if (text) this.statuses.set(key, text);
    else this.statuses.delete(key);
    this.#changed({ what: "messages", channelId, isNew: false });
  }

  #stand({ channel: channelId, thread_ts: ts, status }) {
    const channel = this.channels.get(channelId);
    if (channel) channel.sessions = { ...channel.sessions, [ts]: status };
    this.#changed({ what: "messages", channelId, isNew: false });
  }

  #suggest({ channel: channelId, prompts }) {
    const channel = this.channels.get(channelId);
    if (channel) channel.prompts = prompts;
    this.#changed({ what: "messages", channelId, isNew: false });
  }

  #join(channel) {
    this.channels.set(channel.id, sorted(channel));
    this.#changed({ what: "channels" });
  }

  #set(fields, what) {
    Object.assign(this, fields);
    this.#changed({ what });
  }

  #changed(detail) {
    this.dispatchEvent(new CustomEvent("change", { detail }));
  }
}

function sorted(channel) {
  // A ts is seconds and a counter, both of fixed width: text order is time order.
  channel.messages.sort((a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : 0));
  return channel;
}

function replaceView(views, view) {
  return views.map((known) => (known.id === view.id ? view : known));
}

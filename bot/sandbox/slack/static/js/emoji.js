/** Emoji by their Slack names: the few that bots in this trade use. Others stay visible as `:name:`. */

import { el } from "./dom.js";

const EMOJI = new Map(
  Object.entries({
    "+1": "👍",
    "-1": "👎",
    alarm_clock: "⏰",
    ambulance: "🚑",
    arrow_right: "➡️",
    arrows_counterclockwise: "🔄",
    ballot_box_with_check: "☑️",
    bar_chart: "📊",
    bell: "🔔",
    bulb: "💡",
    bust_in_silhouette: "👤",
    calendar: "📅",
    camera: "📷",
    checkered_flag: "🏁",
    clipboard: "📋",
    construction: "🚧",
    construction_worker: "👷",
    cyclone: "🌀",
    droplet: "💧",
    electric_plug: "🔌",
    envelope: "✉️",
    exclamation: "❗",
    eyes: "👀",
    fire: "🔥",
    fire_engine: "🚒",
    gear: "⚙️",
    hammer: "🔨",
    hammer_and_wrench: "🛠️",
    heavy_check_mark: "✔️",
    hourglass: "⌛",
    hourglass_flowing_sand: "⏳",
    house: "🏠",
    inbox_tray: "📥",
    information_source: "ℹ️",
    key: "🔑",
    large_blue_circle: "🔵",
    large_green_circle: "🟢",
    large_orange_circle: "🟠",
    large_red_circle: "🔴",
    large_yellow_circle: "🟡",
    link: "🔗",
    lock: "🔒",
    mag: "🔍",
    mega: "📣",
    memo: "📝",
    motorway: "🛣️",
    mudda: "🏙️",
    no_entry: "⛔",
    no_entry_sign: "🚫",
    octagonal_sign: "🛑",
    outbox_tray: "📤",
    package: "📦",
    page_facing_up: "📄",
    paperclip: "📎",
    pencil: "📝",
    pencil2: "✏️",
    phone: "☎️",
    police_car: "🚓",
    potable_water: "🚰",
    pray: "🙏",
    pushpin: "📌",
    question: "❓",
    raised_hands: "🙌",
    repeat: "🔁",
    robot_face: "🤖",
    rocket: "🚀",
    rotating_light: "🚨",
    round_pushpin: "📍",
    satellite: "📡",
    scroll: "📜",
    shield: "🛡️",
    slightly_smiling_face: "🙂",
    smile: "😄",
    sparkles: "✨",
    speech_balloon: "💬",
    stop_sign: "🛑",
    stopwatch: "⏱️",
    sweat_drops: "💦",
    tada: "🎉",
    telephone_receiver: "📞",
    thinking_face: "🤔",
    thumbsdown: "👎",
    thumbsup: "👍",
    ticket: "🎫",
    traffic_light: "🚥",
    truck: "🚚",
    unlock: "🔓",
    vertical_traffic_light: "🚦",
    warning: "⚠️",
    wastebasket: "🗑️",
    wave: "👋",
    white_check_mark: "✅",
    white_circle: "⚪",
    wrench: "🔧",
    x: "❌",
    zap: "⚡",
  }),
);

/** A node for `:name:`; an unknown name is shown as it was written. */
export function emoji(name, given = null) {
  const glyph = given ?? EMOJI.get(name);
  if (!glyph) return document.createTextNode(`:${name}:`);
  return el("span", {
    class: "emoji",
    role: "img",
    "aria-label": `${name} emoji`,
    title: `:${name}:`,
    text: glyph,
  });
}

/** Plain text with its `:name:` emoji shown; all else stays literal. */
export function withEmoji(text) {
  return text.split(/:([a-z0-9_+'-]+):/).map((part, index) => (index % 2 ? emoji(part) : part));
}

/** Emoji given as the hexadecimal code points of rich text ("1f6b0", "26a0-fe0f"); null when they are none. */
export function fromCodePoints(hex) {
  const points = (hex ?? "").split("-").map((part) => Number.parseInt(part, 16));
  return points.every((point) => point > 0 && point <= 0x10ffff) ? String.fromCodePoint(...points) : null;
}

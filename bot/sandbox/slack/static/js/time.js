/** Times in words, in the reader's own zone and language. All functions take Unix seconds. */

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const CLOCK_SECONDS = new Intl.DateTimeFormat(undefined, {
  hour: "numeric",
  minute: "2-digit",
  second: "2-digit",
});
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });
const NUMERIC = { year: "numeric", month: "2-digit", day: "2-digit" };
const DATES = {
  date: { year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
  day_divider: { weekday: "long", month: "long", day: "numeric" },
};
const DAY_S = 86_400;

const asDate = (seconds) => new Date(Number(seconds) * 1000);

function dated(seconds, style) {
  return new Intl.DateTimeFormat(undefined, DATES[style]).format(asDate(seconds));
}

/** A key that is equal for two times on the same calendar day. */
export function dayOf(seconds) {
  return asDate(seconds).toDateString();
}

function relativeDay(seconds, now) {
  if (dayOf(seconds) === dayOf(now)) return "Today";
  if (dayOf(seconds) === dayOf(now - DAY_S)) return "Yesterday";
  if (dayOf(seconds) === dayOf(now + DAY_S)) return "Tomorrow";
  return null;
}

export const clock = (seconds) => CLOCK.format(asDate(seconds));
export const full = (seconds) => FULL.format(asDate(seconds));

/** "Today", "Yesterday" or the date, for the line between two days of messages. */
export function dayLabel(seconds, now) {
  return relativeDay(seconds, now) ?? dated(seconds, "day_divider");
}

function ago(seconds, now) {
  const distance = Number(seconds) - now;
  const format = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  for (const [unit, size] of [
    ["day", DAY_S],
    ["hour", 3600],
    ["minute", 60],
  ]) {
    if (Math.abs(distance) >= size) return format.format(Math.trunc(distance / size), unit);
  }
  return format.format(Math.trunc(distance), "second");
}

/**
 * Slack's date formats: `pattern` is text with tokens such as {date_short} or {time}. Unknown tokens stay as
 * they are; null when `seconds` is no time, so that the caller shows the fallback.
 */
export function formatDate(seconds, pattern, now = Date.now() / 1000) {
  if (seconds === "" || !Number.isFinite(Number(seconds)) || Number.isNaN(asDate(seconds).valueOf()))
    return null;
  return pattern.replace(/\{([a-z_]+)\}/g, (token, name) => {
    const pretty = name.endsWith("_pretty");
    const style = pretty ? name.slice(0, -"_pretty".length) : name;
    if (style === "time") return clock(seconds);
    if (style === "time_secs") return CLOCK_SECONDS.format(asDate(seconds));
    if (style === "ago") return ago(seconds, now);
    if (style === "date_num") return new Intl.DateTimeFormat("en-CA", NUMERIC).format(asDate(seconds));
    if (style === "date_slash") return new Intl.DateTimeFormat("en-US", NUMERIC).format(asDate(seconds));
    if (!(style in DATES)) return token;
    return (pretty && relativeDay(seconds, now)) || dated(seconds, style);
  });
}

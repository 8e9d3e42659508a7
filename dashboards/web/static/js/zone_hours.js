// Whether a zone counts at a moment, by the clock of where the resident lives.

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** `to` at or before `from` is on the day after; days are those on which it begins to count. @param {import("./types.js").ZoneHours | null | undefined} hours @param {number} at ms @param {string} [timezone] */
export function countsAt(hours, at, timezone) {
  if (!hours) return true;
  const parts = new Intl.DateTimeFormat("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: timezone || undefined }).formatToParts(at);
  const part = (/** @type {string} */ type) => parts.find((each) => each.type === type)?.value ?? "";
  const clock = `${part("hour")}:${part("minute")}`;
  const today = DAYS.indexOf(part("weekday"));
  const begun = hours.days.includes(today), begunYesterday = hours.days.includes((today + 6) % 7);
  if (hours.to > hours.from) return begun && hours.from <= clock && clock < hours.to;
  return (begun && clock >= hours.from) || (begunYesterday && clock < hours.to);
}

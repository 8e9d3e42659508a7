// Where somebody is who is looked for: asks again and again, draws the way as it grows, and says it in words.

import { direction, fromHome, metres } from "./bearings.js";
import { openChart } from "./chart.js";
import { learn, now } from "./clock.js";
import { h } from "./dom.js";
import { ago, t, textOr } from "./i18n.js";
import { countsAt } from "./zone_hours.js";

/**
 * @typedef {import("./types.js").Search} Search
 * @typedef {import("./types.js").TrackPoint} TrackPoint
 */

const ASK_EVERY_MS = 4000;
const WHEN_ENDED_MS = 30_000;
/** So long after the end the server still tells how they came back (ADR 36), and a little more. */
const AFTERWARDS_MS = 11 * 60_000;
const LOST_AFTER_MS = 15_000;
/** What passes with time, as how far somebody can have walked, is drawn anew so often. */
const DRAW_ANEW_MS = 30_000;
const FIXES_TOLD = 30;
const STANDS_MS = 120_000;
/** What was heard so long ago says how they moved, not how they move. */
const STALE_MS = 120_000;
const WALKS_MPS = 0.3;
/** A band that has not answered in so long is told of; the timeline says so then, too (ADR 36). */
const OBEYS_WITHIN_MS = 60_000;

/**
 * @type {import("./types.js").Component}
 * `data-source`: what is asked; `data-scene`: what is known when the page opens. `.map` holds the map, `data-where` the words.
 */
export function whereabouts(root, signal) {
  void follow(root, signal);
}

/** @param {HTMLElement} root @param {AbortSignal} signal */
async function follow(root, signal) {
  const chart = await openChart(root, signal);
  if (!chart) return;
  /** @type {Map<number, TrackPoint>} */
  const track = new Map();
  let cursor = "";
  let heard = now();
  /** @type {Search | null} */
  let known = null;
  let timer = 0;
  let drawn = "";
  if (root.dataset.scene) chart.show(JSON.parse(root.dataset.scene));
  const whole = root.querySelector("[data-whole]");
  whole?.addEventListener("click", () => {
    const wide = whole.getAttribute("aria-pressed") !== "true";
    whole.setAttribute("aria-pressed", String(wide));
    chart.takeIn(wide);
  }, { signal });

  const tell = () => {
    const lost = root.querySelector("[data-lost]");
    if (lost instanceof HTMLElement) lost.hidden = known?.ended === true || now() - heard < LOST_AFTER_MS;
    if (known) say(root, known, [...track.values()]);
  };
  const ask = async () => {
    clearTimeout(timer);
    try {
      const response = await fetch(`${root.dataset.source}${cursor && `?after=${cursor}`}`, { headers: { Accept: "application/json" }, signal });
      if (response.ok) {
        known = /** @type {Search} */ (await response.json());
        heard = now();
        learn(known.as_of);
        cursor = String(known.track.cursor);
        for (const fix of known.track.items) track.set(fix.t, fix);
        const stamp = JSON.stringify([track.size, known.last_fix?.t, known.last_certain?.t, known.ended, known.zones, known.places.length, Math.floor(now() / DRAW_ANEW_MS)]);
        if (stamp !== drawn) chart.show(sceneOf(known, [...track.values()], root.dataset.timezone));
        drawn = stamp;
        document.dispatchEvent(new CustomEvent("whereabouts", { detail: known }));
      } else if (response.status === 401 || response.status === 410) {
        location.reload();
        return;
      }
    } catch {
      if (signal.aborted) return;
    }
    tell();
    // Once it is over somebody may still be on the way back; after that only a new word of the alarm begins it anew.
    if (!known?.end || now() - known.end.t < AFTERWARDS_MS) timer = setTimeout(next, known?.ended ? WHEN_ENDED_MS : ASK_EVERY_MS);
  };
  const next = () => { if (!document.hidden) void ask(); };
  const ticking = setInterval(tell, 1000);
  signal.addEventListener("abort", () => { clearTimeout(timer); clearInterval(ticking); });
  for (const call of ["alarm-seen", "whereabouts-asked", "visibilitychange"]) document.addEventListener(call, next, { signal });
  await ask();
}

/** @param {Search} known @param {TrackPoint[]} track @param {string | undefined} timezone @returns {import("./types.js").MapScene} */
function sceneOf(known, track, timezone) {
  return {
    home: known.home, zones: known.zones.map((zone) => ({ ...zone, counts: countsAt(zone.active, now(), timezone) })), places: known.places, reach: known.ended ? null : known.reach,
    track: track.sort((a, b) => a.t - b.t), fix: known.last_fix, certain: known.last_certain,
    moment: momentOf(known, track), focus: focusOf(known, track),
  };
}

/** Of whoever walks about without getting anywhere, only where they do. @param {Search} known @param {TrackPoint[]} track */
function focusOf({ movement, ended }, track) {
  const roaming = ended ? null : movement?.roaming;
  return roaming ? track.filter((fix) => fix.sure !== false && fix.t >= roaming.from_ms) : undefined;
}

/** Where the alarm came: the fix of its moment, else the one before it. @param {Search} known @param {TrackPoint[]} track */
function momentOf(known, track) {
  return track.findLast((fix) => fix.sure !== false && fix.t <= known.alarm.event_time) ?? null;
}

/** @param {HTMLElement} root @param {Search} known @param {TrackPoint[]} track */
function say(root, known, track) {
  const { last_certain: certain, last_fix: last, movement, battery, reach, home } = known;
  const passed = (/** @type {number} */ then) => ago(now() - then);
  const accuracy = (/** @type {TrackPoint} */ fix) => (fix.accuracy_m ? ` · ${t("link.accuracy", { m: metres(fix.accuracy_m) })}` : "");
  const device = known.devices.find((each) => each.following) ?? known.devices[0];
  const heardAt = Math.max(0, ...known.devices.map((each) => each.heard_at ?? 0));
  put(root, "certain", certain && [fromHome(home, certain) || t("link.home_unknown"), `${passed(certain.t)}${accuracy(certain)}`]);
  put(root, "doubtful", last && last.t !== certain?.t && [fromHome(home, last) || t("link.home_unknown"), `${passed(last.t)}${accuracy(last)}`]);
  put(root, "movement", movement && movementIn(movement, certain && now() - certain.t > STALE_MS ? passed(certain.t) : ""));
  put(root, "left", known.left_at !== null && [passed(known.left_at), ""]);
  put(root, "reach", !known.ended && reach && [metres(reach.radius_m), t("where.reach_since", { ago: passed(reach.since_ms) })]);
  put(root, "battery", battery && [`${Math.round(battery.pct)} %`, battery.charging ? t("evidence.charging") : passed(battery.t)]);
  put(root, "heard", heardAt > 0 && [passed(heardAt), paceOf(known, device)]);
  put(root, "ended", known.end && [t("where.ended", { at: clockOf(known.end.t, root.dataset.timezone).slice(0, 5), how: endOf(known.end.how) }), ""]);
  put(root, "disobeys", !known.ended && disobeys(device) && [t("where.disobeys", { why: t(`follow.why.${device?.following?.failed ?? "no_answer"}`) }), ""]);
  put(root, "found", !known.ended && reach?.found_within_m?.length && [reach.found_within_m.map((each) => t("where.share", { n: Math.round(each.share * 100), m: metres(each.m) })).join(t("list.comma")), ""]);
  for (const part of root.querySelectorAll("[data-if]")) {
    const { if: name = "" } = /** @type {HTMLElement} */ (part).dataset;
    /** @type {HTMLElement} */ (part).hidden = !shown(known, name);
  }
  const body = root.querySelector("[data-fixes]");
  if (body && body instanceof HTMLElement && body.dataset.count !== `${track.length} ${last?.t}`) {
    body.dataset.count = `${track.length} ${last?.t}`;
    body.replaceChildren(...track.slice(-FIXES_TOLD).reverse().map((fix) => h("tr", {},
      h("th", { scope: "row" }, clockOf(fix.t, root.dataset.timezone)),
      h("td", {}, fromHome(home, fix)),
      h("td", {}, fix.accuracy_m ? `±${metres(fix.accuracy_m)}` : "", fix.sure === false && ` · ${t("where.not_sure")}`))));
  }
}

/** What the legend and notes depend on. @param {Search} known @param {string} name */
function shown(known, name) {
  const { last_certain: certain, last_fix: last } = known;
  switch (name) {
    case "learning": return known.places_known === false;
    case "places": return known.places.length > 0;
    case "doubtful": return last !== null && last.t !== certain?.t;
    case "reach": return known.reach !== null && !known.ended;
    case "found": return !known.ended && (known.reach?.found_within_m?.length ?? 0) > 0;
    case "ended": return known.ended;
    case "searching": return !known.ended;
    case "disobeys": return !known.ended && disobeys(known.devices.find((each) => each.following) ?? known.devices[0]);
    case "withheld": return known.withheld === true;
    case "nowhere": return known.withheld !== true && last === null;
    default: return true;
  }
}

/** How it ended, in words. @param {string} how */
function endOf(how) {
  return how === "recovered" ? t("where.ended.recovered") : textOr(`result.${how}`, t(`state.${how}`));
}

/** Whether a band was asked for frequent positions a while ago, and has not obeyed. @param {Search["devices"][number] | undefined} device */
function disobeys(device) {
  return device?.following?.state === "asked" && (Boolean(device.following.failed) || now() - device.following.since_ms > OBEYS_WITHIN_MS);
}

/** How often a band tells where it is: only what it has confirmed. @param {Search} known @param {Search["devices"][number] | undefined} device */
function paceOf(known, device) {
  if (device?.online === false) return t("device.offline");
  if (known.ended || !device?.following) return "";
  if (device.following.state === "obeyed") return t("where.every", { n: device.following.position_s });
  return device.following.state === "asked" ? t("where.asked_every", { n: device.following.position_s }) : "";
}

/** How they moved when they were last heard of; `then`: how long ago, where that is no longer now. @param {NonNullable<Search["movement"]>} movement @param {string} then */
function movementIn({ standing_ms: standing, speed_mps: speed, heading_deg: heading, roaming }, then) {
  if (roaming) {
    const about = t("where.roams", { within: metres(roaming.within_m) });
    const how = t(roaming.turns > 1 ? "where.roams_turning" : "where.roams_how", { time: minutes(Math.max(60_000, now() - roaming.from_ms)), walked: metres(roaming.walked_m), n: roaming.turns });
    return [about, then ? `${how} · ${then}` : how];
  }
  if (standing >= STANDS_MS) return [t("where.stands", { time: minutes(standing) }), then];
  if (speed === null) return heading === null ? null : [t("where.moves_to", { direction: direction(heading) }), then];
  if (speed < WALKS_MPS) return [t("where.hardly_moves"), then];
  const fast = t("where.speed", { n: (speed * 3.6).toFixed(1) });
  return [heading === null ? t("where.moves") : t("where.moves_to", { direction: direction(heading) }), then ? `${fast} · ${then}` : fast];
}

/** @param {number} ms */
function minutes(ms) {
  const whole = Math.round(ms / 60_000);
  return whole < 120 ? t("duration.min", { n: whole }) : t("duration.h_min", { h: Math.floor(whole / 60), n: whole % 60 });
}

/** @param {number} at @param {string} [timezone] */
function clockOf(at, timezone) {
  return new Date(at).toLocaleTimeString("sv-SE", { timeZone: timezone || undefined });
}

/**
 * Fill a place for words, or hide the part around it where there are none.
 * @param {HTMLElement} root
 * @param {string} name
 * @param {string[] | null | undefined | false | 0} words the fact, and what stands small below it
 */
function put(root, name, words) {
  const place = root.querySelector(`[data-where="${name}"]`);
  if (!(place instanceof HTMLElement)) return;
  const part = place.closest("dl > div");
  if (part instanceof HTMLElement) part.hidden = !words;
  if (!words) return;
  const text = words.join("\n");
  if (place.dataset.said === text) return;
  place.dataset.said = text;
  place.replaceChildren(words[0] ?? "", words[1] ? h("span", { class: "soft" }, words[1]) : "");
}

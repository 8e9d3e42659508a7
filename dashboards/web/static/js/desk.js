// What stays while pages change: the stream, the sound, the counts in title and favicon, the banners.

import { beginsToCall, criesAgain, foundBy, isOutdated, learnNameOf, measured, put, reload, untaken } from "./book.js";
import { nameOf } from "./card.js";
import { call } from "./api.js";
import { learn, now, tick } from "./clock.js";
import { h, hide, icon, need, say, toast } from "./dom.js";
import { t } from "./i18n.js";
import * as sound from "./sound.js";
import { notify, withdraw } from "./notify.js";
import { Polling } from "./polling.js";
import { Stream } from "./stream.js";

/** @typedef {import("./types.js").Pulse} Pulse */

const PULSE_MS = 3000;
const RELOAD_MS = 2000;
const SAME_CLOCK = document.documentElement.dataset.sameClock === "yes";
const MEASURABLE_MS = 60_000;

export const stream = new Stream();
export const polling = new Polling(stream, (alarm) => arrived(alarm, performance.timeOrigin + performance.now()), changed);
/** @type {Pulse | null} */
let pulse = null;

/**
 * Load what is active and listen from there on; tries until it works.
 * @param {Promise<unknown>} [parts] what the page waits for before it is ready; alarms do not
 */
export async function open(parts) {
  try {
    stream.start(await reload());
  } catch {
    setTimeout(() => void open(parts), RELOAD_MS);
    return;
  }
  changed();
  await parts;
  document.documentElement.dataset.ready = "yes";
  document.dispatchEvent(new Event("book-ready"));
  changed();
}

stream.addEventListener("alarm", (event) => {
  const { alarm, received } = /** @type {CustomEvent} */ (event).detail;
  arrived(alarm, received);
});

/** What is new of an alarm, by whatever way. @param {import("./types.js").Alarm} alarm @param {number} received ms of this browser's clock */
function arrived(alarm, received) {
  if (isOutdated(alarm)) return;
  const again = criesAgain(alarm);
  const calls = beginsToCall(alarm);
  const finder = foundBy(alarm);
  const isNew = put(alarm);
  if (again) callAttention(alarm);
  if (finder) tellFound(alarm, finder);
  if (again || (isNew && alarm.state === "open" && alarm.severity === "critical")) sound.mute(false);
  if (calls) notify(alarm);
  if (isNew && SAME_CLOCK && !alarm.late && alarm.version === 1 && (alarm.kind === "sos" || alarm.kind === "fall")) {
    const ms = Math.max(1, Math.round(received - alarm.event_time));
    if (ms < MEASURABLE_MS) measured.set(alarm.id, ms);
  }
  changed();
  document.dispatchEvent(new CustomEvent("alarm-seen", { detail: alarm }));
  void learnNameOf(alarm).then((learnt) => { if (learnt) changed(); });
}

stream.addEventListener("reset", () => void open());
stream.addEventListener("lost", changed);
stream.addEventListener("back", changed);
document.addEventListener("book-changed", frame);
document.addEventListener("sound-changed", frame);

/** What somebody has, and is at, sounds once: it needs no second hand, but that one must know. @param {import("./types.js").Alarm} alarm */
function callAttention(alarm) {
  const tone = sound.toneFor([alarm.severity]);
  if (tone) sound.play(tone);
  toast(t("act.again", { who: nameOf(alarm), what: t(`state.${alarm.state}`) }), "warn");
}

/** Somebody in the street has pressed that they have found them: the desk hears it, and must make sure. @param {import("./types.js").Alarm} alarm @param {string} person */
function tellFound(alarm, person) {
  sound.play("medium");
  toast(t("act.helper_found", { who: nameOf(alarm), person }), "good");
}

function changed() {
  document.dispatchEvent(new Event("book-changed"));
}

/** Renew what is around the page: sound, counts, banners. */
function frame() {
  const waiting = untaken();
  sound.ring(sound.toneFor(waiting.map((alarm) => alarm.severity)) ?? (stream.isLost ? "lost" : null));
  withdraw(new Set(waiting.map((alarm) => alarm.id)));
  const badge = need(document, "#now-badge");
  say(badge, String(waiting.length));
  hide(badge, waiting.length === 0);
  drawFavicon(waiting.length);
  retitle();
  const lost = need(document, "#banner-lost");
  if (stream.isLost) say(need(lost, "span"), t(polling.works ? "banner.polling" : "banner.lost"));
  hide(lost, !stream.isLost);
  hide(need(document, "#banner-sound"), !isDeaf());
  document.documentElement.dataset.sound = sound.isUnlocked() ? "on" : "off";
}

/** Whether the browser wants a click before this page may sound, and nothing on it says so yet. */
function isDeaf() {
  return !sound.isUnlocked() && document.querySelector("[data-component=soundtest]") === null;
}

/** Put before the page's title how many wait, and that none would be heard; called again whenever a page brings a new title. */
export function retitle() {
  const bare = document.title.replace(t("sound.off_title"), "").replace(/^\(\d+\) /, "");
  const count = untaken().length;
  const wanted = `${isDeaf() ? t("sound.off_title") : ""}${count ? `(${count}) ` : ""}${bare}`;
  if (document.title !== wanted) document.title = wanted;
}

let faviconSays = "";

/** @param {number} count */
function drawFavicon(count) {
  const says = count > 9 ? "9+" : String(count);
  if (says === faviconSays) return;
  faviconSays = says;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.fillStyle = count ? "#b00f1e" : "#0a6650";
  pen.beginPath();
  pen.roundRect(0, 0, 64, 64, 16);
  pen.fill();
  pen.fillStyle = pen.strokeStyle = "#fff";
  if (count) {
    pen.font = "bold 42px sans-serif";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(says, 32, 35);
  } else {
    pen.lineWidth = 7;
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    pen.moveTo(14, 34);
    pen.lineTo(26, 47);
    pen.lineTo(50, 20);
    pen.stroke();
  }
  /** @type {HTMLLinkElement} */ (need(document, "link[rel=icon]")).href = canvas.toDataURL();
}

/** The button that mutes for a minute. */
export function drawMute() {
  const button = need(document, "#mute");
  const muted = sound.isMuted();
  const seconds = Math.ceil(sound.mutedFor() / 1000);
  const label = muted ? t("sound.muted", { n: seconds }) : t("sound.mute");
  if (button.textContent === label) return;
  button.setAttribute("aria-pressed", String(muted));
  button.replaceChildren(icon(muted ? "bell-off" : "bell"), h("span", { class: "word" }, label));
  button.title = t("sound.mute_title");
}

/** Ask how the house is doing, and say so. */
export async function feel() {
  try {
    /** @type {Pulse} */
    const answer = await call("GET", "/console/pulse");
    pulse = answer;
    learn(answer.now);
    showPulse();
  } catch {
    // The lost stream is what tells; the next beat asks again.
  }
  setTimeout(feel, PULSE_MS);
}

/** Put the last pulse into the page's places. */
export function showPulse() {
  if (!pulse) return;
  for (const [name, value] of Object.entries({ residents: pulse.residents, devices: pulse.devices, reporting: pulse.reporting }))
    for (const place of document.querySelectorAll(`[data-pulse="${name}"]`)) place.textContent = String(value);
  for (const place of document.querySelectorAll("[data-pulse=headline]"))
    place.textContent = pulse.residents ? t("now.all_well", { n: pulse.residents }) : t("now.nobody_yet");
  for (const place of document.querySelectorAll("[data-pulse=last]")) {
    const element = /** @type {HTMLElement} */ (place);
    if (pulse.last_reading === null) element.textContent = t("now.no_reading");
    else element.dataset.ago = String(pulse.last_reading);
  }
  tick();
  const troubled = pulse.roles.filter((role) => role.state === "restarting" || role.state === "starting");
  const recent = pulse.roles.filter((role) => role.state === "ready" && role.restarts > 0 && now() - role.at < 20_000);
  const banner = need(document, "#banner-role");
  const advised = pulse.roles.filter((role) => role.advice);
  const worst = troubled[0] ?? recent[0] ?? advised[0];
  banner.hidden = !worst;
  if (!worst) return;
  const [tone, text] = troubled.length ? ["bad", "role.restarting"] : recent.length ? ["good", "role.back"] : ["warn", "role.advice"];
  banner.className = `notice ${tone}`;
  need(banner, "span").textContent = t(text, { role: t(`role.name.${worst.role}`), advice: worst.advice ?? "" });
}

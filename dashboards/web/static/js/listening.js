// Whether an alarm would be heard at this page, said to the server each ten seconds, and who else listens.

import { callWithin } from "./api.js";
import { FROZEN_MS, lateness, onBeat } from "./beats.js";
import { polling, stream } from "./desk.js";
import { h, icon, need } from "./dom.js";
import { t } from "./i18n.js";
import { offerNotifications } from "./notify.js";
import * as sound from "./sound.js";

/** @typedef {import("./types.js").Desk} Desk */

const EVERY_MS = 10_000;
const PATIENCE_MS = 8000;
/** At such a page an alarm is heard within seconds. @type {ReadonlySet<Desk["state"]>} */
const LISTENING = new Set(/** @type {const} */ (["audible", "polling"]));
const LISTENS = document.documentElement.dataset.listens === "yes";

/** This page among the others of its browser. */
const page = crypto.randomUUID?.() ?? `${Date.now()}-${Math.floor(Math.random() * 1e9)}`;

/** @type {Desk["state"] | null} */
let said = null;
let saidAt = -EVERY_MS;
let saying = false;
/** What the top bar shows of this page. @type {Desk["state"] | null} */
let shown = null;
/** Null: not known. @type {Desk[] | null} */
let desks = null;

/** Why an alarm would not be heard here, or that it would. @param {number} lateMs of this page's beats @returns {Desk["state"]} */
function here(lateMs) {
  if (!sound.isAudible()) return "no_sound";
  if (sound.isMutedForLong()) return "muted";
  if (lateMs > FROZEN_MS) return "frozen";
  if (!stream.isLost) return "audible";
  return polling.works ? "polling" : "no_stream";
}

/** Say it every ten seconds, and at once when it changes. */
function beat() {
  if (desks && here(0) !== shown) draw();
  if (saying || !document.documentElement.dataset.ready) return;
  const due = performance.now() - saidAt >= EVERY_MS;
  if (!due && here(0) === said) return;
  const state = here(lateness());
  saying = true;
  said = state;
  saidAt = performance.now();
  void say(state).finally(() => { saying = false; });
}

/** @param {Desk["state"]} state */
async function say(state) {
  try {
    /** @type {{desks: Desk[]}} */
    const answer = LISTENS ? await callWithin(PATIENCE_MS, "POST", "/console/desks", { page, state }) : await callWithin(PATIENCE_MS, "GET", "/console/desks");
    desks = answer.desks;
  } catch {
    desks = null;
  }
  draw();
}

/**
 * The desks as the server told, but for this one: what is lost here is known here before it is said there, while what
 * came back counts once the server has heard of it. A browser whose other page listens goes on listening.
 * @returns {Desk[] | null}
 */
function known() {
  const state = here(0);
  shown = state;
  if (LISTENING.has(state) || (said !== null && !LISTENING.has(said) && !saying)) return desks;
  return desks?.map((desk) => (desk.own && listens(desk) ? { ...desk, state } : desk)) ?? null;
}

/** @param {Desk} desk */
function listens(desk) {
  return LISTENING.has(desk.state);
}

/** How many listen, in words. @param {Desk[] | null} desks @returns {string} */
function headline(desks) {
  if (!desks) return t("desks.unknown");
  const others = desks.filter((desk) => listens(desk) && !desk.own).length;
  const own = desks.some((desk) => listens(desk) && desk.own);
  if (own) return others ? t("desks.you_and", { n: others }) : t("desks.only_you");
  return others ? t("desks.others", { n: others }) : t("desks.nobody");
}

/** Renew the button of the top bar, and the list behind it. */
function draw() {
  const desks = known();
  const button = need(document, "#desks");
  const count = desks?.filter(listens).length;
  const said = count === undefined ? "?" : String(count);
  button.replaceChildren(icon(count === 0 ? "bell-off" : "headset"), h("span", { class: "count" }, said));
  button.className = `button quiet desks${count === 0 ? " bad" : count === undefined ? " warn" : ""}`;
  button.title = headline(desks);
  button.setAttribute("aria-label", `${said} – ${headline(desks)}`);
  const dialog = need(document, "#desks-dialog");
  need(dialog, "[data-headline]").textContent = headline(desks);
  need(dialog, "ul").replaceChildren(...[...(desks ?? [])].sort((one, other) => Number(other.own) - Number(one.own)).map(line));
  offerNotifications(dialog);
}

/** @param {Desk} desk @returns {HTMLElement} */
function line(desk) {
  const who = desk.own ? t("desks.you", { who: desk.display_name }) : desk.display_name;
  return h("li", {}, icon(listens(desk) ? "headset" : "bell-off"), h("strong", {}, who),
    h("span", { class: `chip ${listens(desk) ? "good" : "bad"}` }, t(`desks.state.${desk.state}`)));
}

export function listening() {
  onBeat(beat);
  document.addEventListener("sound-changed", beat);
  draw();
}

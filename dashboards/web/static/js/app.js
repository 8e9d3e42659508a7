// The console's entry: starts what stays, and gives life to the parts of each page as it comes and goes.

import { ownPassword } from "./account.js";
import { alarm } from "./alarm.js";
import { amend } from "./amend.js";
import { signInAgain } from "./api.js";
import { onBeat, startBeats } from "./beats.js";
import { checks } from "./checks.js";
import * as clock from "./clock.js";
import { commands } from "./commands.js";
import { demo, yours } from "./demo.js";
import * as desk from "./desk.js";
import { choosing, dialogs } from "./dialogs.js";
import { need } from "./dom.js";
import { felt } from "./felt.js";
import { figures } from "./figures.js";
import { finder } from "./finder.js";
import { form } from "./forms.js";
import { importing } from "./import.js";
import { drill } from "./drill.js";
import { handover } from "./handover.js";
import { keyboard } from "./keyboard.js";
import { limits } from "./limits.js";
import { listening } from "./listening.js";
import { map } from "./map.js";
import { notifying, offerNotifications } from "./notify.js";
import { now } from "./now.js";
import { peopleMap } from "./people_map.js";
import { phones } from "./phones.js";
import { picker } from "./picker.js";
import { plan } from "./plan.js";
import { policy } from "./policy.js";
import { remove } from "./remove.js";
import { report } from "./report.js";
import { searchers, sharing } from "./searchers.js";
import * as sound from "./sound.js";
import { soundtest } from "./soundtest.js";
import { whereabouts } from "./whereabouts.js";
import { sheet } from "./sheet.js";
import { today } from "./today.js";
import { zone } from "./zone.js";

/** @type {Record<string, import("./types.js").Component>} */
const components = { "own-password": ownPassword, now, today, sheet, alarm, report, drill, commands, map, peopleMap, whereabouts, searchers, sharing, zone, felt, figures, form, amend, limits, choosing, handover, picker, plan, policy, remove, checks, demo, yours, soundtest, import: importing };

/** @type {WeakMap<Element, AbortController>} */
const living = new WeakMap();

/** @param {Element} root */
function enliven(root) {
  for (const element of [root, ...root.querySelectorAll("[data-component]")]) {
    if (!(element instanceof HTMLElement) || !element.dataset.component || living.has(element)) continue;
    const life = new AbortController();
    living.set(element, life);
    components[element.dataset.component]?.(element, life.signal);
  }
}

document.addEventListener("htmx:load", (event) => {
  const root = event.target;
  if (root instanceof Element) {
    enliven(root);
    offerNotifications(root);
  }
  desk.showPulse();
  clock.tick();
});
document.addEventListener("htmx:beforeCleanupElement", (event) => {
  if (event.target instanceof Element) living.get(event.target)?.abort();
});
document.addEventListener("htmx:afterSettle", () => {
  desk.retitle();
  desk.drawMute();
  showPlace();
});
// Said here too, not only on the body: a card that was drawn anew while its link's page was loading inherits nothing more.
document.addEventListener("htmx:beforeSwap", (event) => {
  const detail = /** @type {CustomEvent} */ (event).detail;
  if (detail.target?.id !== "page") return;
  detail.selectOverride = "#page";
  detail.swapOverride = "outerHTML show:window:top";
});
document.addEventListener("htmx:pushedIntoHistory", showPlace);
document.addEventListener("htmx:responseError", (event) => {
  if (/** @type {CustomEvent} */ (event).detail.xhr.status === 401) signInAgain();
});

/** Mark the tab of the page we are on, and let the language's link lead back to it. */
function showPlace() {
  const path = location.pathname;
  const link = /** @type {HTMLAnchorElement} */ (need(document, "#language"));
  link.href = `${link.pathname}?back=${encodeURIComponent(path)}`;
  for (const tab of document.querySelectorAll(".tabs a")) {
    const href = tab.getAttribute("href") ?? "";
    const places = [href, ...(/** @type {HTMLElement} */ (tab).dataset.places ?? "").split(" ").filter(Boolean)];
    const here = href === "/" ? path === "/" || path.startsWith("/alarms/") : places.some((place) => path.startsWith(place)) && !path.startsWith("/alarms/");
    if (here) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
}

/** Sound needs a click or a key once; any will do. */
async function wake() {
  if (!sound.isUnlocked() && (await sound.unlock())) document.dispatchEvent(new Event("book-changed"));
}

// On the click, not before it: the banner that goes away moves the page, and a press must end where it began.
document.addEventListener("click", () => void wake());
document.addEventListener("keydown", () => void wake());
need(document, "#mute").addEventListener("click", () => {
  sound.mute(!sound.isMuted());
  desk.drawMute();
});
onBeat(() => {
  sound.beat();
  desk.stream.watch();
  desk.polling.watch();
  desk.drawMute();
});
desk.drawMute();
listening();
notifying();
offerNotifications();
keyboard();
finder();
dialogs();
phones();
showPlace();
enliven(document.body);
clock.start();
if (navigator.userActivation?.hasBeenActive) void wake();
startBeats();
void desk.open();
void desk.feel();

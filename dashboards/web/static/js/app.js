// The console's entry: starts what stays, and gives life to the parts of each page as it comes and goes.

import { signInAgain } from "./api.js";
import { onBeat, startBeats } from "./beats.js";
import * as clock from "./clock.js";
import * as desk from "./desk.js";
import { choosing, dialogs } from "./dialogs.js";
import { need, toast } from "./dom.js";
import { finder } from "./finder.js";
import { form } from "./forms.js";
import { t } from "./i18n.js";
import { keyboard } from "./keyboard.js";
import { listening } from "./listening.js";
import { notifying, offerNotifications } from "./notify.js";
import { now } from "./now.js";
import { phones } from "./phones.js";
import * as sound from "./sound.js";

/** Components whose module is still on its way to the first page. @type {Promise<void>[]} */
const coming = [];

/** What fetches the modules of other pages. @type {(() => Promise<import("./types.js").Component>)[]} */
const others = [];

/**
 * Let a component live: from then on its element carries `data-alive`.
 * @param {import("./types.js").Component} component @param {HTMLElement} element @param {AbortSignal} signal
 */
function live(component, element, signal) {
  if (signal.aborted) return;
  component(element, signal);
  element.dataset.alive = "";
}

/**
 * A component whose module comes with the first page that has it, or when there is time: the first page of all stays light.
 * @param {() => Promise<import("./types.js").Component>} load
 * @returns {import("./types.js").Component}
 */
function later(load) {
  others.push(load);
  return (element, signal) => {
    const came = load().then((component) => live(component, element, signal), () => toast(t("error.unreachable"), "bad"));
    if (!document.documentElement.dataset.ready) coming.push(came);
  };
}

/** @type {Record<string, import("./types.js").Component>} */
const components = {
  now, form, choosing,
  alarm: later(async () => (await import("./alarm.js")).alarm),
  map: later(async () => (await import("./map.js")).map),
  report: later(async () => (await import("./report.js")).report),
  checks: later(async () => (await import("./checks.js")).checks),
  picker: later(async () => (await import("./picker.js")).picker),
  amend: later(async () => (await import("./amend.js")).amend),
  remove: later(async () => (await import("./remove.js")).remove),
  handover: later(async () => (await import("./handover.js")).handover),
  commands: later(async () => (await import("./commands.js")).commands),
  drill: later(async () => (await import("./drill.js")).drill),
  soundtest: later(async () => (await import("./soundtest.js")).soundtest),
  demo: later(async () => (await import("./demo.js")).demo),
  yours: later(async () => (await import("./demo.js")).yours),
  "own-password": later(async () => (await import("./account.js")).ownPassword),
  today: later(async () => (await import("./today.js")).today),
  sheet: later(async () => (await import("./sheet.js")).sheet),
  peopleMap: later(async () => (await import("./people_map.js")).peopleMap),
  whereabouts: later(async () => (await import("./whereabouts.js")).whereabouts),
  searchers: later(async () => (await import("./searchers.js")).searchers),
  sharing: later(async () => (await import("./searchers.js")).sharing),
  zone: later(async () => (await import("./zone.js")).zone),
  felt: later(async () => (await import("./felt.js")).felt),
  figures: later(async () => (await import("./figures.js")).figures),
  limits: later(async () => (await import("./limits.js")).limits),
  plan: later(async () => (await import("./plan.js")).plan),
  policy: later(async () => (await import("./policy.js")).policy),
  import: later(async () => (await import("./import.js")).importing),
};

/** Fetch what other pages need while nothing else is to be done: they open at once, and when the server is away too. */
async function fetchOthers() {
  for (const load of others) {
    await new Promise((resolve) => { requestIdleCallback(resolve, { timeout: 2000 }); });
    await load().catch(() => undefined); // the page that needs it asks again, and says so
  }
}

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

document.addEventListener("book-ready", () => void fetchOthers(), { once: true });
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
/** What brings the page that was asked for last: an earlier one that comes later is not wanted any more. @type {XMLHttpRequest | null} */
let opening = null;

// What is replaced on the way is no place any more: the answer belongs where the page is then.
document.addEventListener("htmx:beforeRequest", (event) => {
  const { detail } = /** @type {CustomEvent<{target: Element, xhr: XMLHttpRequest}>} */ (event);
  if (detail.target?.id !== "page") return;
  const { xhr } = detail;
  opening = xhr;
  xhr.addEventListener("readystatechange", () => {
    if (xhr.readyState === XMLHttpRequest.DONE) detail.target = need(document, "#page");
  });
});
window.addEventListener("popstate", () => { opening = null; });
// Said here too, not only on the body: a link that left the page while what it leads to was loading inherits nothing more.
document.addEventListener("htmx:beforeSwap", (event) => {
  const detail = /** @type {CustomEvent} */ (event).detail;
  if (detail.target?.id !== "page") return;
  if (detail.xhr !== opening) detail.shouldSwap = false;
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

/** Where nobody set the browser up for it, sound needs a click or a key once; any will do. */
async function wake() {
  if (sound.isUnlocked()) return;
  await sound.unlock();
  document.dispatchEvent(new Event("sound-changed"));
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
void wake();
startBeats();
void desk.open(Promise.allSettled(coming));
void desk.feel();

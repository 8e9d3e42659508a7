// The demo: be the wearer, watch the counter and the daughter's phone, live a minute of fast time, make it yours.

import { call, explain } from "./api.js";
import { now } from "./clock.js";
import { h, need, toast } from "./dom.js";
import { fillSecret, send } from "./forms.js";
import { ago, t, textOr } from "./i18n.js";

/** @typedef {import("./types.js").DemoState} DemoState */

const BEAT_MS = 1000;

/** What the wearer goes on with until told otherwise. */
const LASTING = ["walk-away", "pace", "lap", "roam", "come-home", "stop-moving", "battery-out"];

/** @type {import("./types.js").Component} */
export function demo(root, signal) {
  root.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("button[data-demo]") : null;
    if (!(button instanceof HTMLButtonElement)) return;
    button.disabled = true;
    try {
      await call("POST", `/demo/${button.dataset.demo}`);
      toast(t(`demo.did.${button.dataset.demo}`), "good");
    } catch (error) {
      toast(explain(error), "bad");
    }
    button.disabled = false;
  }, { signal });
  const beat = async () => {
    if (signal.aborted) return;
    try {
      show(root, await call("GET", "/demo/state"));
    } catch {
      // The page says itself when the console is away.
    }
    if (!signal.aborted) setTimeout(beat, BEAT_MS);
  };
  void beat();
}

/** @param {HTMLElement} root @param {DemoState} state */
function show(root, state) {
  for (const [name, value] of Object.entries(state.counters)) need(root, `[data-count="${name}"]`).textContent = value.toLocaleString();
  need(root, "[data-count-box=lost]").className = state.counters.lost ? "bad" : "zero";
  showPhone(need(root, "[data-phone]"), state.phone);
  need(root, "[data-her-page]").hidden = state.phone.length === 0;
  showStory(need(root, "[data-story]"), state.story);
  for (const name of LASTING) need(root, `[data-demo="${name}"]`).setAttribute("aria-pressed", String(name === state.doing));
}

/** @param {HTMLElement} phone @param {DemoState["phone"]} messages */
function showPhone(phone, messages) {
  const quiet = phone.querySelector(".quiet-phone");
  if (quiet instanceof HTMLElement) quiet.hidden = messages.length > 0;
  const shown = Number(phone.dataset.shown ?? 0);
  if (messages.length < shown) {
    for (const old of phone.querySelectorAll("li[data-message]")) old.remove();
    phone.dataset.shown = "0";
  }
  for (const message of messages.slice(Number(phone.dataset.shown ?? 0))) {
    phone.append(h("li", { class: "arriving", "data-message": true }, message.text,
      h("span", { class: "small" }, h("time", { "data-ago": message.t }, ago(now() - message.t)), " · ", textOr(`message.state.${message.state}`, message.state))));
    phone.scrollTop = phone.scrollHeight;
  }
  phone.dataset.shown = String(messages.length);
}

/** @param {HTMLElement} box @param {DemoState["story"]} story */
function showStory(box, story) {
  const clock = need(box, ".clock");
  const button = /** @type {HTMLButtonElement} */ (need(box, "button"));
  button.disabled = story.running;
  clock.hidden = !story.clock;
  clock.textContent = story.clock;
  const lines = need(box, "ol");
  if (!story.running && !story.step) return;
  if (story.step === "silent" && lines.childElementCount > 1) lines.replaceChildren();
  if (!story.step || lines.querySelector(`[data-step="${CSS.escape(story.step)}"]`)) return;
  lines.append(h("li", { "data-step": story.step }, h("time", {}, story.clock), h("span", {}, textOr(`story.${story.step}`, story.step))));
}

/** Centre, resident, device: three small forms, each opened by the one before. @type {import("./types.js").Component} */
export function yours(root, signal) {
  const [centre, resident, device] = /** @type {HTMLFormElement[]} */ ([...root.querySelectorAll("form")]);
  if (!centre || !resident || !device) return;
  let site = "";
  let person = "";
  const opened = (/** @type {HTMLFormElement} */ done, /** @type {HTMLFormElement | null} */ next) => {
    /** @type {HTMLFieldSetElement} */ (need(done, "fieldset")).disabled = true;
    done.classList.add("done");
    if (!next) return;
    /** @type {HTMLFieldSetElement} */ (need(next, "fieldset")).disabled = false;
    /** @type {HTMLElement} */ (need(next, "input")).focus();
  };
  for (const each of [centre, resident, device]) each.noValidate = true;
  centre.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await send(centre);
    if (!answer) return;
    site = answer.id;
    opened(centre, resident);
  }, { signal });
  resident.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await send(resident, { site });
    if (!answer) return;
    person = answer.id;
    opened(resident, device);
  }, { signal });
  device.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = await send(device, { site, resident: person, type: "band" });
    if (!answer) return;
    opened(device, null);
    const box = need(root, "[data-finale]");
    fillSecret(box, answer);
    box.hidden = false;
    box.scrollIntoView({ block: "nearest" });
  }, { signal });
}

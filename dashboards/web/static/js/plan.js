// What a resident promises: windows as lines that are added and dropped, and what comes of them while one enters them.

import { call } from "./api.js";
import { h, need } from "./dom.js";
import { bodyOf, keeps } from "./forms.js";
import { t } from "./i18n.js";

const DEBOUNCE_MS = 250;
const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
let lines = 0;

/** @type {import("./types.js").Component} */
export function plan(root, signal) {
  const form = /** @type {HTMLFormElement} */ (root);
  const windows = need(form, "[data-windows]");
  const empty = /** @type {HTMLTemplateElement} */ (need(form, "template"));
  let timer = 0;
  let asked = 0;

  const preview = async () => {
    const mine = (asked += 1);
    const days = await daysOf(planOf(form));
    if (days && mine === asked && !signal.aborted) need(document, "#plan-preview").replaceChildren(drawn(days));
  };
  const soon = () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => void preview(), DEBOUNCE_MS);
  };

  form.addEventListener("input", soon, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  form.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const dropped = event.target.closest("[data-drop]")?.closest("[data-window]");
    if (dropped && windows.children.length > 1) dropped.remove();
    if (event.target.closest("[data-more]")) {
      windows.append(fresh(empty));
      /** @type {HTMLElement | null} */ (windows.lastElementChild?.querySelector("input") ?? null)?.focus();
    }
    if (dropped || event.target.closest("[data-more]")) soon();
  }, { signal });
  keeps(form, planOf, t("plan.remove_sure"), signal);
  void preview();
}

/** A further line; its choice of how must not be that of another line. @param {HTMLTemplateElement} empty */
function fresh(empty) {
  const line = /** @type {DocumentFragment} */ (empty.content.cloneNode(true));
  lines += 1;
  for (const choice of /** @type {NodeListOf<HTMLInputElement>} */ (line.querySelectorAll("[data-by]"))) choice.name = `by-more-${lines}`;
  return line;
}

/** @typedef {{day: string, weekday: number, holiday: string | null, windows: string[]}} Day */

/** The days as the server works them out; null while the form says nothing that it understands. @param {object} body @returns {Promise<Day[] | null>} */
async function daysOf(body) {
  try {
    return (await call("POST", "/console/plans/preview", body)).days;
  } catch {
    return null;
  }
}

/** @param {Day[]} days */
function drawn(days) {
  if (!days.some(({ windows }) => windows.length)) return h("p", { class: "soft" }, t("plan.nothing"));
  return h("ul", { class: "next-checks" }, ...days.map(({ day, weekday, holiday, windows }) => h("li", {},
    h("span", {}, h("strong", {}, t(`plan.day.${WEEKDAYS[weekday]}`)), " ", h("span", { class: "soft" }, day.slice(5))),
    h("span", { class: "times" },
      holiday !== null && h("span", { class: "chip warn" }, holiday),
      ...(windows.length ? windows.map((text) => h("span", { class: "chip good" }, text)) : [h("span", { class: "soft" }, "–")])))));
}

/** @param {HTMLFormElement} form */
function planOf(form) {
  const { resident, name, grace_min, remind_min, remind, holidays, first_day, last_day, active } = bodyOf(form);
  return {
    resident, name, grace_min: grace_min ?? null, remind_min: remind_min ?? null, remind: remind ?? [], holidays,
    first_day: first_day ?? null, last_day: last_day ?? null, active: Boolean(active),
    windows: [...form.querySelectorAll("[data-window]")].map(windowOf),
  };
}

/** @param {Element} line */
function windowOf(line) {
  const clock = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (need(line, `[data-field=${name}]`)).value;
  const checked = (/** @type {string} */ which) => /** @type {HTMLInputElement[]} */ ([...line.querySelectorAll(`[data-${which}]`)]).filter((box) => box.checked).map((box) => box.dataset[which] ?? "");
  return { from: clock("from"), to: clock("to"), days: checked("day"), by: checked("by")[0] ?? "button" };
}

// The form of a zone: drawn on the map or entered in fields, round or with corners, always or at some hours.

import { Refused } from "./api.js";
import { openChart } from "./chart.js";
import { circleDrawing } from "./circle_drawing.js";
import { cornerDrawing } from "./corner_drawing.js";
import { h, icon, need } from "./dom.js";
import { crossing } from "./crossing.js";
import { bodyOf, keeps } from "./forms.js";
import { t } from "./i18n.js";
import { showRefusal } from "./wrong.js";

/** @typedef {import("./corner_drawing.js").Corner} Corner */

/** What the server asks about once, and takes when it is said again. */
const DOUBTS = new Set(["fence.tiny", "fence.far"]);
const ASKS = "?doubt=true";
const MIDNIGHT = "00:00";
const END_OF_DAY = "24:00";

/** @type {import("./types.js").Component} */
export function zone(root, signal) {
  void open(root, signal);
}

/** @param {HTMLElement} root @param {AbortSignal} signal */
async function open(root, signal) {
  const form = /** @type {HTMLFormElement} */ (need(root, "form"));
  /** @type {Corner[]} */
  let corners = JSON.parse(root.dataset.corners ?? "[]");
  /** @type {ReturnType<typeof cornerDrawing> | null} */
  let drawn = null;
  const noDay = need(form, "[data-no-day]");
  const list = need(form, "[data-corners]");
  const wrong = need(root, "[data-polygon-wrong]");
  const shapeOf = () => String(new FormData(form).get("shape"));

  /** @param {Corner[]} wanted @param {{drawList?: boolean, drawMap?: boolean}} where */
  const take = (wanted, { drawList = true, drawMap = true }) => {
    corners = wanted;
    tellCrossing();
    if (drawList) list.replaceChildren(...corners.map((corner, place) => lineOf(corner, place)));
    for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (root.querySelectorAll("[data-undo], [data-clear]"))) button.disabled = corners.length === 0;
    if (drawMap) drawn?.set(corners);
  };
  /** What the server would object to is told while it is drawn: here only sides that cross, the fault of a hand. */
  const tellCrossing = () => {
    const sides = shapeOf() === "polygon" ? crossing(corners) : null;
    wrong.hidden = sides === null;
    queueMicrotask(() => drawn?.flag(sides ?? []));
    if (!sides) return;
    const [a, b, c, d] = sides.map((place) => place + 1);
    need(wrong, "span").textContent = t("zone.polygon.crossing", { a: a ?? 0, b: b ?? 0, c: c ?? 0, d: d ?? 0 });
  };
  const meant = need(form, "[data-meant]");
  const objects = (/** @type {HTMLFormElement} */ refused, /** @type {unknown} */ error) => {
    if (error instanceof Refused && DOUBTS.has(error.body.code)) meant.hidden = false;
    const errors = error instanceof Refused && Array.isArray(error.body.errors) ? error.body.errors : [];
    const fault = errors.find((/** @type {{corners?: number[]}} */ each) => each.corners);
    if (!fault) return showRefusal(refused, error);
    const places = fault.corners.map((/** @type {number} */ n) => n - 1);
    drawn?.flag(places);
    for (const place of places) for (const field of list.children[place]?.querySelectorAll("input") ?? []) field.setAttribute("aria-invalid", "true");
    need(wrong, "span").textContent = fault.message ?? t("form.wrong");
    wrong.hidden = false;
    wrong.focus();
  };

  // A zone that counts on no day is none, and the server's words for that are for programs.
  form.addEventListener("submit", (event) => {
    const none = new FormData(form).get("when") === "hours" && !form.querySelector("[data-day]:checked");
    noDay.hidden = !none;
    if (!none) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    form.querySelector("[data-day]")?.scrollIntoView({ block: "center" });
    /** @type {HTMLElement | null} */ (form.querySelector("[data-day]"))?.focus();
  }, { signal });
  meant.addEventListener("change", () => {
    form.dataset.api = (form.dataset.api ?? "").replace(/\?.*|$/, isTicked(meant) ? "" : ASKS);
  }, { signal });
  form.addEventListener("change", (event) => {
    if (event.target instanceof HTMLElement && event.target.matches("[data-day], [name=when]")) noDay.hidden = true;
  }, { signal });
  form.addEventListener("input", (event) => {
    const line = event.target instanceof HTMLInputElement && event.target.closest("[data-corner]");
    if (line) take([...list.children].map(cornerIn), { drawList: false });
  }, { signal });
  root.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const dropped = event.target.closest("[data-drop]")?.closest("[data-corner]");
    if (dropped) take(corners.filter((_, place) => list.children[place] !== dropped), {});
    else if (event.target.closest("[data-undo]")) take(corners.slice(0, -1), {});
    else if (event.target.closest("[data-clear]")) take([], {});
    else if (event.target.closest("[data-more]")) {
      take([...corners, corners.at(-1) ?? JSON.parse(root.dataset.middle ?? "[0, 0]")], {});
      list.lastElementChild?.querySelector("input")?.focus();
    }
  }, { signal });
  keeps(form, (sent) => zoneOf(sent, shapeOf(), corners), t("form.remove_sure"), signal, objects);
  take(corners, {});

  const chart = await openChart(root, signal);
  if (!chart) return;
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (need(form, `[name="circle.${name}"]`));
  const circle = circleDrawing(chart.L, chart.map, { lat: field("lat"), lon: field("lon"), radius: field("radius_m") }, signal);
  drawn = cornerDrawing(chart.L, chart.map, (changed) => take(changed, { drawMap: false }));
  drawn.set(corners);
  const choose = () => {
    const round = shapeOf() === "circle";
    circle.show(round);
    drawn?.show(!round);
    for (const part of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-shape]"))) part.hidden = part.dataset.shape !== shapeOf();
    tellCrossing();
  };
  const own = JSON.parse(root.dataset.own ?? "null");
  const scene = JSON.parse(root.dataset.scene ?? "{}");
  chart.show(own ? { ...scene, zones: [...scene.zones, own] } : scene);
  if (own) chart.show(scene, { still: true });
  form.addEventListener("change", (event) => { if (event.target instanceof HTMLInputElement && event.target.name === "shape") choose(); }, { signal });
  choose();
}

/** @param {Corner} corner @param {number} place */
function lineOf([lat, lon], place) {
  const field = (/** @type {string} */ which, /** @type {number} */ value, /** @type {number} */ most) =>
    h("input", { type: "number", step: "any", min: -most, max: most, required: true, value, "data-degrees": which, "aria-label": `${t("zone.corner", { n: place + 1 })}: ${t(`zone.${which}`)}` });
  return h("li", { "data-corner": true }, h("span", { class: "order" }, String(place + 1)), field("lat", lat, 90), field("lon", lon, 180),
    h("button", { class: "button quiet", type: "button", "data-drop": true, "aria-label": t("zone.corner_drop", { n: place + 1 }), title: t("zone.corner_drop", { n: place + 1 }) }, icon("close")));
}

/** @param {HTMLElement} label */
function isTicked(label) {
  return /** @type {HTMLInputElement} */ (need(label, "input")).checked;
}

/** @param {Element} line @returns {Corner} */
function cornerIn(line) {
  const degrees = (/** @type {string} */ which) => Number(/** @type {HTMLInputElement} */ (need(line, `[data-degrees=${which}]`)).value);
  return [degrees("lat"), degrees("lon")];
}

/** @param {HTMLFormElement} form @param {string} shape @param {Corner[]} corners */
function zoneOf(form, shape, corners) {
  const { resident, name, circle } = bodyOf(form);
  const often = new FormData(form).get("when") === "hours";
  const time = (/** @type {string} */ which) => /** @type {HTMLInputElement} */ (need(form, `[data-field=${which}]`)).value;
  const days = /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll("[data-day]")]).filter((box) => box.checked).map((box) => Number(box.dataset.day));
  const ends = time("to") === MIDNIGHT ? END_OF_DAY : time("to");
  return { resident, name, ...(shape === "circle" ? { circle } : { polygon: corners }), active: often ? { days, from: time("from"), to: ends } : null };
}

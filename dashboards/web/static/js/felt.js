// What the wrist felt around a fall: the strength over time, the three axes behind it, the moment marked.

import { now } from "./clock.js";
import { need } from "./dom.js";
import { t } from "./i18n.js";

/** @typedef {import("./types.js").Trace} Trace */
/** @typedef {import("../../vendor/uplot/uPlot.esm.js")} Plot */

const ASK_EVERY_MS = 3000;
const HEIGHT = 250;
const NEAR_S = 2.5;
const G = 1000;

/** How the reader wants it: kept while the page is renewed. */
const view = { axes: true, near: false };

/** @type {import("./types.js").Component} */
export function felt(root, signal) {
  awaitMore(root, signal);
  if (root.dataset.trace) void draw(root, signal, JSON.parse(root.dataset.trace));
}

/** The band sends what came after the fall when the page is open already. @param {HTMLElement} root @param {AbortSignal} signal */
function awaitMore(root, signal) {
  const asking = setInterval(() => {
    const alarm = root.closest("#alarm");
    if (now() > Number(root.dataset.until)) clearInterval(asking);
    else if (alarm) window.htmx.trigger(alarm, "renew");
  }, ASK_EVERY_MS);
  signal.addEventListener("abort", () => clearInterval(asking));
}

/** @param {string} name */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** @param {HTMLElement} root @param {AbortSignal} signal @param {Trace} trace */
async function draw(root, signal, trace) {
  const place = need(root, ".felt-plot");
  const columns = columnsOf(trace);
  /** @type {Plot | null} */
  let plot = null;
  const show = () => {
    if (!plot) return;
    for (const axis of [1, 2, 3]) plot.setSeries(axis, { show: view.axes });
    for (const sample of root.querySelectorAll("[data-axis]")) /** @type {HTMLElement} */ (sample).hidden = !view.axes;
    const at = columns[0];
    plot.setScale("x", view.near ? { min: -NEAR_S, max: NEAR_S } : { min: at[0] ?? 0, max: at[at.length - 1] ?? 0 });
  };
  // Before the drawing is there: whoever chooses while it loads has chosen.
  for (const box of root.querySelectorAll("[data-view]")) {
    const choice = /** @type {HTMLInputElement} */ (box);
    const name = /** @type {"axes" | "near"} */ (choice.dataset.view);
    choice.checked = view[name];
    choice.addEventListener("change", () => { view[name] = choice.checked; show(); }, { signal });
  }
  const { default: uPlot } = await import("../../vendor/uplot/uPlot.esm.js");
  if (signal.aborted) return;
  const make = () => {
    plot?.destroy();
    plot = new uPlot(optionsOf(place.clientWidth), columns, place);
    show();
  };
  make();
  const watch = new ResizeObserver(() => plot?.setSize({ width: place.clientWidth, height: HEIGHT }));
  watch.observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", make, { signal });
  signal.addEventListener("abort", () => { watch.disconnect(); plot?.destroy(); });
}

/** Seconds from the fall, x, y, z and the strength in g. @param {Trace} trace @returns {[number[], ...(number | null)[][]]} */
function columnsOf(trace) {
  const first = (trace.t0_ms - trace.jolt_ms) / 1000;
  const inG = (/** @type {number | null} */ mg) => (mg === null ? null : mg / G);
  const strength = trace.x_mg.map((x, i) => {
    const y = trace.y_mg[i] ?? null, z = trace.z_mg[i] ?? null;
    return x === null || y === null || z === null ? null : Math.hypot(x, y, z) / G;
  });
  return [trace.x_mg.map((_, i) => first + i / trace.rate_hz), trace.x_mg.map(inG), trace.y_mg.map(inG), trace.z_mg.map(inG), strength];
}

/** @param {number} width @returns {import("../../vendor/uplot/uPlot.esm.js").Options} */
function optionsOf(width) {
  const [ink, soft, line, critical] = [colour("ink"), colour("ink-soft"), colour("line"), colour("critical")];
  const font = `13px ${getComputedStyle(document.body).fontFamily}`;
  const axis = { stroke: soft, font, labelFont: font, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  const thin = { width: 1.25, points: { show: false } };
  return {
    width, height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: true, y: false }, points: { show: false } },
    scales: { x: { time: false } },
    axes: [{ ...axis, label: t("felt.seconds"), labelSize: 20, size: 32 }, { ...axis, label: "g", labelSize: 18, size: 42 }],
    series: [
      {},
      { ...thin, stroke: colour("low"), dash: [7, 3] },
      { ...thin, stroke: colour("high"), dash: [2, 3] },
      { ...thin, stroke: colour("calm"), dash: [9, 3, 2, 3] },
      { stroke: ink, width: 2.25, points: { show: false } },
    ],
    hooks: { drawAxes: [(/** @type {Plot} */ plot) => mark(plot, critical)] },
  };
}

/** A line at the moment of the fall. @param {Plot} plot @param {string} tone */
function mark(plot, tone) {
  const x = plot.valToPos(0, "x", true);
  const { left, top, width, height } = plot.bbox;
  if (x < left || x > left + width) return;
  plot.ctx.save();
  plot.ctx.strokeStyle = tone;
  plot.ctx.lineWidth = 2 * devicePixelRatio;
  plot.ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  plot.ctx.beginPath();
  plot.ctx.moveTo(x, top);
  plot.ctx.lineTo(x, top + height);
  plot.ctx.stroke();
  plot.ctx.restore();
}

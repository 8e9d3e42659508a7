// The figures' charts: drawn for the screen's colours and for paper, each beside the table that says the same.

import { t } from "./i18n.js";

/** @typedef {import("../../vendor/uplot/uPlot.esm.js")} Plot */
/** @typedef {import("../../vendor/uplot/uPlot.esm.js").Options} Options */
/** @typedef {{labels: string[], [name: string]: any}} Drawn */
/** @typedef {{options: (width: number) => Options, data: any}} Chart */

const HEIGHT = 230;
/** Of an axis that counts: there is no half alarm. */
const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

/** @type {import("./types.js").Component} */
export function figures(root, signal) {
  const folds = () => [...root.querySelectorAll("details")];
  /** @type {HTMLDetailsElement[]} */
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = folds().filter((fold) => !fold.open && !fold.classList.contains("aims"));
    for (const fold of opened) fold.open = true;
  }, { signal });
  addEventListener("afterprint", () => { for (const fold of opened) fold.open = false; }, { signal });
  if (root.querySelector("[data-plot]")) void draw(root, signal, JSON.parse(root.dataset.charts ?? "{}"));
}

/** @param {HTMLElement} root @param {AbortSignal} signal @param {{days: Drawn, hours: Drawn}} told */
async function draw(root, signal, told) {
  const { default: uPlot } = await import("../../vendor/uplot/uPlot.esm.js");
  if (signal.aborted) return;
  const bars = uPlot.paths.bars?.({ size: [0.7, 28] });
  /** @type {Map<HTMLElement, Plot>} */
  const plots = new Map();
  const make = () => {
    for (const place of root.querySelectorAll("[data-plot]")) {
      if (!(place instanceof HTMLElement)) continue;
      plots.get(place)?.destroy();
      const { options, data } = chartOf(place.dataset.plot ?? "", told, bars);
      plots.set(place, new uPlot(options(place.clientWidth), data, place));
    }
  };
  make();
  const watch = new ResizeObserver((entries) => {
    for (const { target } of entries) plots.get(/** @type {HTMLElement} */ (target))?.setSize({ width: target.clientWidth, height: HEIGHT });
  });
  for (const place of plots.keys()) watch.observe(place);
  for (const media of ["(prefers-color-scheme: dark)", "print"]) matchMedia(media).addEventListener("change", make, { signal });
  signal.addEventListener("abort", () => { watch.disconnect(); for (const plot of plots.values()) plot.destroy(); });
}

/** @param {string} name */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** @param {string} name @param {{days: Drawn, hours: Drawn}} told @param {any} bars @returns {Chart} */
function chartOf(name, told, bars) {
  const [ink, calm, high, soft] = [colour("ink"), colour("calm"), colour("high"), colour("ink-soft")];
  const { days, hours } = told;
  const places = (/** @type {Drawn} */ of) => of.labels.map((_, i) => i);
  const bar = { stroke: calm, fill: calm, paths: bars, points: { show: false } };
  const line = { width: 2.25, points: { size: 6 }, spanGaps: true };
  if (name === "hours") return { options: (width) => framed(width, hours.labels, [bar], t("figures.axis_per_day")), data: [places(hours), hours.sounded] };
  if (name === "days") {
    const series = [bar, { ...line, stroke: high, dash: [6, 4] }];
    return { options: (width) => framed(width, days.labels, series, t("figures.alarms"), { incrs: WHOLE }), data: [places(days), days.alarms, days.untrue] };
  }
  const aimed = { width: 1.25, stroke: soft, dash: [2, 4], points: { show: false } };
  const series = [{ ...line, stroke: calm }, { ...line, stroke: ink, dash: [8, 4] }, aimed, aimed];
  const level = (/** @type {number} */ at) => days.labels.map(() => at);
  return {
    options: (width) => framed(width, days.labels, series, "%", {}, [lowest([...days.share_60, ...days.share_180]), 100.8]),
    data: [places(days), days.share_60, days.share_180, level(days.target_60), level(days.target_180)],
  };
}

/** Where an axis of shares begins: never so high that a bad day falls out of sight. @param {(number | null)[]} shares */
function lowest(shares) {
  const worst = Math.min(90, ...shares.filter((each) => each !== null));
  return Math.max(0, Math.floor(worst / 10) * 10 - 2);
}

/** @param {number} width @param {string[]} labels @param {any[]} series @param {string} label @param {import("../../vendor/uplot/uPlot.esm.js").Axis} [steps] @param {[number, number]} [range] @returns {Options} */
function framed(width, labels, series, label, steps = {}, range) {
  const [soft, line] = [colour("ink-soft"), colour("line")];
  const font = `13px ${getComputedStyle(document.body).fontFamily}`;
  const axis = { stroke: soft, font, labelFont: font, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  const short = (/** @type {number} */ at) => (Number.isInteger(at) ? (labels[at] ?? "").replace(/^\d{4}-/, "") : "");
  return {
    width, height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false } },
    scales: { x: { time: false, range: [-0.6, labels.length - 0.4] }, y: { range: range ?? ((_, __, most) => [0, most > 0 ? most * 1.08 : 1]) } },
    axes: [
      { ...axis, grid: { show: false }, size: 34, space: 64, incrs: [1, 2, 3, 4, 6, 7, 14, 28], values: (_, at) => at.map(short) },
      { ...axis, ...steps, label, labelSize: 20, size: 46 },
    ],
    series: [{}, ...series],
  };
}

// The place map of a page: what is on it, and anew while somebody may be on the way there; a click may choose the place of a form.

import { openChart } from "./chart.js";
import { tick } from "./clock.js";
import { need } from "./dom.js";
import { colour } from "./map_layers.js";

const RENEW_MS = 10_000;

/** @type {import("./types.js").Component} */
export function map(root, signal) {
  void draw(root, signal);
}

/** @param {HTMLElement} root @param {AbortSignal} signal */
async function draw(root, signal) {
  const chart = await openChart(root, signal);
  if (!chart) return;
  chart.show(JSON.parse(root.dataset.scene ?? "{}"));
  if (root.dataset.renewedFrom) follow(chart.show, root, root.dataset.renewedFrom, signal);
  if (root.dataset.picks) pick(chart.L, chart.map, need(document, root.dataset.picks), signal);
}

/**
 * Show the newest fix as it comes, beside the place of the alarm. A look that fails is made up for by the next one.
 * @param {(scene: import("./types.js").MapScene) => void} show
 * @param {HTMLElement} root
 * @param {string} source
 * @param {AbortSignal} signal
 */
function follow(show, root, source, signal) {
  let drawn = root.dataset.scene;
  const ask = async () => {
    if (document.hidden) return;
    const response = await fetch(source, { headers: { Accept: "application/json" }, signal }).catch(() => null);
    const told = response?.ok ? await response.text() : drawn;
    if (told === undefined || told === drawn) return;
    drawn = told;
    /** @type {import("./types.js").MapScene} */
    const scene = JSON.parse(told);
    // What is newest carries how old it is.
    show(scene.moment ? { ...scene, certain: scene.fix } : scene);
    for (const [name, shown] of /** @type {const} */ ([["moved", scene.moment], ["still", scene.fix && !scene.moment]]))
      for (const word of root.querySelectorAll(`[data-legend=${name}]`)) /** @type {HTMLElement} */ (word).hidden = !shown;
    const age = document.querySelector("#place-age time");
    if (age instanceof HTMLElement && scene.fix?.t) age.dataset.ago = String(scene.fix.t);
    tick();
  };
  const asking = setInterval(ask, RENEW_MS);
  signal.addEventListener("abort", () => clearInterval(asking));
  document.addEventListener("visibilitychange", ask, { signal });
  void ask();
}

/**
 * A click on the map fills the form's latitude and longitude; the dot follows the fields.
 * @param {typeof import("leaflet")} L
 * @param {import("leaflet").Map} chart
 * @param {HTMLElement} form
 * @param {AbortSignal} signal
 */
function pick(L, chart, form, signal) {
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (need(form, `[data-pick="${name}"]`));
  const lat = field("lat"), lon = field("lon");
  const dot = L.circleMarker([0, 0], { radius: 7, color: colour("surface"), weight: 3, fillColor: colour("critical"), fillOpacity: 1 });
  const follow = () => {
    const at = [Number(lat.value), Number(lon.value)];
    if (!lat.value || !lon.value || at.some(Number.isNaN)) return;
    dot.setLatLng(/** @type {[number, number]} */ (at)).addTo(chart);
  };
  chart.on("click", (event) => {
    lat.value = event.latlng.lat.toFixed(6);
    lon.value = event.latlng.lng.toFixed(6);
    follow();
  });
  for (const input of [lat, lon]) input.addEventListener("input", follow, { signal });
  follow();
}

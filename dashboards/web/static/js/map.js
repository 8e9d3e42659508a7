// The place map of a page that says once what is on it; a click may choose the place of a form.

import { openChart } from "./chart.js";
import { need } from "./dom.js";
import { colour } from "./map_layers.js";

/** @type {import("./types.js").Component} */
export function map(root, signal) {
  void draw(root, signal);
}

/** @param {HTMLElement} root @param {AbortSignal} signal */
async function draw(root, signal) {
  const chart = await openChart(root, signal);
  if (!chart) return;
  chart.show(JSON.parse(root.dataset.scene ?? "{}"));
  if (root.dataset.picks) pick(chart.L, chart.map, need(document, root.dataset.picks), signal);
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

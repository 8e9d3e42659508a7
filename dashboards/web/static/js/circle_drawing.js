// A round zone on the map: a click sets its middle, a handle on its rim its radius; the fields of the form follow, and lead.

import { offsetM } from "./bearings.js";
import { colour } from "./map_layers.js";

/** @typedef {{lat: HTMLInputElement, lon: HTMLInputElement, radius: HTMLInputElement}} Fields */

const LEAST_RADIUS_M = 10;

/**
 * @param {typeof import("leaflet")} L
 * @param {import("leaflet").Map} map
 * @param {Fields} fields
 * @param {AbortSignal} signal
 */
export function circleDrawing(L, map, fields, signal) {
  const tone = colour("critical");
  const circle = L.circle([0, 0], { radius: 1, color: tone, weight: 2, fillColor: tone, fillOpacity: 0.12, interactive: false });
  const handle = (/** @type {string} */ look) => L.marker([0, 0], { icon: L.divIcon({ className: `map-handle ${look}`, iconSize: [22, 22] }), draggable: true, keyboard: false });
  const [middle, rim] = [handle("middle"), handle("rim")];
  const group = L.layerGroup([circle, middle, rim]);
  let shown = false;

  const rimOf = (/** @type {import("leaflet").LatLng} */ at, /** @type {number} */ radiusM) => L.latLng(at.lat, at.toBounds(2 * radiusM).getEast());
  const follow = () => {
    const at = [Number(fields.lat.value), Number(fields.lon.value)];
    const drawable = fields.lat.value !== "" && fields.lon.value !== "" && !at.some(Number.isNaN);
    if (!shown || !drawable) return void group.remove();
    const centre = L.latLng(/** @type {[number, number]} */ (at));
    const radiusM = Math.max(Number(fields.radius.value) || 0, 1);
    circle.setLatLng(centre).setRadius(radiusM);
    middle.setLatLng(centre);
    rim.setLatLng(rimOf(centre, radiusM));
    group.addTo(map);
  };
  const moveTo = (/** @type {import("leaflet").LatLng} */ at) => {
    fields.lat.value = at.lat.toFixed(6);
    fields.lon.value = at.lng.toFixed(6);
    follow();
  };
  middle.on("drag", () => moveTo(middle.getLatLng()));
  rim.on("drag", () => {
    const { lat, lng } = middle.getLatLng();
    const { east, north } = offsetM({ lat, lon: lng }, { lat: rim.getLatLng().lat, lon: rim.getLatLng().lng });
    const radiusM = Math.max(Math.hypot(east, north), LEAST_RADIUS_M);
    fields.radius.value = String(Math.round(radiusM));
    circle.setRadius(radiusM);
  });
  rim.on("dragend", follow);
  map.on("click", (event) => { if (shown) moveTo(event.latlng); });
  for (const field of Object.values(fields)) field.addEventListener("input", follow, { signal });
  return { show: (/** @type {boolean} */ yes) => { shown = yes; follow(); } };
}

// The place map: no tiles, no outside host; zones, home, the fix with its accuracy, the track, and a scale.

import { need } from "./dom.js";
import { t } from "./i18n.js";

/** @typedef {import("./types.js").MapScene} MapScene */

const CLOSE_ENOUGH = 18;
const VIEW_PADDING = /** @type {[number, number]} */ ([36, 36]);

/** @param {string} name */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** @type {import("./types.js").Component} */
export function map(root, signal) {
  void draw(root, signal);
}

/** @param {HTMLElement} root @param {AbortSignal} signal */
async function draw(root, signal) {
  const L = await import("../../vendor/leaflet/leaflet-src.esm.js");
  if (signal.aborted) return;
  /** @type {MapScene} */
  const scene = JSON.parse(root.dataset.scene ?? "{}");
  const place = need(root, ".map");
  const chart = L.map(place, { attributionControl: false, zoomControl: false, maxZoom: 20, minZoom: 3, zoomSnap: 0.25, zoomAnimation: false, fadeAnimation: false });
  signal.addEventListener("abort", () => chart.remove());
  L.control.zoom({ zoomInTitle: t("map.zoom_in"), zoomOutTitle: t("map.zoom_out") }).addTo(chart);
  L.control.scale({ imperial: false, maxWidth: 160 }).addTo(chart);
  const [calm, critical, soft] = [colour("calm"), colour("critical"), colour("ink-soft")];

  /** @type {import("leaflet").LatLng[]} */
  const seen = [];
  for (const zone of scene.zones) {
    const look = { color: calm, weight: 2, fillColor: calm, fillOpacity: 0.1 };
    if (zone.circle) {
      const centre = L.latLng(zone.circle.lat, zone.circle.lon);
      L.circle(centre, { ...look, radius: zone.circle.radius_m }).bindTooltip(zone.name).addTo(chart);
      const bounds = centre.toBounds(2 * zone.circle.radius_m);
      seen.push(bounds.getNorthEast(), bounds.getSouthWest());
    } else if (zone.polygon) {
      const corners = zone.polygon.map(([lat, lon]) => L.latLng(lat, lon));
      L.polygon(corners, look).bindTooltip(zone.name).addTo(chart);
      seen.push(...corners);
    }
  }
  if (scene.home) {
    const home = L.latLng(scene.home.lat, scene.home.lon);
    L.circleMarker(home, { radius: 8, color: colour("surface"), weight: 3, fillColor: calm, fillOpacity: 1 }).bindTooltip(t("map.home")).addTo(chart);
    seen.push(home);
  }
  if (scene.track.length) {
    const line = scene.track.map((point) => L.latLng(point.lat, point.lon));
    L.polyline(line, { color: soft, weight: 3, dashArray: "2 7", lineCap: "round" }).addTo(chart);
    seen.push(...line);
  }
  if (scene.fix) {
    const fix = L.latLng(scene.fix.lat, scene.fix.lon);
    if (scene.fix.accuracy_m) L.circle(fix, { radius: scene.fix.accuracy_m, color: critical, weight: 1.5, dashArray: "4 4", fillColor: critical, fillOpacity: 0.12 }).addTo(chart);
    L.circleMarker(fix, { radius: 9, color: colour("surface"), weight: 3, fillColor: critical, fillOpacity: 1 }).bindTooltip(t("map.fix")).addTo(chart);
    seen.push(fix, ...boundsOf(L, fix, scene.fix.accuracy_m ?? 60));
  }
  if (seen.length > 1) chart.fitBounds(L.latLngBounds(seen), { padding: VIEW_PADDING, maxZoom: CLOSE_ENOUGH });
  else chart.setView(seen[0] ?? L.latLng(31.2304, 121.4737), seen.length ? 17 : 11);
  if (root.dataset.picks) pick(L, chart, root);
}

/**
 * @param {typeof import("leaflet")} L
 * @param {import("leaflet").LatLng} centre
 * @param {number} radiusM
 */
function boundsOf(L, centre, radiusM) {
  const bounds = centre.toBounds(4 * radiusM);
  return [bounds.getNorthEast(), bounds.getSouthWest()];
}

/**
 * A click on the map fills the form's latitude and longitude; the circle follows the fields.
 * @param {typeof import("leaflet")} L
 * @param {import("leaflet").Map} chart
 * @param {HTMLElement} root
 */
function pick(L, chart, root) {
  const form = /** @type {HTMLFormElement} */ (need(document, root.dataset.picks ?? "form"));
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement | null} */ (form.querySelector(`[data-pick="${name}"]`));
  const lat = field("lat"), lon = field("lon"), radius = field("radius_m");
  if (!lat || !lon) return;
  const critical = colour("critical");
  const circle = L.circle([0, 0], { radius: 1, color: critical, weight: 2, fillColor: critical, fillOpacity: 0.12 });
  const dot = L.circleMarker([0, 0], { radius: 7, color: colour("surface"), weight: 3, fillColor: critical, fillOpacity: 1 });
  const follow = () => {
    const at = [Number(lat.value), Number(lon.value)];
    if (!lat.value || !lon.value || at.some(Number.isNaN)) return;
    dot.setLatLng(/** @type {[number, number]} */ (at)).addTo(chart);
    if (radius && Number(radius.value) > 0) circle.setLatLng(/** @type {[number, number]} */ (at)).setRadius(Number(radius.value)).addTo(chart);
  };
  chart.on("click", (event) => {
    lat.value = event.latlng.lat.toFixed(6);
    lon.value = event.latlng.lng.toFixed(6);
    follow();
  });
  for (const input of [lat, lon, radius]) input?.addEventListener("input", follow);
  follow();
}

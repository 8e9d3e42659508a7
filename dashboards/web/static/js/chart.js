// A map, without any outside host unless the settings name one: the frame in which a scene is drawn, and drawn anew.

import { need } from "./dom.js";
import { t } from "./i18n.js";
import { layersOf } from "./map_layers.js";

/** @typedef {import("./types.js").MapScene} MapScene */

const CLOSE_ENOUGH = 18;
const VIEW_PADDING = /** @type {[number, number]} */ ([44, 40]);
const NOWHERE_KNOWN = /** @type {[number, number]} */ ([31.2304, 121.4737]);

/**
 * What lies under everything, where whoever runs the console has named a server of tiles; none by default.
 * @param {typeof import("leaflet")} L
 * @param {import("leaflet").Map} map
 */
function streets(L, map) {
  const { tiles, tilesBy = "", tilesZoom } = document.documentElement.dataset;
  if (!tiles) return;
  L.tileLayer(tiles, { maxNativeZoom: Number(tilesZoom), maxZoom: 20, className: "map-tiles" }).addTo(map);
  if (!tilesBy) return;
  const words = document.createElement("span");
  words.textContent = tilesBy;
  L.control.attribution({ prefix: false }).addAttribution(words.innerHTML).addTo(map);
}

/**
 * Open a chart in the `.map` of a root. `show` draws a scene; the view takes it in until somebody moved it themselves.
 * @param {HTMLElement} root
 * @param {AbortSignal} signal
 */
export async function openChart(root, signal) {
  const L = await import("../../vendor/leaflet/leaflet-src.esm.js");
  if (signal.aborted) return null;
  const place = need(root, ".map");
  const map = L.map(place, { attributionControl: false, zoomControl: false, maxZoom: 20, minZoom: 3, zoomSnap: 0.25, zoomAnimation: false, fadeAnimation: false });
  signal.addEventListener("abort", () => map.remove());
  L.control.zoom({ zoomInTitle: t("map.zoom_in"), zoomOutTitle: t("map.zoom_out") }).addTo(map);
  L.control.scale({ imperial: false, maxWidth: 160 }).addTo(map);
  streets(L, map);
  /** @type {import("leaflet").LayerGroup | null} */
  let drawn = null;
  /** @type {MapScene | null} */
  let scene = null;
  /** @type {import("leaflet").LatLng[]} */
  let seen = [];
  let moved = false;
  /** @type {import("leaflet").LatLng[]} */
  let all = [];
  const takeIn = (whole = false) => {
    const wanted = whole ? all : seen;
    if (wanted.length > 1) map.fitBounds(L.latLngBounds(wanted), { padding: VIEW_PADDING, maxZoom: CLOSE_ENOUGH });
    else map.setView(wanted[0] ?? NOWHERE_KNOWN, wanted.length ? 17 : 11);
  };
  const show = (/** @type {MapScene} */ wanted, { still = false } = {}) => {
    scene = wanted;
    const layers = layersOf(L, wanted);
    drawn?.remove();
    drawn = layers.group;
    // What is shown still leaves the view at what it took in before, also when the window changes.
    if (!still) ({ seen, all } = layers);
    if (!moved && !still) takeIn();
    drawn.addTo(map);
  };
  for (const touched of ["pointerdown", "wheel", "keydown"]) place.addEventListener(touched, () => { moved = true; }, { signal, passive: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (scene) show(scene); }, { signal });
  const watch = new ResizeObserver(() => { map.invalidateSize(); if (!moved && scene) takeIn(); });
  watch.observe(place);
  signal.addEventListener("abort", () => watch.disconnect());
  return { L, map, show, takeIn: (whole = false) => { moved = whole; takeIn(whole); } };
}

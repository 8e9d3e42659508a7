// A zone with corners on the map: a click adds one, handles move them, a handle between two adds one there.

import { colour } from "./map_layers.js";

/** @typedef {[number, number]} Corner latitude and longitude */

/**
 * @param {typeof import("leaflet")} L
 * @param {import("leaflet").Map} map
 * @param {(corners: Corner[]) => void} changed told whenever somebody moved, added or took a corner on the map
 */
export function cornerDrawing(L, map, changed) {
  /** @type {Corner[]} */
  let corners = [];
  /** Places of corners at which something is wrong, by pairs: the sides between them. @type {number[]} */
  let wrong = [];
  let shown = false;
  const group = L.layerGroup();
  const tone = colour("critical");
  const outline = L.polygon([], { color: tone, weight: 2.5, fillColor: tone, fillOpacity: 0.12, interactive: false });
  const faults = L.layerGroup();

  const drawFaults = () => {
    faults.clearLayers();
    for (let i = 0; i + 1 < wrong.length; i += 2) {
      const side = [corners[wrong[i] ?? -1], corners[wrong[i + 1] ?? -1]].filter((corner) => corner !== undefined);
      L.polyline(side, { color: tone, weight: 8, opacity: 0.55, interactive: false }).addTo(faults);
    }
  };
  const drawOutline = () => outline.setLatLngs(corners);
  const handle = (/** @type {Corner} */ at, /** @type {string} */ look, /** @type {string} */ word) => {
    const html = document.createElement("span");
    html.textContent = word;
    return L.marker(at, { icon: L.divIcon({ html, className: `map-handle ${look}`, iconSize: look === "between" ? [20, 20] : [26, 26] }), draggable: true, keyboard: false });
  };
  /** Let a handle lead the corner at a place. @param {import("leaflet").Marker} marker @param {number} place */
  const lead = (marker, place) => {
    marker.on("drag", () => {
      corners[place] = cornerAt(marker.getLatLng());
      drawOutline();
    });
    marker.on("dragend", () => { wrong = []; changed([...corners]); draw(); });
  };
  const draw = () => {
    group.clearLayers();
    if (!shown) return void group.remove();
    drawOutline();
    group.addLayer(outline).addLayer(faults);
    drawFaults();
    corners.forEach((corner, place) => {
      const next = corners[(place + 1) % corners.length];
      if (next && corners.length > 2) {
        const between = handle([(corner[0] + next[0]) / 2, (corner[1] + next[1]) / 2], "between", "+");
        between.on("dragstart", () => corners.splice(place + 1, 0, corner));
        lead(between, place + 1);
        between.on("click", () => { corners.splice(place + 1, 0, cornerAt(between.getLatLng())); wrong = []; changed([...corners]); draw(); });
        between.addTo(group);
      }
      const marker = handle(corner, wrong.includes(place) ? "corner wrong" : "corner", String(place + 1));
      lead(marker, place);
      marker.addTo(group);
    });
    group.addTo(map);
  };
  map.on("click", (event) => {
    if (!shown) return;
    corners.push(cornerAt(event.latlng));
    wrong = [];
    changed([...corners]);
    draw();
  });
  return {
    /** Take over corners that were entered elsewhere. @param {Corner[]} wanted */
    set: (wanted) => { corners = [...wanted]; wrong = []; draw(); },
    /** @param {boolean} yes */
    show: (yes) => { shown = yes; draw(); },
    /** Mark corners, counted from 0. @param {number[]} places */
    flag: (places) => { wrong = places; draw(); },
  };
}

/** @param {import("leaflet").LatLng} at @returns {Corner} */
function cornerAt(at) {
  return [Number(at.lat.toFixed(6)), Number(at.lng.toFixed(6))];
}

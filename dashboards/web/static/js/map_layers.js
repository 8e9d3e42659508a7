// What a place map shows, as layers: zones, home, habitual places, the way walked, the last positions, how far they can be.

import { now } from "./clock.js";
import { h, icon } from "./dom.js";
import { ago, t } from "./i18n.js";

/**
 * @typedef {typeof import("leaflet")} Leaflet
 * @typedef {import("leaflet").LatLng} LatLng
 * @typedef {import("./types.js").MapScene} MapScene
 * @typedef {import("./types.js").TrackPoint} TrackPoint
 */

const TINTS = 5;
const FAINTEST = 0.35;
/** Of a longer way only every so manieth fix gets a dot: they would touch. */
const DOTS = 30;
/** Of more buildings only the one that is pointed at tells its name: they would hide each other. */
const NAMED = 12;
const ROOM_ABOUT_A_FIX_M = 60;

/** @param {string} name a token of the design */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/**
 * Draw a scene. `seen`: what the view must take in, `all`: what else is there. How far somebody can be is none of it, it
 * would hide the way, and so would zones where somebody has walked: 50 m of pacing are a dot in a zone of a mile.
 * @param {Leaflet} L
 * @param {MapScene} scene
 */
export function layersOf(L, scene) {
  const group = L.layerGroup();
  /** @type {LatLng[]} */
  const seen = [];
  const at = (/** @type {{lat: number, lon: number}} */ place) => L.latLng(place.lat, place.lon);
  const around = (/** @type {LatLng} */ centre, /** @type {number} */ radiusM) => {
    const bounds = centre.toBounds(2 * radiusM);
    return [bounds.getNorthEast(), bounds.getSouthWest()];
  };

  if (scene.reach) {
    L.circle(at(scene.reach), { radius: scene.reach.radius_m, color: colour("critical"), weight: 1.5, dashArray: "8 7", fillColor: colour("critical"), fillOpacity: 0.05, interactive: false }).addTo(group);
  }
  for (const zone of scene.zones) {
    const rests = zone.counts === false;
    const look = { color: colour("calm"), weight: 2, fillColor: colour("calm"), fillOpacity: rests ? 0.02 : 0.1, dashArray: rests ? "3 6" : undefined };
    // An element, since of a string Leaflet makes markup, and somebody typed this.
    const name = h("span", {}, rests ? t("map.zone_rests", { name: zone.name }) : zone.name);
    if (zone.circle) {
      L.circle(at(zone.circle), { ...look, radius: zone.circle.radius_m }).bindTooltip(name).addTo(group);
      seen.push(...around(at(zone.circle), zone.circle.radius_m));
    } else if (zone.polygon) {
      const corners = zone.polygon.map(([lat, lon]) => L.latLng(lat, lon));
      L.polygon(corners, look).bindTooltip(name).addTo(group);
      seen.push(...corners);
    }
  }
  const houses = scene.houses ?? [];
  for (const house of houses) {
    const dot = L.circleMarker(at(house), { radius: 5, color: colour("ink-soft"), weight: 2, fillColor: colour("surface"), fillOpacity: 1 }).addTo(group);
    if (house.name) dot.bindTooltip(h("span", {}, house.name), { permanent: houses.length <= NAMED, direction: "top", offset: [0, -4], className: "map-word" });
  }
  if (!scene.home) seen.push(...houses.map(at));
  for (const place of scene.places ?? []) {
    L.circle(at(place), { radius: place.radius_m, color: colour("place"), weight: 1.5, dashArray: "2 5", fillColor: colour("place"), fillOpacity: 0.14 }).bindTooltip(t("map.place")).addTo(group);
    sign(L, at(place), "star", "map-place").addTo(group);
  }
  way(L, scene.track).addTo(group);
  seen.push(...scene.track.filter((point) => point.sure !== false).map(at));
  if (scene.home) {
    sign(L, at(scene.home), "home", "map-home").bindTooltip(t("map.home")).addTo(group);
    seen.push(at(scene.home));
  }
  if (scene.moment) {
    sign(L, at(scene.moment), "bell", "map-moment").bindTooltip(t("map.moment"), { direction: "bottom", offset: [0, 12] }).addTo(group);
    seen.push(at(scene.moment));
  }
  const { fix, certain } = scene;
  if (fix) {
    const doubtful = certain !== undefined && (certain === null || certain.t !== fix.t);
    const red = colour("critical");
    if (fix.accuracy_m) L.circle(at(fix), { radius: fix.accuracy_m, color: red, weight: 1.5, dashArray: "4 4", fillColor: red, fillOpacity: 0.12, interactive: false }).addTo(group);
    L.circleMarker(at(fix), { radius: doubtful ? 6 : 9, color: doubtful ? red : colour("surface"), weight: 3, fillColor: doubtful ? colour("surface") : red, fillOpacity: 1 }).bindTooltip(t(doubtful ? "map.fix_doubtful" : "map.fix")).addTo(group);
    seen.push(at(fix), ...around(at(fix), fix.accuracy_m ?? ROOM_ABOUT_A_FIX_M));
  }
  if (certain) {
    L.circleMarker(at(certain), { radius: 9, color: colour("surface"), weight: 3, fillColor: colour("critical"), fillOpacity: 1 }).addTo(group)
      .bindTooltip(ago(now() - (certain.t ?? 0)), { permanent: true, direction: "top", offset: [0, -10], className: "map-word strong" });
    seen.push(at(certain), ...around(at(certain), ROOM_ABOUT_A_FIX_M));
  }
  const walked = scene.focus ?? scene.track.filter((point) => point.sure !== false);
  if (walked.length < 2) return { group, seen, all: seen };
  const close = [...walked, ...[scene.certain ?? fix].filter((place) => place != null)].map(at);
  if (!scene.focus) for (const place of [scene.home, scene.moment]) if (place) close.push(at(place));
  return { group, seen: close, all: seen };
}

/**
 * The way walked: the older the fainter, with an arrow now and then; what is not sure is a hollow dot beside it.
 * @param {Leaflet} L
 * @param {TrackPoint[]} track
 */
function way(L, track) {
  const group = L.layerGroup();
  const tone = colour("way");
  const sure = track.filter((point) => point.sure !== false);
  const line = sure.map((point) => L.latLng(point.lat, point.lon));
  if (line.length > 1) L.polyline(line, { color: colour("surface"), weight: 7, opacity: 0.9, interactive: false }).addTo(group);
  const every = Math.ceil(line.length / DOTS);
  const length = every * Math.max(1, Math.ceil((line.length - 1) / TINTS / every));
  for (let from = 0; from + 1 < line.length; from += length) {
    const to = Math.min(from + length, line.length - 1);
    L.polyline(line.slice(from, to + 1), { color: tone, weight: 4, opacity: FAINTEST + (1 - FAINTEST) * (to / (line.length - 1)), lineCap: "butt", interactive: false }).addTo(group);
    const [a, b] = [line[to - 1], line[to]];
    if (a && b && to < line.length - 1) arrow(L, a, b).addTo(group);
  }
  const dot = (/** @type {TrackPoint} */ point, /** @type {import("leaflet").CircleMarkerOptions} */ look) =>
    L.circleMarker([point.lat, point.lon], { radius: 3.5, color: tone, weight: 2, fillColor: colour("surface"), fillOpacity: 1, ...look })
      .bindTooltip(() => `${ago(now() - point.t)}${point.accuracy_m ? ` · ±${Math.round(point.accuracy_m)} m` : ""}`).addTo(group);
  sure.forEach((point, i) => { if (i % every === 0 && (i === 0 || i % length)) dot(point, {}); });
  for (const point of track) if (point.sure === false) dot(point, { weight: 1, opacity: 0.6, fillOpacity: 0 });
  return group;
}

/** A drawing of the sprite on the map; words beside the map say the same. @param {Leaflet} L @param {LatLng} place @param {string} name @param {string} look */
function sign(L, place, name, look) {
  const html = document.createElement("span");
  html.append(icon(name));
  return L.marker(place, { icon: L.divIcon({ html, className: `map-sign ${look}`, iconSize: [26, 26] }), keyboard: false, interactive: look !== "map-place" });
}

/** Which way it went from a to b, an arrow at b. @param {Leaflet} L @param {LatLng} a @param {LatLng} b */
function arrow(L, a, b) {
  const east = (b.lng - a.lng) * Math.cos((b.lat * Math.PI) / 180);
  const turned = (Math.atan2(east, b.lat - a.lat) * 180) / Math.PI;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "-10 -10 20 20");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", "M0-8L6 6L0 3L-6 6z");
  path.setAttribute("transform", `rotate(${turned.toFixed(0)})`);
  svg.append(path);
  const html = document.createElement("span");
  html.append(svg);
  return L.marker(b, { icon: L.divIcon({ html, className: "map-arrow", iconSize: [18, 18] }), keyboard: false, interactive: false });
}

// Whether the sides of a zone that is being drawn cross each other.

/** @typedef {[number, number]} Corner latitude and longitude */

/**
 * The corners, counted from 0, of the first two sides that cross: a, b of the one and c, d of the other; null: none do.
 * @param {Corner[]} corners
 * @returns {[number, number, number, number] | null}
 */
export function crossing(corners) {
  const n = corners.length;
  for (let i = 0; i < n; i += 1) {
    for (let j = i + 2; j < n; j += 1) {
      if (i === 0 && j === n - 1) continue;
      const [a, b, c, d] = [corners[i], corners[(i + 1) % n], corners[j], corners[(j + 1) % n]];
      if (a && b && c && d && cross(a, b, c, d)) return [i, (i + 1) % n, j, (j + 1) % n];
    }
  }
  return null;
}

/** @param {Corner} a @param {Corner} b @param {Corner} c @param {Corner} d */
function cross(a, b, c, d) {
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}

/** On which side of the line from a to b a corner lies. @param {Corner} a @param {Corner} b @param {Corner} c */
function side(a, b, c) {
  return Math.sign((b[1] - a[1]) * (c[0] - a[0]) - (b[0] - a[0]) * (c[1] - a[1]));
}

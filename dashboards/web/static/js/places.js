// Bringing children into an order by moving as few as can be: what stays put keeps its focus, its animation and its layout.

/**
 * Make these the children, in this order.
 * @param {HTMLElement} parent
 * @param {Element[]} wanted
 */
export function put(parent, wanted) {
  if (parent.childElementCount === wanted.length && wanted.every((element, at) => parent.children[at] === element)) return;
  const stays = new Set(wanted);
  for (const child of [...parent.children]) if (!stays.has(child)) child.remove();
  const place = new Map([...parent.children].map((child, at) => [child, at]));
  const untouched = increasing(wanted.map((element) => place.get(element) ?? -1));
  let next = /** @type {Element | null} */ (null);
  for (let at = wanted.length - 1; at >= 0; at -= 1) {
    const element = wanted[at];
    if (!element) continue;
    if (!untouched.has(at)) parent.insertBefore(element, next);
    next = element;
  }
}

/**
 * The indices of a longest increasing run of numbers, negative ones left out (patience sorting).
 * @param {number[]} numbers
 * @returns {Set<number>}
 */
function increasing(numbers) {
  /** For each length, the index of the smallest number at which a run of it ends. @type {number[]} */
  const ends = [];
  /** @type {(number | undefined)[]} */
  const before = [];
  for (const [index, number] of numbers.entries()) {
    if (number < 0) continue;
    let low = 0, high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((numbers[ends[middle] ?? 0] ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    before[index] = ends[low - 1];
    ends[low] = index;
  }
  const found = new Set();
  for (let index = ends.at(-1); index !== undefined; index = before[index]) found.add(index);
  return found;
}

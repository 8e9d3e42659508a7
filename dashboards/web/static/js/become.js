// Making an element say what another one says, touching only what differs: the rest keeps focus, animation and layout.

/**
 * The node that says it now: the known one, changed, or the fresh one where they are of different kinds.
 * Listeners are not compared: what is known keeps its own.
 * @template {Node} T
 * @param {T} known
 * @param {T} fresh
 * @returns {T}
 */
export function become(known, fresh) {
  if (known.isEqualNode(fresh)) return known;
  if (!(known instanceof Element && fresh instanceof Element) || known.localName !== fresh.localName) {
    known.parentNode?.replaceChild(fresh, known);
    return fresh;
  }
  for (const { name } of [...known.attributes]) if (!fresh.hasAttribute(name)) known.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (known.getAttribute(name) !== value) known.setAttribute(name, value);
  const before = [...known.childNodes];
  const after = [...fresh.childNodes];
  for (const [at, child] of after.entries()) {
    const there = before[at];
    if (there) become(there, child);
    else known.append(child);
  }
  for (const left of before.slice(after.length)) left.remove();
  return known;
}

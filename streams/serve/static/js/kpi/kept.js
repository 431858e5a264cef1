// What a reader has done to a part of the page: it stays when the part is made anew.

const PRESSED = "a, button, summary";

/** Remember what is open and what has the focus in a node; what is returned does it again after its remaking. */
export function kept(node) {
  const open = new Set([...node.querySelectorAll("details[open]")].map(keyOf));
  const focused = node.contains(document.activeElement) ? document.activeElement : null;
  const key = focused && keyOf(focused);
  const place = focused && alike(node, key).indexOf(focused);
  return () => {
    for (const one of node.querySelectorAll("details")) one.open = open.has(keyOf(one));
    if (focused === null) return;
    const found = alike(node, key);
    (found[place] ?? found[0])?.focus({ preventScroll: true });
  };
}

/** Several may be named alike: a sum in the formula of two KPIs. */
function alike(node, key) {
  return [...node.querySelectorAll(PRESSED)].filter((one) => keyOf(one) === key);
}

/** What has numbers in its text tells its key, for these change. */
function keyOf(node) {
  return node.dataset.key ?? node.textContent;
}

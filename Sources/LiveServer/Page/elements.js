/**
 * Returns the element with an id.
 * @type {(id: string) => any}
 */
export const at = (id) => document.getElementById(id);

/** Sets a text only if it differs, so that live regions do not repeat it and selections stay. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Creates an element. Properties with a hyphen are attributes.
 * @param {string} tag
 * @param {Record<string, any>} [properties]
 * @param {...(Node | string)} children
 * @returns {any}
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes('-')) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

/**
 * Makes the children of `list` match `items`. A child stays the same element while its item has the same key, so that
 * focus, scrolling and loaded pictures stay. When the child with the focus goes, its neighbour or `fallback` gets it.
 */
export function reconcile(list, items, { key, create, update, fallback }) {
  const known = new Map(Array.from(list.children, (child) => [child.dataset.key, child]));
  const wanted = new Set(items.map(key));
  const focused = Array.from(list.children).findIndex((child) => child.contains(document.activeElement));
  const losesFocus = focused >= 0 && !wanted.has(list.children[focused].dataset.key);
  for (const [name, child] of known) if (!wanted.has(name)) child.remove();
  items.forEach((item, index) => {
    let child = known.get(key(item));
    if (!child) {
      child = create(item);
      child.dataset.key = key(item);
    }
    update(child, item);
    if (list.children[index] !== child) list.insertBefore(child, list.children[index] ?? null);
  });
  if (losesFocus) {
    const next = list.children[Math.min(focused, list.children.length - 1)];
    (next?.querySelector('button:not([hidden]), input') ?? fallback)?.focus();
  }
}

/** Shows or hides an element. When it has the focus and goes, `next` gets it. */
export function setHidden(target, isHidden, next) {
  if (target.hidden === isHidden) return;
  const hadFocus = isHidden && target.contains(document.activeElement);
  target.hidden = isHidden;
  if (hadFocus) next?.focus();
}

/** Sends one value at a time and skips all but the newest of those that wait. */
export function throttled(send) {
  let next = null;
  let isSending = false;
  return async (value) => {
    next = { value };
    if (isSending) return;
    isSending = true;
    while (next) {
      const { value: current } = next;
      next = null;
      await send(current);
    }
    isSending = false;
  };
}

/** Saves bytes as a file of the visitor. */
export function download(blob, name) {
  const link = element('a', { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

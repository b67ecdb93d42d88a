import { send } from './requests.js';
import { state } from './state.js';

/** A preview is asked for again after this time. The server has its own, at most as long. */
const freshness = 45_000;
const pause = 700;
/** When each preview came, by stream and style. */
const times = new Map();
/** The cards that are in view. */
const visible = new Set();
const address = new Map();
let waitUntil = 0;
let number = 0;

/** Keeps small pictures of the live picture in each style on the cards that are in view. One is asked for at a time. */
export function watchCards(gallery) {
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) visible.add(entry.target); else visible.delete(entry.target);
  });
  new MutationObserver(() => {
    for (const card of gallery.children) observer.observe(card);
    for (const card of visible) if (!card.isConnected) visible.delete(card);
  }).observe(gallery, { childList: true });
  state.on('stream', () => { times.clear(); waitUntil = 0; });
  const next = async () => {
    await step(performance.now()).catch(() => {});
    setTimeout(next, pause);
  };
  next();
}

async function step(now) {
  const stream = state.stream;
  if (document.hidden || document.body.classList.contains('isClean') || now < waitUntil || stream?.condition !== 'running') return;
  const key = (card) => `${stream.id}|${card.dataset.style}`;
  const waiting = Array.from(visible).filter((card) => now - (times.get(key(card)) ?? -Infinity) > freshness);
  if (!waiting.length) return;
  // The oldest first; among equals, from the top.
  waiting.sort((a, b) => (times.get(key(a)) ?? 0) - (times.get(key(b)) ?? 0)
    || (a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1));
  const [card] = waiting;
  const name = card.dataset.style;
  try {
    const response = await send(`/api/streams/${encodeURIComponent(stream.id)}/preview?style=${encodeURIComponent(name)}`);
    const picture = await response.blob();
    times.set(`${stream.id}|${name}`, performance.now());
    if (card.dataset.style === name && state.id === stream.id) show(card, picture);
  } catch (error) {
    waitUntil = performance.now() + 1000 * (error.retryAfter || 10);
    // A style that cannot be painted must not keep the others waiting.
    if (error.status && error.status !== 503) times.set(`${stream.id}|${name}`, performance.now());
  }
}

function show(card, picture) {
  const image = card.querySelector('.result');
  const old = address.get(card);
  const made = URL.createObjectURL(picture);
  address.set(card, made);
  card.dataset.preview = String(++number);
  image.classList.remove('isStored');
  image.hidden = false;
  image.onload = () => { if (old) URL.revokeObjectURL(old); };
  image.src = made;
  for (const [known, url] of address) {
    if (known.isConnected) continue;
    URL.revokeObjectURL(url);
    address.delete(known);
  }
}

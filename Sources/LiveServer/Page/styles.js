import { at, element, reconcile, setHidden, setText } from './elements.js';
import { addToMixture, mixtureText, removeFromMixture, select } from './mixing.js';
import { manage } from './own-styles.js';
import { watchCards } from './previews.js';
import { state, title } from './state.js';

/** @typedef {{ key: string, variants: any[], style: any }} Group the styles of one painting, and the one to choose */

/** The variant that was chosen last, by group. */
const preferred = new Map();

/** The styles of the same painting are one card; the variants differ in their networks, the quickest first. */
export function groups() {
  /** @type {Map<string, Group>} */
  const found = new Map();
  for (const style of state.styles) {
    const key = style.painting && style.network ? `${style.painting.painter}|${style.painting.title}` : style.name;
    const group = found.get(key) ?? { key, variants: [], style };
    group.variants.push(style);
    found.set(key, group);
  }
  const used = new Set(state.stream?.styles.map(({ name }) => name));
  for (const group of found.values()) {
    group.variants.sort((a, b) => (a.network?.cost ?? 0) - (b.network?.cost ?? 0));
    group.style = group.variants.find(({ name }) => used.has(name))
      ?? group.variants.find(({ name }) => name === preferred.get(group.key)) ?? group.variants[0];
  }
  return Array.from(found.values());
}

/** Returns the group of a style. */
export const groupOf = (name) => groups().find(({ variants }) => variants.some((style) => style.name === name));

/** Notes which variant of a painting to use from now on. */
export function prefer(name) {
  const group = groupOf(name);
  if (group) preferred.set(group.key, name);
}

/** Chooses the style at a place in the gallery, or mixes it in. */
export function chooseAt(index, mixes) {
  const group = groups()[index];
  if (!group) return;
  if (mixes) addToMixture(group.style.name); else select(group.style.name);
}

function createCard() {
  const result = element('img', { alt: '', className: 'result', decoding: 'async' });
  const painting = element('img', { alt: '', className: 'painting', loading: 'lazy' });
  const choose = element('button', { type: 'button', className: 'style', 'aria-pressed': 'false' },
    element('span', { className: 'pictures' }, result, painting),
    element('span', { className: 'names' }, element('span', { className: 'title' }), element('span', { className: 'painter' })));
  const mix = element('button', { type: 'button', className: 'mix' });
  const manageButton = element('button', { type: 'button', className: 'manage', 'aria-haspopup': 'dialog' }, 'Manage');
  const card = element('li', { className: 'card' }, choose, element('div', { className: 'cardActions' }, mix, manageButton));
  choose.addEventListener('click', (event) => {
    if (event.shiftKey) addToMixture(card.dataset.style); else select(card.dataset.style);
  });
  mix.addEventListener('click', () => {
    if (card.classList.contains('isUsed')) removeFromMixture(card.dataset.style); else addToMixture(card.dataset.style);
  });
  manageButton.addEventListener('click', () => manage(card.dataset.style));
  return card;
}

function setSource(image, source) {
  if (image.getAttribute('src') === source) return;
  if (source) image.src = source; else image.removeAttribute('src');
  image.hidden = !source;
}

/** @param {any} card @param {Group} group */
function updateCard(card, { style }) {
  const path = `/api/styles/${encodeURIComponent(style.name)}`;
  if (card.dataset.style !== style.name) {
    card.dataset.style = style.name;
    card.querySelector('.style').dataset.style = style.name;
    delete card.dataset.preview;
  }
  // Until there is a preview, the stored picture of the style; its right half is painted.
  const result = card.querySelector('.result');
  if (!card.dataset.preview) {
    result.classList.add('isStored');
    setSource(result, style.hasPicture ? `${path}/picture` : '');
  }
  setSource(card.querySelector('.painting'), style.hasPaintingPicture ? `${path}/painting` : '');
  const name = title(style.name);
  setText(card.querySelector('.title'), name);
  const painter = style.painting ? `${style.painting.painter}, ${style.painting.year}` : style.isOwn ? 'Trained on this server' : '';
  setText(card.querySelector('.painter'), painter);
  setHidden(card.querySelector('.manage'), !style.isOwn, card.querySelector('.style'));
  card.querySelector('.manage').setAttribute('aria-label', `Manage ${name}`);
  showUse(card, style);
}

function showUse(card, style) {
  const parts = state.stream?.styles ?? [];
  const isUsed = parts.some((part) => part.name === style.name);
  card.classList.toggle('isUsed', isUsed);
  card.querySelector('.style').setAttribute('aria-pressed', String(isUsed));
  const mix = card.querySelector('.mix');
  const isOnly = isUsed && parts.length === 1;
  setHidden(mix, isOnly, card.querySelector('.style'));
  setText(mix, isUsed ? '− Mix' : '+ Mix');
  const others = parts.map((part) => title(part.name)).join(' and ');
  mix.setAttribute('aria-label', isUsed ? `Remove ${title(style.name)} from the mixture` : `Mix in ${title(style.name)}, with ${others}`);
}

function show() {
  reconcile(at('gallery'), groups(), { key: ({ key }) => key, create: createCard, update: updateCard, fallback: at('stage') });
  const isOne = state.stream?.styles.length === 1;
  setText(at('mixText'), isOne ? `Painted as ${mixtureText()}` : mixtureText());
}

state.on('styles', show);
state.on('streams', show);
watchCards(at('gallery'));

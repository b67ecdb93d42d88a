import { at, element, reconcile, setText, throttled } from './elements.js';
import { notify } from './notices.js';
import { change, percent, state, title } from './state.js';

/** The server mixes at most this many. */
const maximumCount = 4;
/** A share of 0 would remove the style from the mixture. */
const leastShare = 0.01;

/** Says which styles are mixed, and how much of each. */
export function mixtureText(parts = state.stream?.styles ?? []) {
  if (!parts.length) return '';
  if (parts.length === 1) return title(parts[0].name);
  // The names of two styles of one painting differ only in their own names.
  const named = parts.map(({ name, share }) => `${percent(share)} ${name === parts[0].name || title(name) !== title(parts[0].name) ? title(name) : name}`);
  return `${named.slice(0, -1).join(', ')} with ${named[named.length - 1]}`;
}

/** Shows one style alone. */
export const select = (name) => change({ styles: [{ name, share: 1 }] });

/** Gives a style an equal share beside those that are painted. */
export function addToMixture(name) {
  const parts = state.stream?.styles ?? [];
  if (!parts.length || parts.some((part) => part.name === name)) return select(name);
  if (parts.length === maximumCount) {
    notify(`A mixture has at most ${maximumCount} styles. Remove one first.`);
    return Promise.resolve(false);
  }
  const share = 1 / (parts.length + 1);
  return change({ styles: [...parts.map((part) => ({ name: part.name, share: part.share * (1 - share) })), { name, share }] });
}

/** Takes a style out of the mixture. The others keep their proportions. */
export function removeFromMixture(name) {
  const rest = (state.stream?.styles ?? []).filter((part) => part.name !== name);
  if (rest.length) change({ styles: rest.map((part) => ({ name: part.name, share: part.share })) });
}

/** Gives a style a share; the others share the rest in their proportions. */
const setShare = throttled(async ({ name, share }) => {
  const parts = state.stream?.styles ?? [];
  const others = parts.filter((part) => part.name !== name);
  if (!others.length) return;
  const part = Math.min(1 - leastShare * others.length, Math.max(leastShare, share));
  const sum = others.reduce((total, other) => total + other.share, 0);
  await change({
    styles: parts.map((known) => ({
      name: known.name, share: known.name === name ? part : Math.max(leastShare, known.share / sum * (1 - part)),
    })),
  });
});

function createRow({ name }) {
  const slider = element('input', { type: 'range', min: '0', max: '1', step: '0.01' });
  const label = element('label', {}, element('span'), element('output'), slider);
  const remove = element('button', { type: 'button' }, '✕');
  slider.addEventListener('input', () => {
    setText(label.querySelector('output'), percent(slider.value));
    setShare({ name, share: Number(slider.value) });
  });
  remove.addEventListener('click', () => removeFromMixture(name));
  return element('li', {}, label, remove);
}

function updateRow(row, { name, share }) {
  const slider = row.querySelector('input');
  setText(row.querySelector('span'), title(name));
  row.querySelector('button').setAttribute('aria-label', `Remove ${title(name)} from the mixture`);
  if (slider.matches(':active')) return;
  slider.value = share;
  slider.setAttribute('aria-valuetext', `${percent(share)} ${title(name)}`);
  setText(row.querySelector('output'), percent(share));
}

state.on('streams', () => {
  const parts = state.stream?.styles ?? [];
  const isMixed = parts.length > 1;
  reconcile(at('mixture'), isMixed ? parts : [], { key: ({ name }) => name, create: createRow, update: updateRow, fallback: at('strength') });
  at('mixture').hidden = !isMixed;
});

import { at } from './elements.js';
import { mixtureText } from './mixing.js';
import { notify } from './notices.js';
import { change, percent, state } from './state.js';

/** Returns the look of the stream and the view as the fragment of an address. Servers do not see fragments. */
function fragment() {
  const { styles, strength, strokeSize, fade, preserveColors } = state.stream;
  const values = new URLSearchParams();
  for (const { name, share } of styles) values.append('style', styles.length > 1 ? `${name}:${Number(share.toFixed(3))}` : name);
  values.set('strength', String(Number(strength.toFixed(2))));
  if (strokeSize !== undefined) values.set('strokes', String(strokeSize));
  values.set('fade', String(fade));
  if (preserveColors) values.set('colours', 'original');
  if (state.isSplit) values.set('view', 'compare');
  if (state.streams.length > 1) values.set('source', state.id);
  return values.toString();
}

/** Returns the address of the page with the look of the stream that is shown. */
export const link = () => `${location.origin}${location.pathname}${location.search}#${fragment()}`;

function number(text, least, most) {
  const value = text === null || text === '' ? NaN : Number(text);
  return value >= least && value <= most ? value : undefined;
}

/** Reads a fragment. Values that are missing or out of range stay as they are. */
export function read(text) {
  const values = new URLSearchParams(text.replace(/^#/, ''));
  /** @type {any} */
  const look = {};
  const known = new Set(state.styles.map(({ name }) => name));
  const all = values.getAll('style').slice(0, 4).map((part) => {
    const [name, share] = part.split(':');
    return { name, share: number(share ?? '1', 0.01, 1) ?? 1 };
  });
  const styles = all.filter(({ name }) => known.has(name));
  if (styles.length) look.styles = styles;
  const strength = number(values.get('strength'), 0, 1);
  if (strength !== undefined) look.strength = strength;
  const fade = number(values.get('fade'), 0, 60);
  if (fade !== undefined) look.fade = fade;
  const strokes = values.get('strokes');
  if (strokes && ['small', 'medium', 'large'].includes(strokes)) look.strokeSize = strokes;
  else if (number(strokes, 64, 1024)) look.strokeSize = Number(strokes);
  if (styles.length) look.preserveColors = values.get('colours') === 'original';
  return { look, missing: all.filter(({ name }) => !known.has(name)).map(({ name }) => name), isSplit: values.get('view') === 'compare', source: values.get('source') };
}

function isSame(look, stream) {
  const names = (styles) => styles.map(({ name, share }) => `${name} ${styles.length > 1 ? share.toFixed(2) : ''}`).join();
  return Object.entries(look).every(([key, value]) => (key === 'styles' ? names(value) === names(stream.styles) : stream[key] === value));
}

/** The settings of a stream, to go back to. */
const settings = ({ styles, strength, strokeSize, fade, preserveColors }) =>
  ({ styles, strength, fade, preserveColors, ...(strokeSize === undefined ? {} : { strokeSize }) });

/**
 * Applies the look of the page's address.
 *
 * A look belongs to the stream, so others see the change as well. If somebody else is watching, the visitor is asked;
 * if nobody is, nothing is asked, and one button undoes it.
 * @param {number} others the number of viewers besides this page
 */
export async function applyLink(others) {
  const { look, missing } = read(location.hash);
  if (missing.length) notify(`This server does not have the style ${missing.join(', ')} of the link.`, { isError: true });
  const stream = state.stream;
  if (!stream || !Object.keys(look).length || isSame(look, stream)) return;
  // Strokes of a style without a canvas would be refused.
  const canvasless = look.styles && !look.styles.some(({ name }) => state.styles.find((style) => style.name === name)?.network?.canvasLines);
  if (canvasless) delete look.strokeSize;
  const before = settings(stream);
  const apply = async () => {
    if (!await change(look) || others > 0) return;
    notify('The look of the link is applied.', { actions: [{ label: 'Undo', run: () => change(before) }] });
  };
  if (others === 0) return apply();
  const text = look.styles ? mixtureText(sharesOf(look.styles)) : 'other settings';
  const strength = look.strength === undefined ? '' : `, strength ${percent(look.strength)}`;
  const people = others === 1 ? 'one other viewer' : `${others} other viewers`;
  return notify(`The link has a look: ${text}${strength}. Applying it changes the picture for ${people}, too.`, {
    actions: [{ label: 'Apply for all', run: apply, isPrimary: true }, { label: 'Not now', run: () => {} }],
  });
}

function sharesOf(styles) {
  const sum = styles.reduce((total, { share }) => total + share, 0);
  return styles.map(({ name, share }) => ({ name, share: share / sum }));
}

at('copyLink').addEventListener('click', async () => {
  at('linkText').select();
  try {
    await navigator.clipboard.writeText(at('linkText').value);
    notify('The link is copied.');
  } catch { notify('This page may not copy: the link is selected, press Ctrl+C.'); }
  at('share').close();
});

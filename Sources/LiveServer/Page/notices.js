import { at, element, setHidden, setText } from './elements.js';

/** @typedef {{ label: string, run: () => void, isPrimary?: boolean }} Action */

const buttons = (actions) => actions.map(({ label, run, isPrimary }) => {
  const button = element('button', { type: 'button', className: isPrimary ? 'primary' : '' }, label);
  button.addEventListener('click', run);
  return button;
});

let timer;

/**
 * Shows a sentence at the bottom of the picture. It goes by itself after some seconds, but not while it has actions,
 * the pointer or the focus.
 * @param {string} text
 * @param {{ isError?: boolean, actions?: Action[] }} [options]
 */
export function notify(text, options = {}) {
  const { isError = false, actions = [] } = options;
  const sentence = text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? '' : '.');
  setText(at('noticeText'), sentence);
  at('noticeActions').replaceChildren(...buttons(actions.map((action) => ({ ...action, run: () => { closeNotice(); action.run(); } }))));
  at('notice').classList.toggle('isError', isError);
  at('notice').hidden = false;
  // Live regions must exist before their text comes.
  at(isError ? 'alert' : 'announcement').textContent = sentence;
  clearTimeout(timer);
  if (!actions.length) timer = setTimeout(closeLater, isError ? 12_000 : 6000);
}

function closeLater() {
  if (at('notice').matches(':hover, :focus-within')) timer = setTimeout(closeLater, 2000);
  else closeNotice();
}

export function closeNotice() {
  clearTimeout(timer);
  setHidden(at('notice'), true, at('stage'));
  at('alert').textContent = '';
}

/** Says why a request failed. */
export function showError(error) {
  if (error?.name === 'AbortError' || error?.status === 401) return;
  // The picture's place already says that the server is gone.
  if (error?.status === 0 && messages.has('server')) return;
  notify(error?.message ?? String(error), { isError: true });
}

/** @typedef {{ title: string, text?: string, actions?: Action[], isOverPicture?: boolean }} Message */

/** @type {Map<string, Message>} */
const messages = new Map();
const order = ['server', 'request', 'own', 'stream', 'playback'];
let shown = '';

/**
 * Shows a message in the picture's place, or takes it away. Of several, the first in `order` shows.
 * @param {'server' | 'request' | 'own' | 'stream' | 'playback'} key
 * @param {Message | null} message
 */
export function setMessage(key, message) {
  if (message) messages.set(key, message); else messages.delete(key);
  const name = order.find((candidate) => messages.has(candidate));
  const found = name && messages.get(name);
  const signature = found ? JSON.stringify([name, found.title, found.text, found.actions?.map(({ label }) => label)]) : '';
  if (signature === shown) return;
  shown = signature;
  if (!found) {
    setHidden(at('message'), true, at('stage'));
    at('stage').classList.remove('isAbsent');
    return;
  }
  const hadFocus = at('message').contains(document.activeElement);
  setText(at('messageTitle'), found.title);
  setText(at('messageText'), found.text ?? '');
  at('messageActions').replaceChildren(...buttons(found.actions ?? []));
  at('message').hidden = false;
  at('message').classList.toggle('isOverPicture', Boolean(found.isOverPicture));
  at('stage').classList.toggle('isAbsent', !found.isOverPicture);
  setText(at('announcement'), `${found.title} ${found.text ?? ''}`);
  if (hadFocus) (at('messageActions').querySelector('button') ?? at('stage')).focus();
}

/** Says something to screen readers alone. */
export const announce = (text) => setText(at('announcement'), text);

at('noticeClose').addEventListener('click', closeNotice);

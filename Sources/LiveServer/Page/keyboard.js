import { at } from './elements.js';
import { change, state } from './state.js';
import { chooseAt } from './styles.js';

/** Arrow keys scroll the page unless the picture has the focus. */
const steps = { ArrowUp: 0.05, ArrowDown: -0.05, ArrowRight: 0.05, ArrowLeft: -0.05 };

/** @param {{ togglePause: () => void, toggleSplit: () => void, toggleSound: () => void, fullScreen: () => void }} actions */
export function listenToKeys({ togglePause, toggleSplit, toggleSound, fullScreen }) {
  document.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    const target = /** @type {Element} */ (event.target);
    if (target.matches('input, select, textarea')) return;
    const digit = Number(/^Digit([1-9])$/.exec(event.code)?.[1]);
    const step = target === at('stage') ? steps[event.key] : undefined;
    const key = event.key.toLowerCase();
    if (digit) chooseAt(digit - 1, event.shiftKey);
    else if (step && state.isSplit && /Left|Right/.test(event.key)) at('divider').dispatchEvent(new KeyboardEvent('keydown', { key: event.key }));
    else if (step && state.stream) change({ strength: Math.min(1, Math.max(0, Number((state.stream.strength + step).toFixed(2)))) });
    else if (key === 'p') togglePause();
    else if (key === 's') toggleSplit();
    else if (key === 'm') toggleSound();
    else if (key === 'f') fullScreen();
    else if (key === 'c' && state.stream) change({ preserveColors: !state.stream.preserveColors });
    else return;
    event.preventDefault();
  });
}

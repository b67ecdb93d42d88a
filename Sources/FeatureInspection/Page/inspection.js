'use strict';

// Without this script the page shows all layers one below the other.

/** @type {HTMLElement[]} */
const sections = Array.from(document.querySelectorAll('main section'));
/** @type {HTMLAnchorElement[]} */
const links = Array.from(document.querySelectorAll('nav a'));

/** @param {number} index */
function show(index) {
  sections.forEach((section, place) => section.classList.toggle('isShown', place === index));
  links.forEach((link, place) => {
    if (place === index) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  });
}

function shown() {
  return Math.max(0, sections.findIndex((section) => section.classList.contains('isShown')));
}

/** Walks to the section at `index`, so that the address names it. @param {number} index */
function walk(index) {
  const place = Math.min(sections.length - 1, Math.max(0, index));
  if (place === shown()) return;
  history.replaceState(null, '', `#${sections[place].id}`);
  show(place);
  window.scrollTo(0, 0);
}

function followAddress() {
  const index = sections.findIndex((section) => `#${section.id}` === location.hash);
  show(Math.max(0, index));
}

/** Lays a channel over the photo of its section. @param {HTMLButtonElement} button */
function choose(button) {
  const section = button.closest('section');
  if (!section) return;
  for (const other of section.querySelectorAll('ul.channels button')) {
    other.setAttribute('aria-pressed', String(other === button));
  }
  const map = /** @type {HTMLImageElement | null} */ (button.querySelector('img.map'));
  const detail = /** @type {HTMLImageElement | null} */ (button.querySelector('img.detail'));
  const stage = /** @type {HTMLImageElement | null} */ (section.querySelector('.stage img'));
  const picture = /** @type {HTMLImageElement | null} */ (section.querySelector('.note img'));
  const text = section.querySelector('.note p');
  if (map && stage) { stage.src = map.src; stage.alt = map.alt; }
  if (detail && picture) { picture.src = detail.src; picture.alt = detail.alt; }
  if (text) text.textContent = button.dataset.note ?? '';
}

for (const button of document.querySelectorAll('ul.channels button')) {
  button.addEventListener('click', () => choose(/** @type {HTMLButtonElement} */ (button)));
}

/** Moves to a channel of the section that is shown. @param {number} step @returns {boolean} whether there is one */
function chooseNeighbour(step) {
  /** @type {HTMLButtonElement[]} */
  const buttons = Array.from(sections[shown()].querySelectorAll('ul.channels button'));
  const pressed = buttons.findIndex((button) => button.getAttribute('aria-pressed') === 'true');
  const next = buttons[pressed + step];
  if (!next) return false;
  choose(next);
  next.focus({ preventScroll: true });
  return true;
}

document.addEventListener('keydown', (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === 'ArrowRight') walk(shown() + 1);
  else if (event.key === 'ArrowLeft') walk(shown() - 1);
  else if (event.key === 'Home') walk(0);
  else if (event.key === 'End') walk(sections.length - 1);
  else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    // Behind the last channel the key scrolls the page, as it does where there are none.
    if (!chooseNeighbour(event.key === 'ArrowDown' ? 1 : -1)) return;
  } else if (event.key.toLowerCase() === 'p') document.body.classList.toggle('showsPhoto');
  else return;
  event.preventDefault();
});
window.addEventListener('hashchange', followAddress);
document.body.classList.add('isWalking');
followAddress();

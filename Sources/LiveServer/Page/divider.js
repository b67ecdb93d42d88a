import { at } from './elements.js';
import { paintedArea } from './picture.js';
import { percent, state } from './state.js';

/** Shows the original on the left of a divider and the painted picture on the right, both of the same moment. */
export class Comparison {
  constructor(player) {
    this.player = player;
    this.position = 0.5;
    const area = at('comparison');
    area.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      area.setPointerCapture(event.pointerId);
      this.move(this.fraction(event));
      at('divider').focus({ preventScroll: true });
      event.preventDefault();
    });
    area.addEventListener('pointermove', (event) => { if (area.hasPointerCapture(event.pointerId)) this.move(this.fraction(event)); });
    at('divider').addEventListener('keydown', (event) => this.press(event));
    new ResizeObserver(() => this.move(this.position)).observe(at('stage'));
    this.move(0.5);
  }

  fraction(event) {
    const box = at('stage').getBoundingClientRect();
    // Only in full screen there may be a margin beside the picture.
    const shown = Math.min(box.width, box.height * this.ratio);
    return (event.clientX - box.left - (box.width - shown) / 2) / shown;
  }

  get ratio() {
    const { width, height } = at('split');
    return width && height ? width / height : 16 / 9;
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowLeft: -0.02, ArrowDown: -0.02, ArrowRight: 0.02, ArrowUp: 0.02, PageDown: -0.1, PageUp: 0.1 }[event.key];
    if (step) this.move(this.position + step);
    else if (event.key === 'Home') this.move(0);
    else if (event.key === 'End') this.move(1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  move(position) {
    this.position = Math.min(1, Math.max(0, position));
    const divider = at('divider');
    const box = at('stage').getBoundingClientRect();
    const shown = box.width ? Math.min(1, box.height * this.ratio / box.width) : 1;
    divider.style.left = `${100 * ((1 - shown) / 2 + shown * this.position)}%`;
    divider.setAttribute('aria-valuenow', String(Math.round(this.position * 100)));
    divider.setAttribute('aria-valuetext', `${percent(this.position)} original, ${percent(1 - this.position)} painted`);
  }

  /** Turns the comparison on or off. */
  set(isOn) {
    state.isSplit = isOn;
    at('splitButton').setAttribute('aria-pressed', String(isOn));
    const hadFocus = at('comparison').contains(document.activeElement);
    at('split').hidden = !isOn;
    at('comparison').hidden = !isOn;
    at('stage').classList.toggle('isSplit', isOn);
    if (hadFocus && !isOn) at('stage').focus();
    this.player.play(state.id, { view: isOn ? 'pair' : 'painted' });
    if (isOn) this.draw();
  }

  draw() {
    if (!state.isSplit) return;
    const { player } = this;
    const { top: height, width } = paintedArea(player);
    // The last picture of the other view is not a pair.
    if (width > 0 && height > 0) {
      const canvas = at('split');
      if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; this.move(this.position); }
      const pen = canvas.getContext('2d');
      const x = Math.round(this.position * width);
      if (x > 0) pen.drawImage(player.surface, 0, 0, x, height, 0, 0, x, height);
      if (x < width) pen.drawImage(player.surface, x, height, width - x, height, x, 0, width - x, height);
    }
    requestAnimationFrame(() => this.draw());
  }
}

import { at, setText, throttled } from './elements.js';
import { change, percent, state } from './state.js';
import { groupOf, prefer } from './styles.js';

const isBusy = (id) => at(id).matches(':active');

for (const [id, key] of [['strength', 'strength'], ['fade', 'fade']]) {
  const later = throttled((value) => change({ [key]: value }));
  at(id).addEventListener('input', () => { showLabels(); later(Number(at(id).value)); });
}
at('strokes').addEventListener('change', () => {
  const size = at('strokes').value;
  change({ strokeSize: Number(size) || size });
});
at('colors').addEventListener('change', () => change({ preserveColors: at('colors').checked }));
at('quality').addEventListener('change', () => {
  const [first, ...others] = state.stream?.styles ?? [];
  const name = at('quality').value;
  if (!first || others.some((part) => part.name === name)) return;
  prefer(name);
  change({ styles: [{ name, share: first.share }, ...others.map((part) => ({ name: part.name, share: part.share }))] });
});

function showLabels() {
  const fade = Number(at('fade').value);
  setText(at('strengthText'), percent(at('strength').value));
  setText(at('fadeText'), fade ? `${fade.toFixed(1)} s` : 'none');
  at('strength').setAttribute('aria-valuetext', percent(at('strength').value));
  at('fade').setAttribute('aria-valuetext', `${fade.toFixed(1)} seconds`);
}

/** Disables the list for styles without a canvas. A number of lines from another program becomes an option. */
function showStrokes({ strokeSize }) {
  const list = at('strokes');
  list.disabled = strokeSize === undefined;
  setText(at('strokesHint'), list.disabled ? 'This style paints at the size of the picture and has one stroke size.' : '');
  const size = String(strokeSize);
  if (list.disabled || list.value === size || isBusy('strokes')) return;
  list.querySelector('[data-lines]')?.remove();
  if (!Array.from(list.options).some((option) => option.value === size)) {
    const option = new Option(`${size} lines`, size);
    option.dataset.lines = size;
    list.append(option);
  }
  list.value = size;
}

/** Says how much longer a network takes than the quickest one of the same painting. */
function describe(style, quickest, index) {
  if (!style.network) return style.name;
  const factor = style.network.cost / Math.max(1e-9, quickest.network?.cost ?? style.network.cost);
  if (index === 0) return 'Quick: for live pictures';
  const times = factor < 10 ? factor.toFixed(1) : Math.round(factor);
  const kind = style.network.canvasLines ? 'Fine: more detail' : 'At full size: smallest strokes';
  return `${kind}, ${times} times the work`;
}

function showQuality({ styles }) {
  const list = at('quality');
  const variants = groupOf(styles[0]?.name)?.variants ?? [];
  const names = variants.map(({ name }) => name).join();
  if (list.dataset.names !== names) {
    list.dataset.names = names;
    list.replaceChildren(...variants.map((style, index) => new Option(describe(style, variants[0], index), style.name)));
  }
  list.disabled = variants.length < 2;
  setText(at('qualityHint'), list.disabled ? 'There is one network for this painting.' : '');
  if (styles.length && list.value !== styles[0].name && !isBusy('quality')) list.value = styles[0].name;
}

function showDetails({ statistics, reduction, condition }) {
  const { workWidth, workHeight, canvasWidth, canvasHeight } = statistics;
  const canvas = canvasWidth ? ` on a canvas of ${canvasWidth}×${canvasHeight}` : '';
  const size = condition === 'running' && workWidth ? `Painted at ${workWidth}×${workHeight}${canvas}.` : '';
  setText(at('details'), size);
  setText(at('reduction'), condition === 'running' && reduction ? `${reduction.charAt(0).toUpperCase()}${reduction.slice(1)}.` : '');
}

state.on('styles', () => { if (state.stream) showQuality(state.stream); });
state.on('streams', () => {
  const stream = state.stream;
  if (!stream) return;
  if (!isBusy('strength')) at('strength').value = stream.strength;
  if (!isBusy('fade')) at('fade').value = stream.fade;
  at('colors').checked = stream.preserveColors;
  showStrokes(stream);
  showQuality(stream);
  showDetails(stream);
  showLabels();
});

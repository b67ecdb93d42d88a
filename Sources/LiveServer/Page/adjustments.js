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
function showStrokes({ strokeSize, paintedStrokeSize }) {
  const list = at('strokes');
  list.disabled = strokeSize === undefined;
  const painted = typeof paintedStrokeSize === 'number' ? `${paintedStrokeSize} lines` : paintedStrokeSize?.replace(/^./, (letter) => letter.toUpperCase());
  setText(at('strokesHint'), list.disabled ? 'This style paints at the size of the picture and has one stroke size.'
    : painted ? `${painted} at present, so that this machine keeps up.` : '');
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

/** A word for each network of a painting, the quickest first. */
function word(style, index) {
  if (!style.network) return style.name;
  return index === 0 ? 'Quick' : style.network.canvasLines ? 'Fine' : 'Full size';
}

/** Says what a network is good for, and how much longer it takes than the quickest one of the painting. */
function explain(variants, name) {
  if (variants.length < 2) return 'There is one network for this painting.';
  const index = variants.findIndex((style) => style.name === name);
  const [network, quickest] = [variants[index]?.network, variants[0].network];
  if (index <= 0 || !network || !quickest) return 'Quick is for live pictures. The others paint more detail, and fewer pictures a second.';
  const factor = network.cost / Math.max(1e-9, quickest.cost);
  const times = factor < 10 ? factor.toFixed(1) : Math.round(factor);
  return `${network.canvasLines ? 'More detail' : 'Painted at the size of the picture, with the smallest strokes'}, for ${times} times the work.`;
}

function showQuality({ styles }) {
  const list = at('quality');
  const variants = groupOf(styles[0]?.name)?.variants ?? [];
  const names = variants.map(({ name }) => name).join();
  if (list.dataset.names !== names) {
    list.dataset.names = names;
    list.replaceChildren(...variants.map((style, index) => new Option(word(style, index), style.name)));
  }
  list.disabled = variants.length < 2;
  setText(at('qualityHint'), explain(variants, styles[0]?.name));
  if (styles.length && list.value !== styles[0].name && !isBusy('quality')) list.value = styles[0].name;
}

function showDetails({ statistics, reduction, condition, paintedStrokeSize }) {
  const { workWidth, workHeight } = statistics;
  const size = condition === 'running' && workWidth ? `Painted at ${workWidth}×${workHeight} pixels.` : '';
  // Larger strokes are told below their list.
  const reason = condition === 'running' && reduction && paintedStrokeSize === undefined ? `${reduction.charAt(0).toUpperCase()}${reduction.slice(1)}.` : '';
  setText(at('size'), size);
  // Below the picture where there is room, else here.
  setText(at('reduction'), reason);
  setText(at('reason'), reason);
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

import { at, element, reconcile, setHidden, setText } from './elements.js';
import { select } from './mixing.js';
import { announce, setMessage, showError } from './notices.js';
import { ask } from './requests.js';
import { state } from './state.js';

/**
 * Paintings that this page has sent, the newest first. They show at once, before the server knows them.
 * @type {{ key: string, name: string, address: string, jobID?: string }[]}
 */
const sent = [];
/** The trainings that the visitor has taken off the list. */
const dismissed = new Set(JSON.parse(sessionStorage.getItem('dismissed') ?? '[]'));
let number = 0;

const isOpen = ({ state: condition }) => condition === 'sending' || condition === 'waiting' || condition === 'running';

/** A duration for people, as long ones are known: not to the second. */
function duration(seconds) {
  if (seconds < 50) return `${Math.max(5, Math.round(seconds / 5) * 5)} seconds`;
  const minutes = Math.max(1, Math.round(seconds / 60));
  if (minutes < 90) return minutes === 1 ? 'one minute' : `${minutes} minutes`;
  return `${(minutes / 60).toFixed(1)} hours`;
}

/** Sends a painting and shows it at once, in the place of the picture's controls. */
export async function train(file) {
  if (!file) return;
  const { isPossible, obstacle } = state.training;
  if (!isPossible) {
    setMessage('request', {
      title: 'Styles cannot be trained here yet',
      text: obstacle ? `${obstacle.charAt(0).toUpperCase()}${obstacle.slice(1)}. Then drop the painting again.`
        : 'This server was started without training. Start it without --no-training, then drop the painting again.',
      actions: [{ label: 'Back to the picture', run: () => setMessage('request', null) }],
    });
    return;
  }
  if (!/^image\/(png|jpeg|webp)$/.test(file.type)) {
    showError(new Error(`“${file.name}” is not a picture that can be learned from: PNG, JPEG and WebP are`));
    return;
  }
  const name = file.name.replace(/\.[^.]*$/, '');
  const painting = { key: `sent-${++number}`, name, address: URL.createObjectURL(file) };
  sent.unshift(painting);
  show();
  announce(`${name} is on its way to the trainer.`);
  try {
    const job = await ask(`/api/training?name=${encodeURIComponent(name)}`, { method: 'POST', headers: { 'Content-Type': file.type }, body: file });
    Object.assign(painting, { jobID: job.id });
    if (!state.training.jobs.some(({ id }) => id === job.id)) state.training = { ...state.training, jobs: [...state.training.jobs, job] };
  } catch (error) {
    sent.splice(sent.indexOf(painting), 1);
    URL.revokeObjectURL(painting.address);
    showError(error);
  }
  show();
}

/** The trainings to show, the newest first. */
function rows() {
  const jobs = state.training.jobs.slice().reverse().filter(({ id, state: condition }) => !dismissed.has(id) && condition !== 'cancelled');
  const known = jobs.map((job) => {
    const own = sent.find(({ jobID }) => jobID === job.id);
    return { ...job, key: own?.key ?? job.id, picture: own?.address ?? `/api/training/${job.id}/painting` };
  });
  const waiting = sent.filter(({ jobID }) => !jobID).map((own) => ({ ...own, id: '', state: 'sending', picture: own.address }));
  // What ended before this page was opened is among the styles already.
  return [...waiting, ...known.filter((job) => isOpen(job) || sent.some(({ jobID }) => jobID === job.id) || seen.has(job.id))];
}

/** The trainings that were open while this page was. */
const seen = new Set();

function statusText(job) {
  const usual = state.training.usualSeconds;
  const whole = usual ? `about ${duration(usual)} on this machine` : '';
  switch (job.state) {
    case 'sending': return whole ? `Sending the painting. Training takes ${whole}.` : 'Sending the painting. How long it takes shows after the first steps.';
    case 'waiting': return `Waits for the training before it${whole ? `, then takes ${whole}` : ''}.`;
    case 'running':
      if (job.remaining !== undefined && job.iterations) return `About ${duration(job.remaining)} left, measured on this machine (step ${job.iteration} of ${job.iterations}).`;
      return whole ? `Begins. It takes ${whole}.` : 'Begins. How long it takes shows after the first steps.';
    case 'finished': return 'Learned. It is among the styles.';
    case 'failed': return `Failed: ${job.message}.`;
    default: return '';
  }
}

function createRow() {
  const row = element('li', { className: 'job', tabIndex: -1 },
    element('img', { className: 'painted', alt: 'The painting' }),
    element('div', {}, element('strong'), element('span', { className: 'status' }), element('progress', { 'aria-label': 'Progress' })),
    element('button', { type: 'button', className: 'enlarge', 'aria-label': 'Show the preview larger', hidden: true }, element('img', { alt: '' })),
    element('div', { className: 'actions' },
      element('button', { type: 'button', className: 'use primary', hidden: true }, 'Use it now'),
      element('button', { type: 'button', className: 'cancel' }, 'Cancel'),
      element('button', { type: 'button', className: 'dismiss', hidden: true }, 'Dismiss')));
  const job = () => rows().find(({ key }) => key === row.dataset.key);
  row.querySelector('.use').addEventListener('click', async () => {
    const { id, name } = job();
    if (await select(name)) dismiss(id);
  });
  row.querySelector('.cancel').addEventListener('click', () => ask(`/api/training/${job().id}`, { method: 'DELETE' }).catch(showError));
  row.querySelector('.dismiss').addEventListener('click', () => dismiss(job().id));
  row.querySelector('.enlarge').addEventListener('click', () => {
    at('largerPicture').src = row.querySelector('.enlarge img').src;
    at('larger').showModal();
  });
  return row;
}

function dismiss(id) {
  dismissed.add(id);
  sessionStorage.setItem('dismissed', JSON.stringify(Array.from(dismissed).slice(-50)));
  show();
}

function updateRow(row, job) {
  const painting = row.querySelector('.painted');
  if (painting.getAttribute('src') !== job.picture) painting.src = job.picture;
  painting.alt = `The painting ${job.name}`;
  setText(row.querySelector('strong'), job.name);
  setText(row.querySelector('.status'), statusText(job));
  const bar = row.querySelector('progress');
  bar.hidden = !isOpen(job);
  if (job.iterations > 0) { bar.max = job.iterations; bar.value = job.iteration; } else bar.removeAttribute('value');
  const enlarge = row.querySelector('.enlarge');
  setHidden(enlarge, !job.preview, row);
  const preview = `/api/training/${job.id}/preview?step=${job.preview}`;
  const image = enlarge.querySelector('img');
  if (job.preview && image.getAttribute('src') !== preview) image.src = preview;
  const use = row.querySelector('.use');
  setHidden(use, job.state !== 'finished', row);
  setHidden(row.querySelector('.cancel'), !isOpen(job) || !job.id, use.hidden ? row : use);
  setHidden(row.querySelector('.dismiss'), isOpen(job), row);
  if (row.dataset.state && row.dataset.state !== job.state && !isOpen(job)) announce(`${job.name}: ${statusText(job)}`);
  row.dataset.state = job.state;
}

function show() {
  const { isPossible, obstacle, usualSeconds, jobs } = state.training;
  for (const job of jobs) if (isOpen(job)) seen.add(job.id);
  setHidden(at('drop'), !isPossible && !obstacle, at('stage'));
  at('usualTime').classList.toggle('isObstacle', Boolean(obstacle));
  setText(at('usualTime'), obstacle ? `Not yet: ${obstacle}.` : usualSeconds ? `Or drop a picture on this page. It takes about ${duration(usualSeconds)} on this machine.` : 'Or drop a picture anywhere on this page.');
  reconcile(at('jobs'), rows(), { key: ({ key }) => key, create: createRow, update: updateRow, fallback: at('stage') });
}

state.on('training', show);

at('paintingButton').addEventListener('click', () => at('painting').click());
at('painting').addEventListener('change', () => {
  train(at('painting').files[0]);
  at('painting').value = '';
});

/** Whether files are dragged, not texts or links. */
const hasFiles = (event) => event.dataTransfer?.types.includes('Files');
document.addEventListener('dragover', (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  at('dropHint').hidden = false;
});
document.addEventListener('dragleave', (event) => { if (!event.relatedTarget) at('dropHint').hidden = true; });
/** Calls `onFilm` with a film that is dropped; paintings are trained. */
export function takeDrops(onFilm) {
  document.addEventListener('drop', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    at('dropHint').hidden = true;
    const [file] = event.dataTransfer.files;
    if (file?.type.startsWith('video/')) onFilm(file); else train(file);
  });
}

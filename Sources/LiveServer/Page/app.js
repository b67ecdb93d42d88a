import { Controls } from './controls.js';
import { Player } from './player.js';

/** @type {(id: string) => any} */
const at = (id) => document.getElementById(id);
// A visitor who reloads the page keeps the camera.
const visitorID = sessionStorage.getItem('visitor')
  ?? Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, '0')).join('');
sessionStorage.setItem('visitor', visitorID);

// MARK: Requests

class Refusal extends Error {
  constructor(status, message) { super(message); this.status = status; }
}

async function ask(path, options = {}) {
  const response = await fetch(path, { credentials: 'same-origin', ...options });
  if (response.status === 401) login();
  if (!response.ok) {
    const body = await response.json().catch(() => null);
    throw new Refusal(response.status, body?.error?.message ?? `the server responded with status ${response.status}`);
  }
  return response.status === 204 ? null : response.json();
}

const change = (values) => ask(`/api/streams/${state.id}`, {
  method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(values),
}).then(show).catch(showError);

function login() { if (!at('login').open) at('login').showModal(); }

at('loginForm').addEventListener('submit', async (event) => {
  event.preventDefault();
  try {
    await ask('/api/session', { method: 'POST', headers: { Authorization: `Bearer ${at('token').value}` } });
    at('token').value = '';
    at('login').close();
    begin().catch(listenLater);
  } catch (error) { at('loginError').textContent = error.message; }
});

let noticeTimer;
function showError(error) {
  at('notice').textContent = error.message;
  at('notice').hidden = false;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => { at('notice').hidden = true; }, 6000);
}

// MARK: Playback

/** @type {any} */
let state = { id: null };
let isSplit = false;
let lag = 0;
const player = new Player({ stage: at('stage'), onNumbers: (numbers) => { lag = numbers.delayMilliseconds / 1000; } });
const play = () => player.play(state.id, { view: isSplit ? 'pair' : 'painted' });

// MARK: Comparison

let divider = 0.5;
function drawSplit() {
  if (!isSplit) return;
  const canvas = at('split');
  const source = player.surface;
  const width = player.width;
  const height = player.height / 2;
  if (width > 0 && height > 0) {
    if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
    const pen = canvas.getContext('2d');
    const x = Math.round(divider * width);
    if (x > 0) pen.drawImage(source, 0, 0, x, height, 0, 0, x, height);
    if (x < width) pen.drawImage(source, x, height, width - x, height, x, 0, width - x, height);
    pen.fillStyle = '#fff';
    pen.fillRect(x - 1, 0, 2, height);
  }
  requestAnimationFrame(drawSplit);
}

function setSplit(on) {
  isSplit = on;
  at('splitButton').setAttribute('aria-pressed', on);
  at('split').hidden = !on;
  at('stage').classList.toggle('isSplit', on);
  play();
  if (on) requestAnimationFrame(drawSplit);
}

at('splitButton').addEventListener('click', () => setSplit(!isSplit));
at('split').addEventListener('pointerdown', (event) => at('split').setPointerCapture(event.pointerId));
at('split').addEventListener('pointermove', (event) => {
  if (!event.buttons) return;
  const box = at('split').getBoundingClientRect();
  const shown = Math.min(box.width, box.height * at('split').width / at('split').height);
  divider = Math.min(1, Math.max(0, (event.clientX - box.left - (box.width - shown) / 2) / shown));
});

function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else if (at('stage').requestFullscreen) at('stage').requestFullscreen().catch(showError);
  else /** @type {any} */ (player.surface).webkitEnterFullscreen?.();
}
at('fullButton').addEventListener('click', fullScreen);

// Starts muted, because browsers block autoplay with sound.
function setSound(on) {
  player.muted = !on;
  at('soundButton').setAttribute('aria-pressed', on);
}
at('soundButton').addEventListener('click', () => setSound(player.muted));

// MARK: Styles and controls

let styles = [];

function showGallery(found) {
  styles = found;
  at('gallery').replaceChildren(...styles.map(({ name, hasPicture, painting }) => {
    const item = document.createElement('li');
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'style';
    button.dataset.style = name;
    if (painting) button.title = `${painting.painter}: ${painting.title}, ${painting.year}`;
    /** @type {any} */
    let picture = document.createElement('div');
    picture.className = 'blank';
    if (hasPicture) {
      picture = document.createElement('img');
      picture.alt = '';
      picture.loading = 'lazy';
      picture.src = `/api/styles/${encodeURIComponent(name)}/picture`;
    }
    const label = document.createElement('span');
    label.textContent = name;
    button.append(picture, label);
    button.addEventListener('click', (event) => choose(name, event.shiftKey));
    const add = document.createElement('button');
    add.type = 'button';
    add.className = 'add';
    add.textContent = '+';
    add.title = `Mix with ${name}`;
    add.setAttribute('aria-label', add.title);
    add.addEventListener('click', () => choose(name, true));
    item.append(button, add);
    return item;
  }));
  show(state);
}

function choose(name, mixes) {
  const first = state.styles?.[0]?.name;
  if (mixes && first && first !== name) change({ styles: [{ name: first, share: 0.5 }, { name, share: 0.5 }] });
  else change({ styles: [{ name, share: 1 }] });
}

function setMix(share) {
  const [first, second] = state.styles ?? [];
  if (!second) return;
  // A share of 0 would remove the style from the mixture.
  const part = Math.min(0.99, Math.max(0.01, share));
  change({ styles: [{ name: first.name, share: 1 - part }, { name: second.name, share: part }], fade: Number(at('fade').value) });
}

/** Sends one change at a time and skips all but the newest of the waiting ones. */
function throttled(send) {
  let next = null;
  let isSending = false;
  return async (value) => {
    next = { value };
    if (isSending) return;
    isSending = true;
    while (next) {
      const { value: current } = next;
      next = null;
      await send(current);
    }
    isSending = false;
  };
}

for (const [id, send] of /** @type {[string, (value: number) => any][]} */ ([
  ['strength', (value) => change({ strength: value })], ['mix', setMix], ['fade', (value) => change({ fade: value })],
])) {
  const later = throttled(send);
  at(id).addEventListener('input', () => { label(); later(Number(at(id).value)); });
}
at('strokes').addEventListener('change', () => {
  const size = at('strokes').value;
  change({ strokeSize: Number(size) || size });
});
at('colors').addEventListener('change', () => change({ preserveColors: at('colors').checked }));

function label() {
  at('strengthText').textContent = `${Math.round(at('strength').value * 100)} %`;
  at('mixText').textContent = at('mix').disabled ? '' : `${Math.round(at('mix').value * 100)} %`;
  at('fadeText').textContent = `${Number(at('fade').value).toFixed(1)} s`;
}

function show(found) {
  if (!found?.id) return;
  state = found;
  const isBusy = (id) => document.activeElement === at(id) && at(id).matches(':active');
  if (!isBusy('strength')) at('strength').value = state.strength;
  if (!isBusy('fade')) at('fade').value = state.fade;
  at('mix').disabled = state.styles.length !== 2;
  if (!isBusy('mix')) at('mix').value = state.styles.length === 2 ? state.styles[1].share : 0;
  showStrokes();
  at('colors').checked = state.preserveColors;
  at('soundButton').hidden = !state.hasAudio || !player.hasSound;
  at('cameraButton').hidden = !state.isCamera || !navigator.mediaDevices;
  const used = new Set(state.styles.map((style) => style.name));
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('.style'))) {
    button.setAttribute('aria-pressed', String(used.has(button.dataset.style)));
  }
  showControls();
  label();
  const { fpsOut, latencyP50Ms, workWidth, workHeight, canvasWidth, canvasHeight } = state.statistics;
  const canvas = canvasWidth ? ` on ${canvasWidth}×${canvasHeight}` : '';
  const isRunning = state.condition === 'running' && workWidth > 0;
  const reduction = state.reduction ? ` · ${state.reduction}` : '';
  at('numbers').textContent = isRunning
    ? `${fpsOut.toFixed(1)} fps · ${Math.round(latencyP50Ms + 1000 * Math.max(0, lag))} ms · ${workWidth}×${workHeight}${canvas}${reduction}`
    : '';
  // A frozen frame would look as if the source were there.
  const absence = isRunning ? '' : state.failure ?? (state.isCamera ? 'The camera is off.' : 'Waiting for the source.');
  if (at('absence').textContent !== absence) at('absence').textContent = absence;
  at('absence').hidden = isRunning;
  at('stage').classList.toggle('isAbsent', !isRunning);
}

/** Disables the list for styles without a canvas. A line count set by another program becomes an extra option. */
function showStrokes() {
  const list = at('strokes');
  list.disabled = state.strokeSize === undefined;
  const size = String(state.strokeSize);
  if (list.disabled || list.value === size) return;
  list.querySelector('[data-lines]')?.remove();
  if (!Array.from(list.options).some((option) => option.value === size)) {
    const option = new Option(`${size} lines`, size);
    option.dataset.lines = size;
    list.append(option);
  }
  list.value = size;
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || at('login').open) return;
  if (/** @type {Element} */ (event.target).matches('input, select')) return;
  const digit = Number(/^Digit([1-9])$/.exec(event.code)?.[1]);
  const step = { ArrowUp: 0.05, ArrowDown: -0.05, ArrowRight: 0.05, ArrowLeft: -0.05 }[event.key];
  if (digit && styles[digit - 1]) choose(styles[digit - 1].name, event.shiftKey);
  else if (step) change({ strength: Math.min(1, Math.max(0, state.strength + step)) });
  else if (event.key === 's') setSplit(!isSplit);
  else if (event.key === 'm' && !at('soundButton').hidden) setSound(player.muted);
  else if (event.key === 'f') fullScreen();
  else if (event.key === 'c') change({ preserveColors: !state.preserveColors });
  else return;
  event.preventDefault();
});

// MARK: Training

async function train(file) {
  if (!file) return;
  const name = file.name.replace(/\.[^.]*$/, '');
  await ask(`/api/training?name=${encodeURIComponent(name)}`, { method: 'POST', headers: { 'Content-Type': file.type }, body: file })
    .catch(showError);
}

at('painting').addEventListener('change', () => { train(at('painting').files[0]); at('painting').value = ''; });
document.addEventListener('dragover', (event) => { event.preventDefault(); document.body.classList.add('isDragging'); });
document.addEventListener('dragleave', () => document.body.classList.remove('isDragging'));
document.addEventListener('drop', (event) => {
  event.preventDefault();
  document.body.classList.remove('isDragging');
  train(event.dataTransfer.files[0]);
});

function showTraining({ isPossible, obstacle, jobs }) {
  at('training').hidden = !isPossible && !obstacle && !jobs.length;
  at('drop').hidden = !isPossible;
  at('obstacle').hidden = !obstacle;
  at('obstacle').textContent = obstacle ? `Training is not possible: ${obstacle}.` : '';
  at('jobs').replaceChildren(...jobs.slice().reverse().map((job) => {
    const item = document.createElement('li');
    const title = document.createElement('strong');
    title.textContent = `${job.name}: ${job.state}`;
    const text = document.createElement('span');
    text.textContent = job.message;
    item.append(title, text);
    const isOpen = job.state === 'running' || job.state === 'waiting';
    if (isOpen) {
      const bar = document.createElement('progress');
      if (job.iterations > 0) { bar.max = job.iterations; bar.value = job.iteration; }
      const cancel = document.createElement('button');
      cancel.type = 'button';
      cancel.textContent = 'Cancel';
      cancel.addEventListener('click', () => ask(`/api/training/${job.id}`, { method: 'DELETE' }).catch(showError));
      item.append(bar, cancel);
    }
    if (job.preview && job.state !== 'cancelled') {
      const picture = document.createElement('img');
      picture.alt = `Preview of ${job.name}`;
      picture.src = `/api/training/${job.id}/preview?step=${job.preview}`;
      item.append(picture);
    }
    return item;
  }));
}

// MARK: Camera

let camera = null;
async function setCamera(on) {
  camera?.getTracks().forEach((track) => track.stop());
  camera = null;
  at('cameraButton').setAttribute('aria-pressed', on);
  if (!on) return;
  const media = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 360, frameRate: 30 } });
  camera = media;
  const eye = document.createElement('video');
  eye.muted = true;
  eye.playsInline = true;
  eye.srcObject = media;
  await eye.play();
  const canvas = document.createElement('canvas');
  while (camera === media) {
    const began = performance.now();
    canvas.width = eye.videoWidth;
    canvas.height = eye.videoHeight;
    canvas.getContext('2d').drawImage(eye, 0, 0);
    const jpeg = await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.85));
    try {
      await ask(`/api/streams/${state.id}/frames?page=${visitorID}`, { method: 'POST', headers: { 'Content-Type': 'image/jpeg' }, body: jpeg });
    } catch (error) {
      if (error.status !== 429) { showError(error); setCamera(false); return; }
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, 33 - (performance.now() - began))));
  }
}
at('cameraButton').addEventListener('click', () => setCamera(!camera).catch((error) => { showError(error); setCamera(false); }));

// MARK: Controls of a game

/** @type {Controls | null} */
let controls = null;
function showControls() {
  const held = controls?.state ?? 'free';
  const { isHeld = false, holder } = state.controls ?? {};
  const isOther = isHeld && held === 'free';
  at('controlsButton').hidden = !state.controls || isOther;
  at('controlsButton').textContent = held === 'free' ? 'Take the controls' : 'Give the controls back';
  at('controlsButton').setAttribute('aria-pressed', held !== 'free');
  at('lockButton').hidden = held === 'free';
  at('holderLabel').hidden = !state.controls || isHeld || held !== 'free';
  at('holder').hidden = !isOther && held === 'free';
  const text = isOther ? `${holder ?? 'Another viewer'} has the controls.`
    : held === 'held' ? 'You have the controls. Hold Escape for a second to give them back.' : 'Click the picture to go on playing.';
  if (at('holder').textContent !== text) at('holder').textContent = text;
  at('stage').classList.toggle('isPlaying', held === 'held');
}

function setControls(on) {
  controls?.stop();
  controls = null;
  showControls();
  if (!on) return;
  const pictureSize = () => ({ width: player.width || 16, height: (player.height || 9) / (isSplit ? 2 : 1) });
  controls = new Controls({
    stage: at('stage'), streamID: state.id, pictureSize,
    onState: (_, reason) => { showControls(); if (reason) showError(new Error(reason)); },
  });
  controls.locksPointer = at('lockButton').getAttribute('aria-pressed') === 'true';
  controls.start(at('holderName').value).catch((error) => { showError(error); showControls(); });
}
at('controlsButton').addEventListener('click', () => setControls((controls?.state ?? 'free') === 'free'));
at('lockButton').addEventListener('click', () => {
  const isOn = at('lockButton').getAttribute('aria-pressed') !== 'true';
  at('lockButton').setAttribute('aria-pressed', isOn);
  if (controls) controls.locksPointer = isOn;
});

// MARK: Startup

at('stream').addEventListener('change', () => { setControls(false); state = { id: at('stream').value }; setCamera(false); showStreams(streams); play(); });

let streams = [];
function showStreams(found) {
  const isNew = found.map(({ id, title }) => id + title).join() !== streams.map(({ id, title }) => id + title).join();
  streams = found;
  if (isNew) {
    at('stream').hidden = streams.length < 2;
    at('stream').replaceChildren(...streams.map((stream) => new Option(stream.title, stream.id)));
    if (state.id) at('stream').value = state.id;
  }
  show(streams.find(({ id }) => id === state.id));
}

/** The server sends its states: all of them at first, then those that change. */
let events = null;
function listen() {
  events?.close();
  events = null;
  if (document.hidden) return;
  const source = new EventSource('/api/events');
  events = source;
  source.addEventListener('streams', (event) => showStreams(JSON.parse(event.data).streams));
  source.addEventListener('styles', (event) => showGallery(JSON.parse(event.data).styles));
  source.addEventListener('training', (event) => showTraining(JSON.parse(event.data)));
  source.addEventListener('error', () => {
    at('numbers').textContent = 'the server does not respond';
    // The browser connects again by itself, but not after a refusal.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => { if (events === source && !at('login').open) begin().catch(listenLater); }, 2000);
  });
}

function listenLater(error) {
  showError(error);
  if (!at('login').open) setTimeout(() => begin().catch(listenLater), 2000);
}

// A page that nobody sees needs no states, and browsers allow few connections to one server.
document.addEventListener('visibilitychange', () => { if (!at('login').open) listen(); });

async function begin() {
  const { streams: found } = await ask('/api/streams');
  if (!state.id && found.length) {
    state = found[0];
    play();
  }
  showStreams(found);
  listen();
}

begin().catch(listenLater);

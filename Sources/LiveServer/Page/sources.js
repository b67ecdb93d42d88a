import { Capture } from './capture.js';
import { at, element, reconcile, setHidden, setText } from './elements.js';
import { notify, setMessage, showError } from './notices.js';
import { state, visitorID } from './state.js';

/** @typedef {'camera' | 'screen' | 'film'} Kind */

/** What this page sends to the server; null if nothing. @type {{ kind: Kind, capture: Capture, media?: MediaStream } | null} */
let own = null;
const labels = { camera: 'Camera', screen: 'Screen', film: 'Film' };

/** Whether this page sends pictures. */
export const isSending = () => own !== null;

/** Ends what this page sends. Cameras and films are released. */
export function stopOwn() {
  own?.capture.stop();
  own?.media?.getTracks().forEach((track) => track.stop());
  own = null;
  releaseFilm();
  setMessage('own', null);
  show();
}

function releaseFilm() {
  const film = at('ownFilm');
  at('stage').classList.remove('isOwn');
  film.classList.remove('isSent');
  film.hidden = true;
  if (!film.src) return;
  film.pause();
  URL.revokeObjectURL(film.src);
  film.removeAttribute('src');
  film.load();
}

/** Sends a source to the stream for pages, and shows that stream. @param {Kind} kind @param {any} source */
function begin(kind, source, media) {
  own?.capture.stop();
  own?.media?.getTracks().forEach((track) => track.stop());
  if (kind !== 'film') releaseFilm();
  const capture = new Capture({
    streamID: state.camera.id, visitorID, ...source,
    mirror: kind === 'camera' && at('mirror').checked,
    onRefusal: (error) => { if (own?.capture === capture) { stopOwn(); showError(error); } },
  });
  own = { kind, capture, media };
  media?.getVideoTracks().forEach((track) => track.addEventListener('ended', () => {
    if (own?.media !== media) return;
    stopOwn();
    notify(kind === 'screen' ? 'The screen is no longer shared.' : 'The camera was unplugged or taken away.');
  }));
  capture.start();
  if (state.id !== state.camera.id) state.show(state.camera.id);
  at('sources').close();
  setMessage('request', null);
  show();
}

/** Says in the picture's place why this page cannot use a source. Returns whether it can. */
function isPossible(what) {
  let text = '';
  if (!state.camera) text = 'This server takes no pictures from pages. Start it with --browser-camera, then load this page again.';
  else if (!window.isSecureContext) {
    text = `Browsers allow ${what} only on pages from the same machine or over TLS. Open this page on the machine on which the server runs, as http://localhost:${location.port || 80}/, or start the server with --certificate and --key.`;
  } else if (!navigator.mediaDevices) text = `This browser gives pages no ${what}.`;
  if (text) explain(`No ${what} here`, text);
  return !text;
}

function explain(title, text) {
  at('sources').close();
  setMessage('request', { title, text, actions: [{ label: 'Back to the picture', run: () => setMessage('request', null), isPrimary: true }, { label: 'Other sources', run: () => { setMessage('request', null); openSources(); } }] });
}

/** Explains why the browser gave no camera or screen. */
function explainDenial(error, what) {
  if (error.name === 'NotAllowedError') explain(`The ${what} was not allowed`, `The browser or you refused it. Allow it beside the address of this page, then try again.`);
  else if (error.name === 'NotFoundError' || error.name === 'OverconstrainedError') explain(`There is no ${what}`, 'Connect one, or choose another source.');
  else if (error.name === 'NotReadableError') explain(`The ${what} does not answer`, 'Another program may be using it. Close that program, then try again.');
  else showError(error);
}

export async function useCamera() {
  if (!isPossible('camera')) return;
  const id = at('cameraList').value;
  try {
    const media = await navigator.mediaDevices.getUserMedia({
      video: { width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 30 }, ...(id ? { deviceId: { exact: id } } : {}) },
    });
    begin('camera', { track: media.getVideoTracks()[0] }, media);
    await listCameras();
  } catch (error) { explainDenial(error, 'camera'); }
}

async function useScreen() {
  if (!isPossible('screen')) return;
  if (!navigator.mediaDevices.getDisplayMedia) { explain('No screen here', 'This browser does not share its screen with pages.'); return; }
  try {
    const media = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 30 } } });
    begin('screen', { track: media.getVideoTracks()[0] }, media);
  } catch (error) { explainDenial(error, 'screen'); }
}

/** Plays a film of the visitor here, and asks before anything of it is sent. */
export async function offerFilm(file) {
  if (!file) return;
  at('sources').close();
  stopOwn();
  const film = at('ownFilm');
  film.src = URL.createObjectURL(file);
  film.hidden = false;
  at('stage').classList.add('isOwn');
  try { await film.play(); } catch (error) {
    if (error.name === 'AbortError') return;
    releaseFilm();
    showError(new Error(`this browser cannot play “${file.name}”`));
    return;
  }
  const actions = [{ label: 'Not now', run: stopOwn }];
  if (state.camera) actions.unshift(/** @type {any} */ ({ label: 'Send and paint it', isPrimary: true, run: sendFilm }));
  setMessage('own', {
    isOverPicture: true, title: 'This film is only on your device', actions,
    text: state.camera ? 'To paint it, its pictures are sent to this server while it plays, and all who watch see them painted. The server does not store them. The sound stays here.'
      : 'This server takes no pictures from pages. Start it with --browser-camera to paint films from here.',
  });
  at('messageActions').querySelector('button')?.focus();
}

function sendFilm() {
  setMessage('own', null);
  at('stage').classList.remove('isOwn');
  // A film that is not displayed would not show its pictures to the page either.
  at('ownFilm').classList.add('isSent');
  begin('film', { video: at('ownFilm') });
}

async function listCameras() {
  const list = at('cameraList');
  const devices = await navigator.mediaDevices?.enumerateDevices?.().catch(() => []) ?? [];
  const cameras = devices.filter(({ kind }) => kind === 'videoinput');
  const chosen = list.value;
  list.replaceChildren(...cameras.map(({ deviceId, label }, index) => new Option(label || `Camera ${index + 1}`, deviceId)));
  if (cameras.some(({ deviceId }) => deviceId === chosen)) list.value = chosen;
  list.hidden = cameras.length < 2 && !cameras[0]?.label;
}

export function openSources() {
  listCameras();
  show();
  at('sources').showModal();
}

function createStream() {
  const button = element('button', { type: 'button' });
  button.addEventListener('click', () => {
    if (button.dataset.key !== state.camera?.id) stopOwn();
    state.show(button.dataset.key);
    at('sources').close();
  });
  return button;
}

const conditions = { failing: ' (not there)', waiting: ' (waiting)', running: '', stopped: ' (stopped)' };

function show() {
  const stream = state.stream;
  if (stream) setText(at('sourceName'), own && stream.isCamera ? labels[own.kind] : stream.title);
  reconcile(at('streamList'), state.streams, {
    key: ({ id }) => id, create: createStream, fallback: at('cameraButton'),
    update: (button, { id, title, condition, isResting }) => {
      setText(button, title + (isResting ? '' : conditions[condition] ?? ''));
      button.setAttribute('aria-pressed', String(id === state.id));
    },
  });
  setText(at('ownHint'), state.camera ? '' : 'This server takes no pictures from pages: it was started without --browser-camera.');
  setHidden(at('ownHint'), Boolean(state.camera));
  for (const [kind, id, text] of [['camera', 'cameraButton', 'camera'], ['screen', 'screenButton', 'screen or window'], ['film', 'fileButton', 'film of mine']]) {
    const isOn = own?.kind === kind;
    at(id).setAttribute('aria-pressed', String(isOn));
    setText(at(id), isOn ? `Stop the ${kind}` : kind === 'film' ? 'A film of mine' : text.charAt(0).toUpperCase() + text.slice(1));
  }
  showMessage();
}

/** Says why there is no picture, in its place, and what to do. */
function showMessage() {
  const stream = state.stream;
  const choose = { label: 'Choose a source', run: openSources };
  if (!stream || stream.condition === 'running') setMessage('stream', null);
  else if (stream.condition === 'failing') {
    const reason = (stream.failure ?? 'It cannot be opened').replace(/[.\s]*$/, '');
    setMessage('stream', { title: `“${stream.title}” is not there`, text: `${reason}. Check that it is connected or sends. The server tries again every two seconds.`, actions: [choose] });
  } else if (stream.condition === 'stopped') setMessage('stream', { title: 'The stream has stopped', actions: [choose] });
  else if (stream.isCamera && !own) {
    setMessage('stream', { title: 'The camera is off', text: 'Here you see what a page sends: a camera, a screen or a film.', actions: [{ label: 'Use my camera', run: useCamera, isPrimary: true }, choose] });
  } else setMessage('stream', { title: `Waiting for ${own ? `the ${own.kind}` : `“${stream.title}”`}`, text: 'The first picture has not come yet.', actions: [choose] });
}

state.on('streams', show);
at('sourceButton').addEventListener('click', openSources);
at('cameraButton').addEventListener('click', () => (own?.kind === 'camera' ? stopOwn() : useCamera()));
at('screenButton').addEventListener('click', () => (own?.kind === 'screen' ? stopOwn() : useScreen()));
at('fileButton').addEventListener('click', () => (own?.kind === 'film' ? stopOwn() : at('filmFile').click()));
at('filmFile').addEventListener('change', () => { offerFilm(at('filmFile').files[0]); at('filmFile').value = ''; });
at('cameraList').addEventListener('change', () => { if (own?.kind === 'camera') useCamera(); });
at('mirror').addEventListener('change', () => { if (own?.kind === 'camera') own.capture.mirror = at('mirror').checked; });

import './adjustments.js';
import { Comparison } from './divider.js';
import { at, setHidden, setText } from './elements.js';
import { listen, missServer } from './events.js';
import { FloatingPicture } from './floating.js';
import { GamePanel } from './game.js';
import { listenToKeys } from './keyboard.js';
import { applyLink, link, read } from './link.js';
import { announce, closeNotice, notify, setMessage, showError } from './notices.js';
import { paintedArea, savePicture, sharePicture, viewChanges } from './picture.js';
import { Player } from './player.js';
import { Recording } from './recording.js';
import { ask, whenUnauthorized } from './requests.js';
import { isSending, offerFilm } from './sources.js';
import { state } from './state.js';
import { takeDrops } from './training.js';

/** A picture that does not come for this long, although the source is there, is an error. */
const patience = 8000;

let latestPicture = performance.now();
let latestEnd = '';
const player = new Player({ stage: at('stage'), onNumbers: showNumbers, onEnd: (error) => { latestEnd = error.message; } });
const comparison = new Comparison(player);
const recording = new Recording(player, setSound);
new FloatingPicture(player);
new GamePanel(player);

const rate = (kilobits) => (kilobits >= 1000 ? `${(kilobits / 1000).toFixed(1)} Mbit/s` : `${Math.round(kilobits)} kbit/s`);
const forms = { webcodecs: '', fragments: ' · MP4', pictures: ' · JPEG' };

/** Shows this viewer's own numbers. They are not announced. */
function showNumbers({ fps, delayMilliseconds, kilobitsPerSecond, form }) {
  showRatio();
  const isRunning = state.stream?.condition === 'running';
  if (fps > 0 || !isRunning || document.hidden) latestPicture = performance.now();
  const isMissing = performance.now() - latestPicture > patience;
  setMessage('playback', isMissing ? { title: 'The picture does not come', text: `The source is there, but this browser gets no picture${latestEnd ? `: ${latestEnd}` : ''}. It tries again by itself.` } : null);
  // The delay is 0 until it is known.
  const delay = delayMilliseconds > 0 ? ` · ${Math.round(delayMilliseconds)} ms` : '';
  const text = isRunning && fps > 0 ? `${fps.toFixed(1)} fps${delay}` : '';
  at('numbers').replaceChildren(text);
  if (!text) return;
  const extra = document.createElement('span');
  extra.className = 'extra';
  extra.textContent = `${delay ? ' delay' : ''} · ${rate(kilobitsPerSecond)}${forms[form] ?? ''}`;
  at('numbers').append(extra);
}

/** Gives the stage the proportions of the picture. */
function showRatio() {
  const { width, height } = paintedArea(player);
  if (width > 0 && height > 0) document.documentElement.style.setProperty('--ratio', String(Math.min(3, Math.max(0.4, width / height))));
}
for (const name of ['loadedmetadata', 'resize', 'load']) at('stage').addEventListener(name, showRatio, true);

// MARK: Buttons

function setSplit(isOn) {
  viewChanges();
  comparison.set(isOn);
  showPaused();
}

/** The picture stays as it is. A film of one's own stops with it. */
function togglePause() {
  if (player.isPaused) player.resume(); else player.pause();
  if (isSending() && at('ownFilm').src) {
    if (player.isPaused) at('ownFilm').pause(); else at('ownFilm').play().catch(showError);
  }
  showPaused();
  announce(player.isPaused ? 'Paused' : 'Playing');
}

/** Another stream or view plays, so this follows `player.play()`. */
function showPaused() {
  const { isPaused } = player;
  at('pauseButton').setAttribute('aria-pressed', String(isPaused));
  at('pausedLabel').hidden = !isPaused;
  latestPicture = performance.now();
  if (isPaused) at('numbers').replaceChildren();
}

/** Sound is off at first, because browsers block autoplay with sound. The sound of a film of one's own plays here. */
function setSound(isOn) {
  const isOwn = isSending() && at('ownFilm').src;
  if (isOwn) at('ownFilm').muted = !isOn;
  player.muted = isOwn ? true : !isOn;
  at('soundButton').setAttribute('aria-pressed', String(isOn));
}
const toggleSound = () => { if (!at('soundButton').hidden) setSound(at('soundButton').getAttribute('aria-pressed') !== 'true'); };
const toggleSplit = () => setSplit(!state.isSplit);

function fullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else if (at('stage').requestFullscreen) at('stage').requestFullscreen().catch(showError);
  else /** @type {any} */ (player.surface).webkitEnterFullscreen?.();
}

at('pauseButton').addEventListener('click', togglePause);
at('splitButton').addEventListener('click', toggleSplit);
at('soundButton').addEventListener('click', toggleSound);
at('fullButton').addEventListener('click', fullScreen);
at('saveButton').addEventListener('click', () => savePicture(player));
at('shareButton').addEventListener('click', () => {
  if (!state.stream) return;
  at('linkText').value = link();
  at('share').showModal();
});
at('sharePicture').addEventListener('click', () => { at('share').close(); sharePicture(player); });
at('helpButton').addEventListener('click', () => {
  setText(at('cleanAddress'), `${location.origin}/?only=picture`);
  at('help').showModal();
});
for (const [id, name] of [['stylesTab', 'styles'], ['adjustTab', 'adjust']]) {
  at(id).addEventListener('click', () => {
    document.body.dataset.panel = name;
    at('stylesTab').setAttribute('aria-pressed', String(name === 'styles'));
    at('adjustTab').setAttribute('aria-pressed', String(name === 'adjust'));
  });
}
listenToKeys({ togglePause, toggleSplit, toggleSound, fullScreen });
takeDrops(offerFilm);

// MARK: Streams

let playing = '';
state.on('stream', () => {
  if (playing === state.id) return;
  if (playing) recording.stop();
  playing = state.id;
  viewChanges({ isOtherStream: true });
  comparison.set(state.isSplit);
  showPaused();
});
state.on('streams', () => {
  const hasSound = state.stream?.hasAudio && player.hasSound || Boolean(isSending() && at('ownFilm').src);
  setHidden(at('soundButton'), !hasSound, at('splitButton'));
});

// MARK: Signing in

function login() { if (!at('login').open) at('login').showModal(); }
whenUnauthorized(login);
at('loginForm').addEventListener('submit', async (event) => {
  event.preventDefault();
  setText(at('loginError'), '');
  try {
    await ask('/api/session', { method: 'POST', headers: { Authorization: `Bearer ${at('token').value}` } });
    at('token').value = '';
    at('login').close();
    // It may say that the token was missing.
    closeNotice();
    at('stage').focus();
    start();
  } catch (error) { setText(at('loginError'), error.message); }
});

// MARK: Startup

let isFirst = true;
async function begin() {
  const [{ streams }, { styles }] = await Promise.all([ask('/api/streams'), ask('/api/styles')]);
  state.styles = styles;
  state.streams = streams;
  state.changed('styles');
  if (!state.stream) {
    const wished = [read(location.hash).source, sessionStorage.getItem('stream')];
    const found = wished.map((id) => streams.find((stream) => stream.id === id)).find(Boolean) ?? streams[0];
    // This page does not watch yet: all viewers are others.
    const others = found?.viewers ?? 0;
    if (found) state.show(found.id);
    if (isFirst && location.hash) followLink(others);
    isFirst = false;
  }
  state.changed('streams');
  listen(start);
}

function followLink(others) {
  if (read(location.hash).isSplit) setSplit(true);
  applyLink(others).catch(showError);
}
window.addEventListener('hashchange', () => followLink(Math.max(0, (state.stream?.viewers ?? 1) - 1)));

function start() {
  begin().catch((error) => {
    if (error.status === 0) missServer();
    else if (error.status !== 401) notify(error.message, { isError: true });
    if (!at('login').open) setTimeout(start, 2000);
  });
}

if (new URLSearchParams(location.search).get('only') === 'picture') document.body.classList.add('isClean');
start();

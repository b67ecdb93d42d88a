import { ServerClock } from './player-clock.js';

/** The number of pictures on their way to the server: while one is encoded, another one is sent. */
const LIMIT = 2;
const QUALITY = 0.85;
/** How long to wait after the server could not be reached, in milliseconds. */
const PAUSE = 1000;

const clock = new ServerClock();
const settings = { address: '', lines: 360, isMirrored: false };
/** The picture that waits. @type {{ picture: VideoFrame | ImageBitmap, captured: number } | null} */
let waiting = null;
let underway = 0;
let hasStopped = false;
/** Canvases that no picture uses. @type {OffscreenCanvas[]} */
const canvases = [];

const post = (message) => self.postMessage(message);

self.onmessage = ({ data }) => {
  if (data.address) clock.start();
  if (data.readable) read(data.readable);
  else if (data.picture) offer(data.picture, data.captured);
  else Object.assign(settings, data);
};

async function read(readable) {
  const reader = readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    offer(value, ServerClock.local);
  }
}

/** Takes a picture, which replaces the one that waits. */
function offer(picture, captured) {
  waiting?.picture.close();
  waiting = { picture, captured };
  advance();
}

function advance() {
  if (!waiting || underway >= LIMIT || hasStopped) return;
  const { picture, captured } = waiting;
  waiting = null;
  underway += 1;
  send(picture, captured)
    .catch(async () => { await new Promise((resolve) => setTimeout(resolve, PAUSE)); })
    .finally(() => { underway -= 1; advance(); });
}

function draw(picture) {
  const [width, height] = 'displayWidth' in picture ? [picture.displayWidth, picture.displayHeight] : [picture.width, picture.height];
  const lines = Math.min(settings.lines, height);
  // Of even size, as the encoder of the painted stream needs it.
  const size = { width: Math.max(2, 2 * Math.round(width * lines / height / 2)), height: Math.max(2, 2 * Math.round(lines / 2)) };
  const canvas = canvases.pop() ?? new OffscreenCanvas(size.width, size.height);
  if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
  const pen = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  if (!pen) throw new Error('this browser cannot draw in a worker');
  pen.setTransform(settings.isMirrored ? -1 : 1, 0, 0, 1, settings.isMirrored ? size.width : 0, 0);
  pen.drawImage(picture, 0, 0, size.width, size.height);
  picture.close();
  return canvas;
}

async function send(picture, captured) {
  const canvas = draw(picture);
  const body = await canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY });
  canvases.push(canvas);
  const encoded = ServerClock.local;
  const offset = clock.offset;
  // Without the offset of the clocks, the server takes the time of arrival.
  const time = clock.isKnown ? `&captured=${Math.round(captured + offset)}` : '';
  const response = await fetch(settings.address + time, {
    method: 'POST', headers: { 'Content-Type': 'image/jpeg' }, body, credentials: 'same-origin',
  });
  if (response.ok) {
    const sent = [captured, encoded, ServerClock.local].map((value) => Math.round(value + offset));
    post({ frame: { captured: sent[0], encoded: sent[1], answered: sent[2], bytes: body.size } });
  } else if (response.status !== 429 && !hasStopped) {
    hasStopped = true;
    const answer = await response.json().catch(() => null);
    post({ refusal: { status: response.status, message: answer?.error?.message ?? `the server responded with status ${response.status}` } });
  }
}

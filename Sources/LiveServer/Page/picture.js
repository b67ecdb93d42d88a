import { at, download } from './elements.js';
import { notify, showError } from './notices.js';
import { state } from './state.js';

/** How long to wait for the first picture of the other view. */
const patience = 3000;
/** The height of a picture alone, from the last time that it was shown alone. */
let single = 0;
let switched = -Infinity;

/** Notes that the player shows another view from now on. */
export function viewChanges({ isOtherStream = false } = {}) {
  switched = performance.now();
  if (isOtherStream) single = 0;
}

/**
 * Returns where the painted picture is on the player's surface: below the original in the view of pairs. After a change
 * of the view, the surface shows the view before for a moment, which its height tells.
 */
export function paintedArea(player) {
  const { width, height } = player;
  const isNew = performance.now() - switched < patience;
  const isPair = state.isSplit ? !(isNew && single && height === single) : isNew && single > 0 && height === 2 * single;
  if (!isPair && !state.isSplit && !isNew) single = height;
  const top = isPair ? Math.floor(height / 2) : 0;
  return { top, width, height: height - top };
}

/** Draws the painted picture on a canvas of its size. Returns false while there is none. */
export function drawPainted(player, canvas) {
  const { top, width, height } = paintedArea(player);
  if (!(width > 0 && height > 0)) return false;
  if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
  canvas.getContext('2d').drawImage(player.surface, 0, top, width, height, 0, 0, width, height);
  return true;
}

/** A name for a file with what is painted at present. */
export function fileName(extension) {
  const time = new Date(Date.now() - 60_000 * new Date().getTimezoneOffset()).toISOString().slice(0, 19).replace('T', ' ').replaceAll(':', '.');
  const styles = state.stream?.styles.map(({ name }) => name).join(' + ') ?? 'picture';
  return `Impasto ${styles} ${time}.${extension}`;
}

/** Returns the picture that is shown: with the divider if there is one. */
async function shownPicture(player) {
  const canvas = document.createElement('canvas');
  if (state.isSplit && at('split').width > 0) {
    canvas.width = at('split').width;
    canvas.height = at('split').height;
    canvas.getContext('2d').drawImage(at('split'), 0, 0);
  } else if (!drawPainted(player, canvas)) {
    throw new Error('there is no picture to save yet');
  }
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the picture cannot be saved'))), 'image/png'));
}

/** Saves the picture that is shown. */
export async function savePicture(player) {
  try {
    download(await shownPicture(player), fileName('png'));
    notify('The picture is saved with your downloads.');
  } catch (error) { showError(error); }
}

/** Passes the picture on to other programs of the device, or copies it where that is not possible. */
export async function sharePicture(player) {
  try {
    const blob = await shownPicture(player);
    const file = new File([blob], fileName('png'), { type: 'image/png' });
    if (navigator.canShare?.({ files: [file] })) await navigator.share({ files: [file], title: 'Impasto' });
    else if (navigator.clipboard && 'ClipboardItem' in window) {
      await navigator.clipboard.write([new ClipboardItem({ 'image/png': blob })]);
      notify('The picture is copied: paste it where you want it.');
    } else throw new Error('this browser cannot share pictures from this page; save the picture instead');
  } catch (error) { if (error.name !== 'AbortError') showError(error); }
}

/**
 * The painted picture alone and the sound as one media stream. It goes on when the view changes or the player connects
 * again, because the picture comes through a canvas and the sound through a mixer.
 */
export class PaintedStream {
  constructor(player) {
    this.player = player;
    this.canvas = document.createElement('canvas');
    if (!drawPainted(player, this.canvas)) throw new Error('there is no picture yet');
    this.isOpen = true;
    /** @type {MediaStream} */
    this.stream = this.canvas.captureStream();
    /** @type {MediaStreamTrack | undefined} */
    this.heard = undefined;
    /** @type {MediaStream | null} */
    this.captured = null;
    if (state.stream?.hasAudio && player.hasSound && 'AudioContext' in window) {
      this.mixer = new AudioContext();
      this.output = this.mixer.createMediaStreamDestination();
      for (const track of this.output.stream.getAudioTracks()) this.stream.addTrack(track);
      this.listen();
      this.timer = setInterval(() => this.listen(), 500);
    }
    this.follow();
  }

  follow() {
    if (!this.isOpen) return;
    drawPainted(this.player, this.canvas);
    this.player.requestFrame(() => this.follow());
  }

  /** Takes the sound from the player, which has another track after it has connected again. */
  listen() {
    const live = () => this.captured?.getAudioTracks().find(({ readyState }) => readyState === 'live');
    // A video element with another source goes on with the tracks of the one before, which are silent.
    const source = this.player.surface.currentSrc ?? '';
    if (!live() || this.surface !== this.player.surface || this.address !== source) {
      this.surface = this.player.surface;
      this.address = source;
      this.captured = this.player.captureStream();
      // Nobody needs these pictures, which would be copied all the time.
      for (const track of this.captured?.getVideoTracks() ?? []) track.stop();
    }
    const found = live();
    if (found === this.heard) return;
    this.source?.disconnect();
    this.heard = found;
    this.source = this.heard ? this.mixer.createMediaStreamSource(new MediaStream([this.heard])) : undefined;
    this.source?.connect(this.output);
  }

  close() {
    this.isOpen = false;
    clearInterval(this.timer);
    for (const track of this.stream.getTracks()) track.stop();
    this.mixer?.close();
  }
}

import { ChunkPlayer } from './player-chunks.js';
import { ServerClock } from './player-clock.js';
import { Unplayable } from './player-connection.js';
import { FragmentPlayer } from './player-fragments.js';
import { PicturePlayer } from './player-pictures.js';

/**
 * The viewer's own numbers of one second: pictures on the screen, the median time in milliseconds from the capture of a
 * picture to the screen (0 if unknown), and what came through the network.
 * @typedef {{ fps: number, delayMilliseconds: number, kilobitsPerSecond: number, form: 'webcodecs' | 'fragments' | 'pictures', rendition: string }} Numbers
 */

/** When a picture passed each station, in microseconds of the server's clock. @typedef {{ captured: number, encoded: number, received: number, decoded: number, shown: number }} Passage */

/** The forms in which the server sends a stream, the best first, by the names of their routes. */
const FORMS = [['chunks', ChunkPlayer], ['mp4', FragmentPlayer], ['mjpeg', PicturePlayer]];
/** How long to wait before connecting again, in milliseconds. */
const PAUSE = 1000;

/** Measures what a viewer sees. */
export class Meter {
  /** @param {ServerClock} clock */
  constructor(clock) {
    this.clock = clock;
    this.fps = 25;
    this.rendition = 'full';
    /** Receives each picture's stations. @type {((passage: Passage) => void) | null} */
    this.onPassage = null;
    this.begin();
  }

  begin() {
    this.since = performance.now();
    this.count = 0;
    this.byteCount = 0;
    /** @type {number[]} */
    this.delays = [];
  }

  bytes(count) { this.byteCount += count; }

  /**
   * Takes note of a picture on the screen.
   * @param {number} [captured] when it was captured, on the server's clock
   * @param {{ captured: number, encoded: number, received: number, decoded: number }} [known] when it passed the other stations
   * @param {number} [ahead] how far in the future it is on the screen, in microseconds
   */
  shown(captured, known, ahead = 0) {
    this.count += 1;
    const shown = this.clock.now + Math.max(0, ahead);
    if (captured && this.clock.isKnown) this.delays.push((shown - captured) / 1000);
    if (known) this.onPassage?.({ ...known, shown });
  }

  /** Returns the numbers since the last call. */
  take() {
    const seconds = Math.max(0.001, (performance.now() - this.since) / 1000);
    const delays = this.delays.sort((a, b) => a - b);
    const fps = this.count / seconds;
    const kilobitsPerSecond = this.byteCount * 8 / 1000 / seconds;
    const delayMilliseconds = Math.max(0, delays[Math.floor(delays.length / 2)] ?? 0);
    if (fps > 0) this.fps = fps;
    this.begin();
    return { fps, delayMilliseconds, kilobitsPerSecond, rendition: this.rendition };
  }
}

/**
 * Plays one stream of the server inside `stage`.
 *
 * It creates the element that shows the picture, connects again when the stream breaks off, takes the next form when the
 * browser cannot play one, and reports this viewer's own numbers once a second. `?form=chunks`, `mp4` or `mjpeg` in the
 * page's address begins with another form.
 */
export class Player {
  /** @param {{ stage: HTMLElement, onNumbers?: (numbers: Numbers) => void, onEnd?: (error: Error) => void }} options */
  constructor({ stage, onNumbers = () => {}, onEnd = () => {} }) {
    this.stage = stage;
    this.onNumbers = onNumbers;
    this.onEnd = onEnd;
    this.clock = new ServerClock();
    this.meter = new Meter(this.clock);
    const wanted = new URLSearchParams(location.search).get('form');
    this.place = Math.max(0, FORMS.findIndex(([name]) => name === wanted));
    this.controller = new AbortController();
    this.timer = 0;
    /** What `play()` was asked for. @type {[string, { view?: string }] | null} */
    this.wish = null;
    this.isPaused = false;
    this.open();
  }

  open() {
    const Form = /** @type {typeof ChunkPlayer} */ (FORMS[this.place][1]);
    this.meter.rendition = 'full';
    /** @type {ChunkPlayer | FragmentPlayer | PicturePlayer} */
    this.player = new Form(this.stage, this.meter);
  }

  /** Begins to play a stream, or switches to it. Connects again until `stop()`. */
  play(streamID, { view = 'painted' } = {}) {
    this.stop();
    this.wish = [streamID, { view }];
    this.isPaused = false;
    this.controller = new AbortController();
    this.clock.start();
    this.meter.begin();
    this.timer = setInterval(() => this.onNumbers(/** @type {Numbers} */ ({ ...this.meter.take(), form: this.player.form })), 1000);
    this.repeat(`/api/streams/${encodeURIComponent(streamID)}/`, view === 'pair' ? '?view=pair' : '', this.controller.signal);
  }

  stop() {
    this.controller.abort();
    this.clock.stop();
    clearInterval(this.timer);
  }

  /** Keeps the picture that is shown, and takes nothing from the server meanwhile. */
  pause() {
    if (!this.wish) return;
    this.stop();
    /** @type {any} */ (this.surface).pause?.();
    this.isPaused = true;
  }

  /** Goes on after `pause()` with what comes at present. */
  resume() {
    if (this.isPaused && this.wish) this.play(...this.wish);
  }

  async repeat(folder, query, signal) {
    while (!signal.aborted) {
      try {
        await this.player.play(folder, query, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Unplayable && this.place + 1 < FORMS.length) {
          this.place += 1;
          const { muted, surface } = this.player;
          const { listeners = [] } = /** @type {any} */ (this.player);
          this.player.close();
          surface.remove();
          this.open();
          this.player.muted = muted;
          for (const listener of listeners) this.player.requestFrame(listener);
          continue;
        }
        this.onEnd(error);
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    }
  }

  /** The element that shows the picture, to draw from. It changes when the player takes another form. */
  get surface() { return this.player.surface; }
  /** The size of the picture in pixels; 0 before the first. */
  get width() { return this.player.width; }
  get height() { return this.player.height; }

  /** Whether this form can play sound. */
  get hasSound() { return this.player.hasSound; }
  get muted() { return this.player.muted; }
  set muted(value) { this.player.muted = value; }

  /** Calls back when a new picture is on the surface. */
  requestFrame(callback) { this.player.requestFrame(callback); }

  /** The picture and the sound, for recording and picture in picture; null if the browser cannot capture them. */
  captureStream() { return this.player.captureStream(); }
}

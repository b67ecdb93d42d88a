/** @typedef {{ fps: number, delayMilliseconds: number, kilobitsPerSecond: number, form: 'webcodecs' | 'fragments' | 'pictures' }} Numbers */

/** A player gives up a form that this browser cannot play and takes the next one. */
class Unplayable extends Error {}

/**
 * Plays one stream of the server inside `stage`.
 *
 * It creates the elements that show the picture, connects again when the stream breaks off, and reports this viewer's
 * own numbers once a second.
 */
export class Player {
  /** @param {{ stage: HTMLElement, onNumbers?: (numbers: Numbers) => void, onEnd?: (error: Error) => void }} options */
  constructor({ stage, onNumbers = () => {}, onEnd = () => {} }) {
    this.onNumbers = onNumbers;
    this.onEnd = onEnd;
    this.video = document.createElement('video');
    this.video.muted = true;
    this.video.autoplay = true;
    this.video.playsInline = true;
    this.video.disableRemotePlayback = true;
    this.video.setAttribute('aria-label', 'Painted stream');
    this.picture = document.createElement('img');
    this.picture.alt = 'Painted stream';
    this.picture.hidden = true;
    stage.prepend(this.video, this.picture);
    this.usesPictures = new URLSearchParams(location.search).get('form') === 'mjpeg';
    this.controller = new AbortController();
    this.bytes = 0;
    this.lag = 0;
    this.fps = 25;
    this.frames = 0;
    this.counted = { time: performance.now(), frames: 0 };
    setInterval(() => this.report(), 1000);
  }

  /** Begins to play a stream, or switches to it. Connects again until `stop()`. */
  play(streamID, { view = 'painted' } = {}) {
    this.stop();
    this.controller = new AbortController();
    this.repeat(`/api/streams/${encodeURIComponent(streamID)}/`, view === 'pair' ? '?view=pair' : '', this.controller.signal);
  }

  stop() { this.controller.abort(); }

  async repeat(folder, query, signal) {
    while (!signal.aborted) {
      try {
        this.video.hidden = this.usesPictures;
        this.picture.hidden = !this.usesPictures;
        if (this.usesPictures) await this.playPictures(`${folder}video.mjpeg${query}`, signal);
        else await this.playFragments(`${folder}video.mp4${query}`, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Unplayable) this.usesPictures = true;
        this.onEnd(error);
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
    }
  }

  /** Plays fragmented MP4 as it arrives, close to the live edge. */
  async playFragments(url, signal) {
    const Source = /** @type {any} */ (window).ManagedMediaSource ?? window.MediaSource;
    if (!Source) throw new Unplayable('this browser lacks Media Source Extensions');
    const response = await fetch(url, { credentials: 'same-origin', signal });
    if (!response.ok) throw new Error('no frame is available yet');
    const type = response.headers.get('Content-Type');
    if (!Source.isTypeSupported(type)) throw new Unplayable(`this browser cannot play ${type}`);
    const source = new Source();
    this.video.src = URL.createObjectURL(source);
    await new Promise((resolve, reject) => {
      source.addEventListener('sourceopen', resolve, { once: true });
      signal.addEventListener('abort', reject, { once: true });
    });
    URL.revokeObjectURL(this.video.src);
    const buffer = source.addSourceBuffer(type);
    const settled = () => new Promise((resolve, reject) => {
      buffer.addEventListener('updateend', resolve, { once: true });
      buffer.addEventListener('error', () => reject(new Error('the stream is damaged')), { once: true });
    });
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new Error('the stream has ended');
      this.bytes += value.length;
      const appended = settled();
      buffer.appendBuffer(value);
      await appended;
      this.follow(buffer.buffered);
      const first = buffer.buffered.length ? buffer.buffered.start(0) : 0;
      if (this.video.currentTime - first > 30) {
        const removed = settled();
        buffer.remove(0, this.video.currentTime - 10);
        await removed;
      }
    }
  }

  /** Stays near the live edge: plays slightly faster when behind, and seeks when far behind or after missing frames. */
  follow(ranges) {
    if (!ranges.length) return;
    const start = ranges.start(ranges.length - 1);
    const end = ranges.end(ranges.length - 1);
    const aim = Math.max(0.1, 1.5 / Math.max(1, this.fps));
    const lag = end - this.video.currentTime;
    this.lag = lag;
    if (this.video.currentTime < start || lag > aim + 1.2 || lag < -0.5) this.video.currentTime = Math.max(start, end - aim);
    this.video.playbackRate = lag > aim + 0.25 ? 1.15 : lag > aim + 0.1 ? 1.05 : 1;
    if (this.video.paused && !document.hidden) this.video.play().catch(() => {});
  }

  /** The fallback: a sequence of JPEG images. */
  playPictures(url, signal) {
    return new Promise((resolve, reject) => {
      this.picture.src = url;
      this.picture.onload = () => { this.frames += 1; };
      this.picture.onerror = () => reject(new Error('the stream has ended'));
      signal.addEventListener('abort', () => { this.picture.removeAttribute('src'); resolve(); }, { once: true });
    });
  }

  report() {
    const now = performance.now();
    const frames = this.usesPictures ? this.frames : this.video.getVideoPlaybackQuality().totalVideoFrames;
    const seconds = (now - this.counted.time) / 1000;
    const fps = Math.max(0, frames - this.counted.frames) / seconds;
    this.counted = { time: now, frames };
    if (fps > 0) this.fps = fps;
    const kilobitsPerSecond = this.bytes * 8 / 1000 / seconds;
    this.bytes = 0;
    this.onNumbers({
      fps, delayMilliseconds: 1000 * Math.max(0, this.lag), kilobitsPerSecond,
      form: this.usesPictures ? 'pictures' : 'fragments',
    });
  }

  /** The element that shows the picture, to draw from. */
  get surface() { return this.usesPictures ? this.picture : this.video; }
  /** The size of the picture in pixels; 0 before the first. */
  get width() { return this.usesPictures ? this.picture.naturalWidth : this.video.videoWidth; }
  get height() { return this.usesPictures ? this.picture.naturalHeight : this.video.videoHeight; }

  /** Whether this form can play sound. */
  get hasSound() { return !this.usesPictures; }
  get muted() { return this.video.muted; }
  set muted(value) { this.video.muted = value; }

  /** Calls back when a new picture is on the surface. */
  requestFrame(callback) {
    if (!this.usesPictures && 'requestVideoFrameCallback' in this.video) this.video.requestVideoFrameCallback(() => callback());
    else requestAnimationFrame(() => callback());
  }

  /** The picture and the sound, for recording and picture in picture; null if the browser cannot capture them. */
  captureStream() {
    const video = /** @type {any} */ (this.video);
    if (this.usesPictures || !video.captureStream) return null;
    return /** @type {MediaStream} */ (video.captureStream());
  }
}

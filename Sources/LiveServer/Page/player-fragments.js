import { Unplayable } from './player-connection.js';

/** Seconds between 1900, where the time of NTP begins, and 1970. */
const SECONDS_BEFORE_UNIX = 2_208_988_800;
/** Captures that no frame has asked for are forgotten, the oldest first. */
const MAXIMUM_CAPTURES = 300;

/**
 * Finds the `prft` boxes of fragmented MP4: when each fragment was captured. Boxes may be spread over several pieces.
 */
export class CaptureTimes {
  constructor() {
    /** Pairs of media time in seconds and capture in microseconds, in order. @type {[number, number][]} */
    this.times = [];
    this.head = new Uint8Array(32);
    this.filled = 0;
    this.skip = 0;
  }

  /** Takes the next bytes of the stream, whose first track has `timescale` units a second. */
  read(bytes, timescale = 90_000) {
    let place = 0;
    while (place < bytes.length) {
      if (this.skip > 0) {
        const count = Math.min(this.skip, bytes.length - place);
        this.skip -= count;
        place += count;
        continue;
      }
      this.head[this.filled++] = bytes[place++];
      if (this.filled < 8) continue;
      const view = new DataView(this.head.buffer);
      const size = view.getUint32(0);
      const isCapture = String.fromCharCode(...this.head.subarray(4, 8)) === 'prft' && size === 32;
      if (isCapture && this.filled < 32) continue;
      if (isCapture) {
        const captured = 1e6 * (view.getUint32(16) - SECONDS_BEFORE_UNIX + view.getUint32(20) / 2 ** 32);
        this.times.push([Number(view.getBigUint64(24)) / timescale, captured]);
        if (this.times.length > MAXIMUM_CAPTURES) this.times.shift();
      } else {
        if (size < 8) throw new Error('the stream is damaged');
        this.skip = size - 8;
      }
      this.filled = 0;
    }
  }

  /** Returns when the frame at `mediaTime` was captured; undefined if that is unknown. */
  at(mediaTime) {
    let found;
    while (this.times.length && this.times[0][0] <= mediaTime + 0.001) found = this.times.shift();
    return found?.[1];
  }
}

/** Plays fragmented MP4 with Media Source Extensions. */
export class FragmentPlayer {
  /** @param {HTMLElement} stage @param {import('./player.js').Meter} meter */
  constructor(stage, meter) {
    this.form = 'fragments';
    this.meter = meter;
    this.surface = document.createElement('video');
    this.surface.muted = true;
    this.surface.autoplay = true;
    this.surface.playsInline = true;
    this.surface.disableRemotePlayback = true;
    this.surface.setAttribute('aria-label', 'Painted stream');
    stage.prepend(this.surface);
    this.isClosed = false;
    this.captures = new CaptureTimes();
    this.watch();
  }

  get width() { return this.surface.videoWidth; }
  get height() { return this.surface.videoHeight; }
  get hasSound() { return true; }
  get muted() { return this.surface.muted; }
  set muted(value) { this.surface.muted = value; }

  requestFrame(callback) {
    if ('requestVideoFrameCallback' in this.surface) this.surface.requestVideoFrameCallback(() => callback());
    else requestAnimationFrame(() => callback());
  }

  captureStream() {
    const video = /** @type {any} */ (this.surface);
    return video.captureStream ? /** @type {MediaStream} */ (video.captureStream()) : null;
  }

  close() {
    this.isClosed = true;
    this.surface.remove();
    this.surface.removeAttribute('src');
  }

  /** Counts the frames on the screen. Without callbacks for frames, their number is asked for. */
  watch() {
    if (!('requestVideoFrameCallback' in this.surface)) {
      let before = 0;
      const look = () => {
        if (this.isClosed) return;
        const { totalVideoFrames: count } = /** @type {any} */ (this.surface).getVideoPlaybackQuality();
        for (; before < count; before++) this.meter.shown(this.captures.at(/** @type {any} */ (this.surface).currentTime));
        before = count;
        setTimeout(look, 100);
      };
      look();
      return;
    }
    let count = 0;
    const show = (now, frame) => {
      if (this.isClosed) return;
      // Callbacks may skip frames.
      for (; count + 1 < frame.presentedFrames; count++) this.meter.shown(undefined);
      count = frame.presentedFrames;
      this.meter.shown(this.captures.at(frame.mediaTime), undefined, 1000 * (frame.expectedDisplayTime - performance.now()));
      this.surface.requestVideoFrameCallback(show);
    };
    this.surface.requestVideoFrameCallback(show);
  }

  /** Plays until the stream ends or `signal` aborts, close to the live edge. */
  async play(folder, query, signal) {
    const Source = /** @type {any} */ (window).ManagedMediaSource ?? window.MediaSource;
    if (!Source) throw new Unplayable('this browser lacks Media Source Extensions');
    const response = await fetch(`${folder}video.mp4${query}`, { credentials: 'same-origin', cache: 'no-store', signal });
    if (!response.ok || !response.body) throw new Error('no frame is available yet');
    const type = response.headers.get('Content-Type');
    if (!Source.isTypeSupported(type)) throw new Unplayable(`this browser cannot play ${type}`);
    const source = new Source();
    this.captures = new CaptureTimes();
    this.surface.src = URL.createObjectURL(source);
    await new Promise((resolve, reject) => {
      source.addEventListener('sourceopen', resolve, { once: true });
      signal.addEventListener('abort', reject, { once: true });
    });
    URL.revokeObjectURL(this.surface.src);
    const buffer = source.addSourceBuffer(type);
    const settled = () => new Promise((resolve, reject) => {
      buffer.addEventListener('updateend', resolve, { once: true });
      buffer.addEventListener('error', () => reject(new Error('the stream is damaged')), { once: true });
    });
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new Error('the stream has ended');
      this.meter.bytes(value.length);
      this.captures.read(value);
      const appended = settled();
      buffer.appendBuffer(value);
      await appended;
      this.follow(buffer.buffered);
      const first = buffer.buffered.length ? buffer.buffered.start(0) : 0;
      if (this.surface.currentTime - first > 30) {
        const removed = settled();
        buffer.remove(0, this.surface.currentTime - 10);
        await removed;
      }
    }
  }

  /** Stays near the live edge: plays slightly faster when behind, and seeks when far behind or after missing frames. */
  follow(ranges) {
    if (!ranges.length) return;
    const video = this.surface;
    const start = ranges.start(ranges.length - 1);
    const end = ranges.end(ranges.length - 1);
    const aim = Math.max(0.1, 1.5 / Math.max(1, this.meter.fps));
    const lag = end - video.currentTime;
    if (video.currentTime < start || lag > aim + 1.2 || lag < -0.5) video.currentTime = Math.max(start, end - aim);
    video.playbackRate = lag > aim + 0.25 ? 1.15 : lag > aim + 0.1 ? 1.05 : 1;
    if (video.paused && !document.hidden) video.play().catch(() => {});
  }
}

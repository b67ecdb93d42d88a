import { connect } from './player-connection.js';

/** A head or a picture is smaller. */
const MAXIMUM_PART = 64 << 20;

/** Cuts a `multipart/x-mixed-replace` body with lengths into its pictures. */
export class PartReader {
  constructor() { this.bytes = new Uint8Array(0); }

  /** Takes the next bytes and yields whole pictures, each with its capture in microseconds. */
  * read(more) {
    const all = new Uint8Array(this.bytes.length + more.length);
    all.set(this.bytes);
    all.set(more, this.bytes.length);
    let place = 0;
    for (;;) {
      const end = PartReader.endOfHead(all, place);
      if (end < 0) break;
      const head = new TextDecoder().decode(all.subarray(place, end));
      const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0);
      // A blank line keeps the connection alive.
      if (!length) { place = end; continue; }
      if (length > MAXIMUM_PART) throw new Error('the stream is damaged');
      if (all.length < end + length) break;
      const captured = /x-timestamp: *(\d+)\.(\d{6})/i.exec(head);
      yield { jpeg: all.slice(end, end + length), captured: captured ? Number(captured[1] + captured[2]) : undefined };
      place = end + length;
    }
    this.bytes = all.slice(place);
    if (this.bytes.length > MAXIMUM_PART) throw new Error('the stream is damaged');
  }

  /** Returns the place after the next blank line; -1 if there is none. */
  static endOfHead(bytes, place) {
    for (let index = bytes.indexOf(13, place); index >= 0 && index + 3 < bytes.length; index = bytes.indexOf(13, index + 1)) {
      if (bytes[index + 1] === 10 && bytes[index + 2] === 13 && bytes[index + 3] === 10) return index + 4;
    }
    return -1;
  }
}

/** Shows a sequence of JPEG images, which every browser can. It has no sound. */
export class PicturePlayer {
  /** @param {HTMLElement} stage @param {import('./player.js').Meter} meter */
  constructor(stage, meter) {
    this.form = 'pictures';
    this.meter = meter;
    this.surface = document.createElement('img');
    this.surface.alt = 'Painted stream';
    stage.prepend(this.surface);
    this.listeners = [];
    /** @type {{ jpeg: Uint8Array, captured?: number } | null} */
    this.waiting = null;
    this.isShowing = false;
    this.isClosed = false;
    this.width = this.height = 0;
    this.muted = true;
  }

  get hasSound() { return false; }
  requestFrame(callback) { this.listeners.push(callback); }
  captureStream() { return null; }

  close() {
    this.isClosed = true;
    this.surface.remove();
  }

  /** Plays until the stream ends or `signal` aborts. */
  async play(folder, query, signal) {
    const reader = await connect(`${folder}video.mjpeg${query}`, signal);
    const parts = new PartReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new Error('the stream has ended');
      this.meter.bytes(value.length);
      for (const part of parts.read(value)) this.waiting = part;
      this.show();
    }
  }

  /** Shows the newest picture. Those that come while one is decoded are skipped. */
  async show() {
    if (this.isShowing) return;
    this.isShowing = true;
    while (this.waiting && !this.isClosed) {
      const { jpeg, captured } = this.waiting;
      this.waiting = null;
      const url = URL.createObjectURL(new Blob([jpeg], { type: 'image/jpeg' }));
      // An element that loads a picture shows none, so it gets one that has been loaded.
      const next = new Image();
      next.src = url;
      const isWhole = await next.decode().then(() => true, () => false);
      if (isWhole) {
        next.alt = this.surface.alt;
        this.surface.replaceWith(next);
        this.surface = next;
        [this.width, this.height] = [next.naturalWidth, next.naturalHeight];
      }
      URL.revokeObjectURL(url);
      if (!isWhole) continue;
      const listeners = this.listeners;
      this.listeners = [];
      for (const listener of listeners) listener();
      if (document.hidden) this.meter.shown(captured);
      else requestAnimationFrame(() => this.meter.shown(captured));
    }
    this.isShowing = false;
  }
}

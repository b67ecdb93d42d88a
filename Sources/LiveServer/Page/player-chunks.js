import { Unplayable, connect } from './player-connection.js';
import { Sound } from './player-sound.js';

const KIND = { padding: 0, configuration: 1, picture: 2, sound: 3 };
/** A record is smaller: pictures of 8K have less at any quality. */
const MAXIMUM_RECORD = 64 << 20;
/** Pictures that are being decoded. A decoder that has more is too slow, and what follows is skipped to a keyframe. */
const MAXIMUM_QUEUE = 30;

/** Cuts a stream of bytes into the records of `video.chunks`. */
export class RecordReader {
  constructor() {
    this.buffer = new Uint8Array(1 << 16);
    this.begin = 0;
    this.end = 0;
  }

  /** Takes the next bytes and yields the whole records, whose bytes are valid until the next call. */
  * read(bytes) {
    this.append(bytes);
    for (;;) {
      const count = this.end - this.begin;
      if (count < 5) return;
      const view = new DataView(this.buffer.buffer, this.begin, count);
      const length = view.getUint32(0);
      if (length < 1 || length > MAXIMUM_RECORD) throw new Error('the stream is damaged');
      if (count < 4 + length) return;
      const start = this.begin + 5;
      this.begin += 4 + length;
      yield { kind: view.getUint8(4), content: this.buffer.subarray(start, this.begin) };
    }
  }

  append(bytes) {
    const count = this.end - this.begin;
    if (this.end + bytes.length > this.buffer.length) {
      const needed = count + bytes.length;
      const target = needed > this.buffer.length ? new Uint8Array(2 * needed) : this.buffer;
      target.set(this.buffer.subarray(this.begin, this.end));
      [this.buffer, this.begin, this.end] = [target, 0, count];
    }
    this.buffer.set(bytes, this.end);
    this.end += bytes.length;
  }
}

/**
 * Plays `video.chunks` with the decoders of WebCodecs: each picture is shown as soon as it is decoded. While there is
 * sound, pictures and sound are in step.
 */
export class ChunkPlayer {
  /** @param {HTMLElement} stage @param {import('./player.js').Meter} meter */
  constructor(stage, meter) {
    this.form = 'webcodecs';
    this.meter = meter;
    this.surface = document.createElement('canvas');
    this.surface.setAttribute('aria-label', 'Painted stream');
    this.surface.setAttribute('role', 'img');
    this.surface.width = this.surface.height = 0;
    this.pen = /** @type {CanvasRenderingContext2D} */ (this.surface.getContext('2d', { alpha: false, desynchronized: true }));
    this.sound = new Sound();
    /** Pictures that wait until they are due. @type {VideoFrame[]} */
    this.due = [];
    this.timer = 0;
    this.listeners = [];
    /** What is known of pictures in the decoder, by their timestamps. @type {Map<number, { captured: number, encoded: number, received: number }>} */
    this.known = new Map();
    stage.prepend(this.surface);
  }

  get width() { return this.surface.width; }
  get height() { return this.surface.height; }
  get hasSound() { return true; }
  get muted() { return this.sound.muted; }
  set muted(value) { this.sound.muted = value; }
  requestFrame(callback) { this.listeners.push(callback); }

  captureStream() {
    if (!this.surface.captureStream) return null;
    const stream = this.surface.captureStream();
    const track = this.sound.track;
    if (track) stream.addTrack(track);
    return stream;
  }

  close() {
    this.reset();
    this.sound.close();
    this.surface.remove();
  }

  reset() {
    clearTimeout(this.timer);
    this.timer = 0;
    for (const frame of this.due) frame.close();
    this.due = [];
    this.known.clear();
    if (this.decoder && this.decoder.state !== 'closed') this.decoder.close();
    this.decoder = undefined;
    this.sound.reset();
  }

  /** Plays until the stream ends or `signal` aborts. */
  async play(folder, query, signal) {
    if (!('VideoDecoder' in window)) throw new Unplayable('this browser lacks WebCodecs, or the page is not secure');
    const reader = await connect(`${folder}video.chunks${query}`, signal);
    const records = new RecordReader();
    let failure = null;
    this.fail = (error) => { failure = error; reader.cancel().catch(() => {}); };
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (failure) throw failure;
        if (done) throw new Error('the stream has ended');
        this.meter.bytes(value.length);
        const received = this.meter.clock.now;
        for (const { kind, content } of records.read(value)) {
          if (kind === KIND.configuration) await this.configure(JSON.parse(new TextDecoder().decode(content)));
          else if (kind === KIND.picture) this.decode(content, received);
          else if (kind === KIND.sound) this.sound.decode(content);
        }
      }
    } finally {
      this.reset();
    }
  }

  async configure({ video, audio, rendition }) {
    const configuration = { ...video, optimizeForLatency: true };
    const { supported } = await VideoDecoder.isConfigSupported(configuration);
    if (!supported) throw new Unplayable(`this browser cannot decode ${video.codec}`);
    // Pictures of the configuration before are still shown.
    if (!this.decoder) {
      this.decoder = new VideoDecoder({
        output: (frame) => this.decoded(frame),
        error: (error) => this.fail?.(this.hasShown ? error : new Unplayable(error.message)),
      });
    }
    this.decoder.configure(configuration);
    this.needsKeyframe = true;
    this.meter.rendition = rendition;
    await this.sound.configure(audio);
  }

  decode(content, received) {
    const view = new DataView(content.buffer, content.byteOffset, content.length);
    if (content.length < 29 || !this.decoder) throw new Error('the stream is damaged');
    const isKeyframe = (view.getUint8(0) & 1) === 1;
    const timestamp = Number(view.getBigInt64(1));
    if (this.decoder.decodeQueueSize > MAXIMUM_QUEUE) this.needsKeyframe = true;
    if (this.needsKeyframe && !isKeyframe) return;
    this.needsKeyframe = false;
    this.known.set(timestamp, {
      captured: Number(view.getBigInt64(13)), encoded: Number(view.getBigInt64(21)), received,
    });
    this.decoder.decode(new EncodedVideoChunk({
      type: isKeyframe ? 'key' : 'delta', timestamp, duration: view.getUint32(9), data: content.subarray(29),
    }));
  }

  /** Shows a picture at once, or with sound when its sound is heard. */
  decoded(frame) {
    this.sound.notePicture(frame.timestamp);
    if (!this.sound.isHeard) {
      for (const late of this.due.splice(0)) late.close();
      this.show(frame);
      return;
    }
    this.due.push(frame);
    this.showDue();
  }

  showDue() {
    clearTimeout(this.timer);
    this.timer = 0;
    while (this.due.length) {
      const wait = this.sound.wait(this.due[0].timestamp);
      if (wait > 4) {
        this.timer = setTimeout(() => this.showDue(), wait - 2);
        return;
      }
      const frame = /** @type {VideoFrame} */ (this.due.shift());
      // One that the next one covers at once is not drawn.
      if (this.due.length && this.sound.wait(this.due[0].timestamp) <= 4) frame.close();
      else this.show(frame);
    }
  }

  show(frame) {
    const decoded = this.meter.clock.now;
    const { displayWidth: width, displayHeight: height, timestamp } = frame;
    if (this.surface.width !== width || this.surface.height !== height) Object.assign(this.surface, { width, height });
    this.pen.drawImage(frame, 0, 0);
    frame.close();
    this.hasShown = true;
    const known = this.known.get(timestamp);
    for (const key of this.known.keys()) if (key <= timestamp) this.known.delete(key);
    const listeners = this.listeners;
    this.listeners = [];
    for (const listener of listeners) listener();
    // The picture is on the screen with the next frame of the page. Pages that nobody sees have none.
    if (document.hidden) this.meter.shown(known?.captured);
    else requestAnimationFrame(() => this.meter.shown(known?.captured, known && { ...known, decoded }));
  }
}

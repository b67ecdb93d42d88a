/** How long latenesses count for when pictures and sound are due, in milliseconds. */
const MEMORY = 2000;
/** What is due is moved only by more than this, in milliseconds: less is not noticed, but moving is. */
const TOLERANCE = 25;
/** Sound is decoded this long before it is heard, in milliseconds. */
const RESERVE = 15;
/** More than this is no lateness but another clock, in milliseconds. */
const MAXIMUM_LATENESS = 3000;

/**
 * Plays the sound of `video.chunks`, and says when pictures are due so that both are in step.
 *
 * A picture or a piece of sound with timestamp t is due at t plus a lateness that is the same for both: the one that
 * most pictures, and all sound, keep.
 */
export class Sound {
  constructor() {
    this.isMuted = true;
    /** @type {AudioContext | null} */
    this.context = null;
    /** @type {{ at: number, lateness: number }[]} */
    this.pictures = [];
    /** @type {{ at: number, lateness: number }[]} */
    this.pieces = [];
    this.lateness = NaN;
    this.next = 0;
    this.playing = new Set();
    /** @type {MediaStreamAudioDestinationNode | undefined} */
    this.recording = undefined;
  }

  /** Whether there is sound that the viewer hears. Pictures wait for it only then. */
  get isHeard() { return !this.isMuted && this.context?.state === 'running' && this.pieces.length > 0 && !Number.isNaN(this.lateness); }

  get muted() { return this.isMuted; }
  set muted(value) {
    this.isMuted = value;
    if (value) {
      this.silence();
      this.context?.suspend();
      return;
    }
    this.open();
    this.context?.resume().catch(() => {});
    this.begin();
  }

  open() {
    if (this.context) return;
    this.context = new AudioContext({ latencyHint: 'interactive', sampleRate: 48_000 });
    this.gain = this.context.createGain();
    this.gain.connect(this.context.destination);
  }

  /** A track with the sound, for recording; null while it is off. */
  get track() {
    if (!this.context || !this.gain || this.isMuted) return null;
    this.recording ??= this.context.createMediaStreamDestination();
    this.gain.connect(this.recording);
    return this.recording.stream.getAudioTracks()[0] ?? null;
  }

  /** Takes the configuration of the decoder; undefined if the stream has no sound. */
  async configure(audio) {
    const text = JSON.stringify(audio);
    if (this.text === text) return;
    this.reset();
    this.text = text;
    if (!audio || !('AudioDecoder' in window)) return;
    const description = Uint8Array.from(atob(audio.description), (character) => character.charCodeAt(0));
    const configuration = { ...audio, description };
    const { supported } = await AudioDecoder.isConfigSupported(configuration).catch(() => ({ supported: false }));
    // Pictures without sound are better than nothing.
    if (supported) this.configuration = configuration;
    this.begin();
  }

  begin() {
    if (this.isMuted || !this.configuration || this.decoder) return;
    const decoder = new AudioDecoder({
      output: (data) => this.decoded(data),
      error: () => { if (this.decoder === decoder) this.decoder = undefined; },
    });
    decoder.configure(this.configuration);
    this.decoder = decoder;
  }

  decode(content) {
    if (this.isMuted || this.decoder?.state !== 'configured' || content.length < 12) return;
    const view = new DataView(content.buffer, content.byteOffset, content.length);
    this.decoder.decode(new EncodedAudioChunk({
      type: 'key', timestamp: Number(view.getBigInt64(0)), duration: view.getUint32(8), data: content.subarray(12),
    }));
  }

  /** How long a picture has to wait until it is due, in milliseconds. */
  wait(timestamp) { return timestamp / 1000 + this.lateness - performance.now(); }

  /** Takes note of when a picture was ready. */
  notePicture(timestamp) { this.note(this.pictures, timestamp); }

  note(list, timestamp) {
    const now = performance.now();
    list.push({ at: now, lateness: now - timestamp / 1000 });
    while (list[0].at < now - MEMORY) list.shift();
    if (this.isMuted || !this.pictures.length) return;
    // Nine of ten pictures are in time. Sound is heard without gaps only if all of it is.
    const sorted = this.pictures.map(({ lateness }) => lateness).sort((a, b) => a - b);
    const picture = sorted[Math.floor(0.9 * (sorted.length - 1))];
    const output = 1000 * ((this.context?.outputLatency || 0) + (this.context?.baseLatency || 0));
    const piece = this.pieces.reduce((most, { lateness }) => Math.max(most, lateness), -Infinity) + RESERVE + output;
    const wanted = Math.min(Math.max(picture, piece), picture + MAXIMUM_LATENESS);
    if (!(Math.abs(wanted - this.lateness) <= TOLERANCE)) this.lateness = wanted;
  }

  decoded(data) {
    const { timestamp, numberOfFrames, numberOfChannels, sampleRate } = data;
    this.note(this.pieces, timestamp);
    const context = this.context;
    if (!context || !this.gain || this.isMuted || context.state !== 'running' || Number.isNaN(this.lateness)) {
      data.close();
      return;
    }
    const buffer = context.createBuffer(numberOfChannels, numberOfFrames, sampleRate);
    for (let channel = 0; channel < numberOfChannels; channel++) {
      data.copyTo(buffer.getChannelData(channel), { planeIndex: channel, format: 'f32-planar' });
    }
    data.close();
    // The context's clock is ahead of what is heard by its latency.
    const latency = (context.outputLatency || 0) + (context.baseLatency || 0);
    const due = context.currentTime + this.wait(timestamp) / 1000 - latency;
    // Pieces follow each other without gaps as long as they are in step.
    if (Math.abs(due - this.next) * 1000 > TOLERANCE) this.next = due;
    const begin = this.next;
    this.next += numberOfFrames / sampleRate;
    if (begin < context.currentTime) return;
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.gain);
    source.onended = () => this.playing.delete(source);
    this.playing.add(source);
    source.start(begin);
    /** How far the sound is from its picture in milliseconds; positive if it is late. */
    this.error = 1000 * (begin - due);
  }

  silence() {
    for (const source of this.playing) source.stop();
    this.playing.clear();
    if (this.decoder && this.decoder.state !== 'closed') this.decoder.close();
    this.decoder = undefined;
    this.pieces = [];
    this.lateness = NaN;
  }

  reset() {
    this.silence();
    this.configuration = undefined;
    this.text = undefined;
    this.pictures = [];
  }

  close() {
    this.reset();
    this.context?.close();
    this.context = null;
  }
}

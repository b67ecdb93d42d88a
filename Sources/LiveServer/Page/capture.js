/** @typedef {{ captured: number, encoded: number, answered: number, bytes: number }} SentFrame Times in microseconds of the server's clock. */

/**
 * Sends the pictures of a camera, a screen or a film to a stream of the server that takes them from pages.
 *
 * Pictures are encoded and sent by a worker, so that nothing else in the page delays them. Two are on their way at a
 * time; a picture that comes while both are gives way to the next one.
 */
export class Capture {
  /**
   * @param {object} options
   * @param {string} options.streamID
   * @param {string} options.visitorID identifies the visitor, who keeps the camera when the page is loaded again
   * @param {MediaStreamTrack} [options.track] the source, a track with pictures; its owner stops it
   * @param {HTMLVideoElement} [options.video] the source instead of a track, such as a film that plays
   * @param {boolean} [options.mirror] whether to exchange left and right
   * @param {number} [options.lines] the greatest height of the pictures that are sent
   * @param {(error: Error & { status?: number }) => void} [options.onRefusal] the server refused a picture: sending has stopped
   * @param {(frame: SentFrame) => void} [options.onFrame] the server has taken a picture
   */
  constructor({ streamID, visitorID, track, video, mirror = false, lines = 360, onRefusal = () => {}, onFrame = () => {} }) {
    if (!track && !video) throw new Error('expected a track or a video element');
    this.address = `/api/streams/${encodeURIComponent(streamID)}/frames?page=${encodeURIComponent(visitorID)}`;
    this.track = track;
    this.element = video;
    this.isMirrored = mirror;
    this.lines = lines;
    this.onRefusal = onRefusal;
    this.onFrame = onFrame;
    /** @type {Worker | null} */
    this.worker = null;
    /** @type {HTMLVideoElement | null} */
    this.eye = null;
  }

  /** Begins to send. Has no effect while it sends. */
  start() {
    if (this.worker) return;
    const worker = new Worker('/page/capture-worker.js', { type: 'module' });
    this.worker = worker;
    worker.onmessage = ({ data }) => {
      if (this.worker !== worker) return;
      if (data.frame) this.onFrame(data.frame);
      if (data.refusal) {
        this.stop();
        this.onRefusal(Object.assign(new Error(data.refusal.message), { status: data.refusal.status }));
      }
    };
    worker.postMessage({ address: this.address, lines: this.lines, isMirrored: this.isMirrored });
    const Processor = /** @type {any} */ (window).MediaStreamTrackProcessor;
    if (this.track && Processor) {
      // A clone, because the processor's end would end the track for its owner.
      const track = this.track.clone();
      this.clone = track;
      const { readable } = new Processor({ track, maxBufferSize: 1 });
      worker.postMessage({ readable }, [readable]);
    } else {
      this.watch(worker).catch((error) => { if (this.worker === worker) { this.stop(); this.onRefusal(error); } });
    }
  }

  /** Stops sending. The source goes on. */
  stop() {
    this.worker?.terminate();
    this.worker = null;
    this.clone?.stop();
    this.clone = undefined;
    if (this.eye) this.eye.srcObject = null;
    this.eye = null;
  }

  get mirror() { return this.isMirrored; }
  set mirror(on) {
    this.isMirrored = on;
    this.worker?.postMessage({ isMirrored: on });
  }

  /** Sends the pictures that a video element shows. */
  async watch(worker) {
    let video = this.element;
    if (!video) {
      video = document.createElement('video');
      video.muted = true;
      video.playsInline = true;
      video.srcObject = new MediaStream([/** @type {MediaStreamTrack} */ (this.track)]);
      this.eye = video;
      await video.play();
    }
    const element = video;
    const next = 'requestVideoFrameCallback' in element
      ? () => new Promise((resolve) => element.requestVideoFrameCallback(resolve))
      : () => new Promise((resolve) => setTimeout(resolve, 33));
    while (this.worker === worker) {
      await next();
      if (!element.videoWidth || this.worker !== worker) continue;
      const captured = 1000 * (performance.timeOrigin + performance.now());
      const height = Math.min(this.lines, element.videoHeight);
      const picture = await createImageBitmap(element, {
        resizeHeight: height, resizeWidth: Math.max(1, Math.round(element.videoWidth * height / element.videoHeight)),
      });
      worker.postMessage({ picture, captured }, [picture]);
    }
  }
}

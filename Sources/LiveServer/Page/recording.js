import { at, download, setText } from './elements.js';
import { announce, notify, showError } from './notices.js';
import { fileName, PaintedStream } from './picture.js';
import { state } from './state.js';

/** The formats to record in, the one that most programs play first. */
const formats = [
  ['video/mp4;codecs=avc1.640028,mp4a.40.2', 'mp4'], ['video/mp4;codecs=avc1.42E01F,mp4a.40.2', 'mp4'],
  ['video/webm;codecs=vp8,opus', 'webm'], ['video/mp4', 'mp4'],
];
const bitsPerSecond = 8_000_000;

/** Records the painted film with its sound, on this device. */
export class Recording {
  /** @param {import('./player.js').Player} player @param {(isOn: boolean) => void} setSound */
  constructor(player, setSound) {
    this.player = player;
    this.setSound = setSound;
    this.turnedSoundOn = false;
    /** @type {MediaRecorder | null} */
    this.recorder = null;
    at('recordButton').addEventListener('click', () => (this.recorder ? this.stop() : this.start()));
  }

  start() {
    const format = formats.find(([type]) => window.MediaRecorder?.isTypeSupported(type));
    if (!format) return showError(new Error('this browser cannot record'));
    try {
      const painted = new PaintedStream(this.player);
      const recorder = new MediaRecorder(painted.stream, { mimeType: format[0], videoBitsPerSecond: bitsPerSecond });
      const parts = [];
      const name = fileName(format[1]);
      recorder.addEventListener('dataavailable', ({ data }) => { if (data.size) parts.push(data); });
      recorder.addEventListener('error', () => { notify('The recording broke off.', { isError: true }); this.stop(); });
      recorder.addEventListener('stop', () => {
        painted.close();
        if (parts.length) download(new Blob(parts, { type: recorder.mimeType }), name);
      });
      // Browsers record silence of a player that is muted.
      this.turnedSoundOn = Boolean(this.player.muted && this.player.hasSound && state.stream?.hasAudio);
      if (this.turnedSoundOn) this.setSound(true);
      recorder.start(1000);
      this.recorder = recorder;
    } catch (error) { return showError(error); }
    this.began = performance.now();
    at('recordButton').setAttribute('aria-pressed', 'true');
    at('recordingTime').hidden = false;
    announce('Recording');
    this.timer = setInterval(() => this.tick(), 1000);
    this.tick();
    // The browser draws no pictures for pages that nobody sees.
    window.addEventListener('beforeunload', warn);
    return undefined;
  }

  tick() {
    const seconds = Math.floor((performance.now() - this.began) / 1000);
    setText(at('recordingTime'), `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`);
  }

  stop() {
    const { recorder } = this;
    if (!recorder) return;
    this.recorder = null;
    clearInterval(this.timer);
    window.removeEventListener('beforeunload', warn);
    at('recordButton').setAttribute('aria-pressed', 'false');
    at('recordingTime').hidden = true;
    if (recorder.state !== 'inactive') recorder.stop();
    if (this.turnedSoundOn) this.setSound(false);
    notify('The film is saved with your downloads.');
  }
}

/** Asks before a page with a recording is left. */
function warn(event) { event.preventDefault(); }

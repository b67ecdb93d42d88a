import { at, setHidden, setText } from './elements.js';
import { Controls } from './game-controls.js';
import { showError } from './notices.js';
import { paintedArea } from './picture.js';
import { state } from './state.js';

/** Lets this page play the game of the stream that is shown, and tells who plays it. */
export class GamePanel {
  /** @param {import('./player.js').Player} player */
  constructor(player) {
    this.player = player;
    /** @type {Controls | null} */
    this.controls = null;
    at('controlsButton').addEventListener('click', () => (this.holding === 'free' ? this.take() : this.giveBack()));
    at('lockButton').addEventListener('click', () => this.lock());
    state.on('streams', () => this.show());
    state.on('stream', () => this.giveBack());
  }

  get holding() { return this.controls?.state ?? 'free'; }

  show() {
    const { holding } = this;
    const controls = state.stream?.controls;
    const { isHeld = false, holder } = controls ?? {};
    const isMine = holding !== 'free';
    const isOther = isHeld && !isMine;
    setHidden(at('game'), !controls, at('stage'));
    setHidden(at('controlsButton'), isOther, at('stage'));
    setText(at('controlsButton'), isMine ? 'Give the controls back' : 'Take the controls');
    at('controlsButton').setAttribute('aria-pressed', String(isMine));
    setHidden(at('lockButton'), !isMine, at('stage'));
    setHidden(at('holderLabel'), isHeld || isMine, at('controlsButton'));
    const paused = 'Click the picture to go on playing.';
    const played = 'You have the controls. Hold Escape for a second to give them back.';
    setText(at('holder'), isOther ? `${holder ?? 'Another viewer'} has the controls.` : isMine ? (holding === 'held' ? played : paused) : '');
    at('stage').classList.toggle('isPlaying', holding === 'held');
  }

  take() {
    this.giveBack();
    this.controls = new Controls({
      stage: at('stage'), streamID: state.id, pictureSize: () => this.pictureSize(),
      onState: (_, reason) => {
        this.show();
        if (reason) showError(new Error(reason));
      },
    });
    this.controls.locksPointer = this.locksPointer;
    this.controls.start(at('holderName').value).catch((error) => {
      showError(error);
      this.show();
    });
  }

  giveBack() {
    this.controls?.stop();
    this.controls = null;
    this.show();
  }

  get locksPointer() { return at('lockButton').getAttribute('aria-pressed') === 'true'; }

  lock() {
    at('lockButton').setAttribute('aria-pressed', String(!this.locksPointer));
    if (this.controls) this.controls.locksPointer = this.locksPointer;
  }

  /** The size of the picture on the stage, in any unit; that of a wide screen before the first picture. */
  pictureSize() {
    const { width, height } = paintedArea(this.player);
    return width > 0 && height > 0 ? { width, height } : { width: 16, height: 9 };
  }
}

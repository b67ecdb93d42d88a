import { at } from './elements.js';
import { showError } from './notices.js';
import { PaintedStream } from './picture.js';

/** Shows the painted picture in a small window above other programs. */
export class FloatingPicture {
  constructor(player) {
    this.player = player;
    const button = at('floatButton');
    button.hidden = !document.pictureInPictureEnabled;
    button.addEventListener('click', () => (document.pictureInPictureElement ? document.exitPictureInPicture() : this.open()).catch(showError));
  }

  async open() {
    const painted = new PaintedStream(this.player);
    const video = document.createElement('video');
    // The page plays the sound.
    video.muted = true;
    video.srcObject = new MediaStream(painted.stream.getVideoTracks());
    video.addEventListener('leavepictureinpicture', () => {
      at('floatButton').setAttribute('aria-pressed', 'false');
      video.srcObject = null;
      painted.close();
    });
    try {
      await video.play();
      await video.requestPictureInPicture();
      at('floatButton').setAttribute('aria-pressed', 'true');
    } catch (error) {
      painted.close();
      throw error.name === 'NotAllowedError' ? new Error('the browser does not allow a floating picture here') : error;
    }
  }
}

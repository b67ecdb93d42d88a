import { post } from './requests.js';
import { showError } from './notices.js';

/**
 * What the page knows of the server. Modules listen for `streams` (any number of a stream may have changed), `stream`
 * (another one is shown), `styles` and `training`.
 */
class State extends EventTarget {
  constructor() {
    super();
    /** @type {any[]} */
    this.streams = [];
    /** @type {any[]} */
    this.styles = [];
    /** @type {any} */
    this.training = { isPossible: false, jobs: [] };
    this.id = '';
    this.isSplit = false;
  }

  /** The stream that is shown; undefined before the first. */
  get stream() { return this.streams.find(({ id }) => id === this.id); }
  /** The stream to which pages may send pictures; undefined if the server has none. */
  get camera() { return this.streams.find(({ isCamera }) => isCamera); }

  on(name, action) { this.addEventListener(name, action); }
  changed(name) { this.dispatchEvent(new Event(name)); }

  setStreams(streams) {
    this.streams = streams;
    this.changed('streams');
  }

  /** Takes the state of one stream, from the response to a change. */
  setStream(stream) {
    if (stream?.id) this.setStreams(this.streams.map((known) => (known.id === stream.id ? stream : known)));
  }

  show(id) {
    this.id = id;
    sessionStorage.setItem('stream', id);
    this.changed('stream');
    this.changed('streams');
  }
}

export const state = new State();

/** Changes the stream that is shown. Returns whether the server did it. */
export async function change(values) {
  try {
    state.setStream(await post(`/api/streams/${encodeURIComponent(state.id)}`, values));
    return true;
  } catch (error) {
    showError(error);
    // Controls go back to what is painted.
    state.changed('streams');
    return false;
  }
}

/** A name for people: the painting's title, or the style's own name. */
export function title(name) {
  const style = state.styles.find((candidate) => candidate.name === name);
  return style?.painting?.title ?? name.replace(/[-_]+/g, ' ').replace(/^./, (letter) => letter.toUpperCase());
}

/** A percentage for people. */
export const percent = (share) => `${Math.round(share * 100)} %`;

// A visitor who loads the page again keeps the camera.
export const visitorID = sessionStorage.getItem('visitor')
  ?? Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');
sessionStorage.setItem('visitor', visitorID);

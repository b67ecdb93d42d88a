import { send } from './requests.js';

/** @typedef {'free' | 'held' | 'paused'} Holding */

/** How long Escape gives the controls back when it is held, in milliseconds. */
const escapeDuration = 1000;
/** The server takes the controls from a page that is silent for five seconds. */
const heartbeatInterval = 1000;
/** Batches that are on their way at the same time, so that a slow network does not hold input back. */
const maximumInFlight = 3;
/** The server takes no more events in a batch. */
const maximumEvents = 64;
const maximumMovement = 4096;
/** Pixels of the wheel that are one step of a mouse. */
const wheelStep = 100;
/** The keys that the server takes. The others are keys of the machine, such as those for the volume. */
const knownKeys = /^(Key[A-Z]|Digit\d|F([1-9]|1\d|2[0-4])|Arrow(Up|Down|Left|Right)|Numpad(\d|Add|Subtract|Multiply|Divide|Decimal|Enter|Equal|Comma)|(Shift|Control|Alt|Meta|Bracket)(Left|Right)|Intl(Backslash|Ro|Yen)|(Caps|Num|Scroll)Lock|Page(Up|Down)|Escape|Minus|Equal|Backspace|Tab|Enter|Semicolon|Quote|Backquote|Backslash|Comma|Period|Slash|Space|PrintScreen|Home|End|Insert|Delete|Pause|ContextMenu)$/;
/** Sticks do not return to zero exactly. */
const deadZone = 0.1;

/**
 * Sends keyboard, pointer and gamepad of this page to the program of a stream.
 *
 * Keys count while `stage` has the focus, so those of the page do not act meanwhile. When the stage loses the focus,
 * everything is released and the controls are paused; a click on the picture goes on. Escape leaves the pointer lock
 * and full screen as usual; held for a second, it gives the controls back.
 */
export class Controls {
  /**
   * @param {{
   *   stage: HTMLElement, streamID: string, onState?: (state: Holding, reason?: string) => void,
   *   pictureSize?: () => { width: number, height: number },
   * }} options `pictureSize` is the size of the picture that `stage` shows, for what is beside it.
   */
  constructor({ stage, streamID, onState = () => {}, pictureSize = () => ({ width: 16, height: 9 }) }) {
    this.stage = stage;
    this.path = `/api/streams/${encodeURIComponent(streamID)}/controls`;
    this.onState = onState;
    this.pictureSize = pictureSize;
    /** Whether a click on the picture locks the pointer, for games that want movements instead of places. */
    this.locksPointer = false;
    /** @type {string | null} */
    this.lease = null;
    this.wantsToStart = false;
  }

  /** @returns {Holding} */
  get state() { return !this.lease ? 'free' : document.activeElement === this.stage ? 'held' : 'paused'; }

  /**
   * Takes the controls.
   *
   * @param {string} [name] The name that others see.
   */
  async start(name = '') {
    if (this.lease || this.wantsToStart) return;
    this.wantsToStart = true;
    try {
      const response = await this.request('POST', this.path, { name });
      const { lease } = await response.json();
      if (this.wantsToStart) this.begin(lease);
      else this.request('DELETE', `${this.path}?lease=${lease}`).catch(() => {});
    } finally { this.wantsToStart = false; }
  }

  /** Gives the controls back. */
  stop() {
    this.wantsToStart = false;
    const { lease } = this;
    if (!lease) return;
    this.end();
    // The request outlives the page.
    this.request('DELETE', `${this.path}?lease=${lease}`).catch(() => {});
  }

  // MARK: Beginning and end

  begin(lease) {
    this.lease = lease;
    this.number = 0;
    this.inFlight = 0;
    /** @type {any[]} */
    this.events = [];
    /** Keys and buttons that are down. */
    this.keys = new Set();
    this.buttons = new Set();
    this.wheel = { x: 0, y: 0 };
    this.isGamepadAtRest = true;
    this.latestBatch = 0;
    this.listeners = new AbortController();
    const { signal } = this.listeners;
    const listen = (target, type, handler) => target.addEventListener(type, handler, { signal, passive: false, capture: true });
    listen(this.stage, 'keydown', (event) => this.key(event, true));
    listen(this.stage, 'keyup', (event) => this.key(event, false));
    // What is in front of the picture, such as a button, keeps its events.
    const listenToPicture = (type, handler) => listen(this.stage, type, (event) => {
      if (!event.target.closest('button, a, input, select, label, dialog')) handler(event);
    });
    listenToPicture('pointerdown', (event) => this.pointerDown(event));
    listenToPicture('pointerup', (event) => this.pointerUp(event));
    listenToPicture('pointercancel', () => this.release());
    listenToPicture('pointermove', (event) => this.pointerMove(event));
    listenToPicture('wheel', (event) => this.turn(event));
    for (const type of ['contextmenu', 'auxclick', 'dragstart']) listenToPicture(type, (event) => event.preventDefault());
    this.stage.addEventListener('focus', () => this.onState('held'), { signal });
    this.stage.addEventListener('blur', () => this.pause(), { signal });
    window.addEventListener('blur', () => this.pause(), { signal });
    listen(window, 'pagehide', () => this.stop());
    this.previousTabIndex = this.stage.getAttribute('tabindex');
    this.stage.tabIndex = 0;
    this.stage.focus();
    // Frames stop while the page is hidden, and a timer is late then: the server waits long enough for it.
    this.heartbeat = setInterval(() => this.beat(), heartbeatInterval / 2);
    const frame = () => {
      if (this.lease !== lease) return;
      this.readGamepad();
      this.flush();
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    this.onState(this.state);
  }

  end(reason) {
    this.lease = null;
    this.listeners.abort();
    clearInterval(this.heartbeat);
    clearTimeout(this.escapeTimer);
    if (document.pointerLockElement === this.stage) document.exitPointerLock();
    if (this.previousTabIndex === null) this.stage.removeAttribute('tabindex');
    else this.stage.setAttribute('tabindex', this.previousTabIndex);
    this.onState('free', reason);
  }

  pause() {
    this.release();
    this.flush();
    this.onState(this.lease ? 'paused' : 'free');
  }

  /** Releases everything that is down. */
  release() {
    clearTimeout(this.escapeTimer);
    for (const code of this.keys) this.events.push({ type: 'key', code, isDown: false });
    for (const button of this.buttons) this.events.push({ type: 'button', button, isDown: false });
    this.keys.clear();
    this.buttons.clear();
    if (!this.isGamepadAtRest) this.events.push({ type: 'gamepad', axes: [], buttons: [] });
    this.isGamepadAtRest = true;
  }

  // MARK: Keyboard

  key(event, isDown) {
    const { code } = event;
    // Without a code, the key comes from an input method or a virtual keyboard.
    if (event.target !== this.stage || event.isComposing || !knownKeys.test(code)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.repeat || isDown === this.keys.has(code)) return;
    if (isDown) this.keys.add(code);
    else this.keys.delete(code);
    this.events.push({ type: 'key', code, isDown });
    if (code === 'Escape') {
      clearTimeout(this.escapeTimer);
      if (isDown) this.escapeTimer = setTimeout(() => this.stop(), escapeDuration);
    }
    this.flush();
  }

  // MARK: Pointer

  /** Returns the place of an event in the picture, from 0 to 1. */
  place(event) {
    const box = this.stage.getBoundingClientRect();
    const { width, height } = this.pictureSize();
    // The picture is as large as it can be inside the stage.
    const scale = Math.min(box.width / width, box.height / height);
    const share = (position, start, extent, size) =>
      Math.min(1, Math.max(0, (position - start - (extent - size * scale) / 2) / (size * scale)));
    return { x: share(event.clientX, box.left, box.width, width), y: share(event.clientY, box.top, box.height, height) };
  }

  pointerDown(event) {
    event.preventDefault();
    event.stopPropagation();
    this.stage.focus({ preventScroll: true });
    if (this.locksPointer && document.pointerLockElement !== this.stage) {
      // The click that locks the pointer is none of the game.
      this.stage.requestPointerLock();
      return;
    }
    if (event.pointerType !== 'mouse') this.stage.setPointerCapture(event.pointerId);
    this.pointerMove(event);
    this.button(event.button, true);
  }

  pointerUp(event) {
    event.preventDefault();
    this.button(event.button, false);
  }

  button(button, isDown) {
    if (button < 0 || button > 4 || isDown === this.buttons.has(button)) return;
    if (isDown) this.buttons.add(button);
    else this.buttons.delete(button);
    this.events.push({ type: 'button', button, isDown });
    this.flush();
  }

  pointerMove(event) {
    // A button that changes while another one is down comes as a movement.
    if (event.type === 'pointermove' && event.button >= 0) this.button(event.button, (event.buttons & [1, 4, 2, 8, 16][event.button]) !== 0);
    if (this.state !== 'held') return;
    event.stopPropagation();
    const last = this.events.at(-1);
    if (document.pointerLockElement === this.stage) {
      const limited = (value) => Math.max(-maximumMovement, Math.min(maximumMovement, Math.round(value)));
      const joined = last?.type === 'moveBy' ? this.events.pop() : { x: 0, y: 0 };
      const [x, y] = [limited(joined.x + event.movementX), limited(joined.y + event.movementY)];
      if (x || y) this.events.push({ type: 'moveBy', x, y });
    } else if (event.isPrimary) {
      if (last?.type === 'move') this.events.pop();
      this.events.push({ type: 'move', ...this.place(event) });
    }
  }

  turn(event) {
    if (this.state !== 'held') return;
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? wheelStep : event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 3 : 1;
    this.wheel.x += event.deltaX / unit;
    this.wheel.y += event.deltaY / unit;
    const [x, y] = [Math.trunc(this.wheel.x), Math.trunc(this.wheel.y)];
    this.wheel.x -= x;
    this.wheel.y -= y;
    const limited = (steps) => Math.max(-20, Math.min(20, steps));
    if (x || y) this.events.push({ type: 'wheel', x: limited(x), y: limited(y) });
  }

  // MARK: Gamepad

  /** A stick that is not at rest moves the pointer, so its state is sent with each frame. */
  readGamepad() {
    if (this.state !== 'held') return;
    const gamepad = navigator.getGamepads?.().find((found) => found?.connected && found.mapping === 'standard');
    if (!gamepad) {
      if (!this.isGamepadAtRest) this.events.push({ type: 'gamepad', axes: [], buttons: [] });
      this.isGamepadAtRest = true;
      return;
    }
    const rounded = (value) => Math.round(value * 1000) / 1000;
    const axes = gamepad.axes.slice(0, 32).map((value) => (Math.abs(value) < deadZone ? 0 : Math.max(-1, Math.min(1, rounded(value)))));
    const buttons = gamepad.buttons.slice(0, 32).map(({ value }) => Math.max(0, Math.min(1, rounded(value))));
    const isAtRest = axes.every((value) => value === 0) && buttons.every((value) => value < deadZone);
    if (isAtRest && this.isGamepadAtRest) return;
    this.isGamepadAtRest = isAtRest;
    if (this.events.at(-1)?.type === 'gamepad') this.events.pop();
    this.events.push({ type: 'gamepad', axes, buttons });
  }

  // MARK: Sending

  beat() {
    if (performance.now() - this.latestBatch >= heartbeatInterval && this.inFlight === 0) this.send([]);
  }

  /** Sends what has happened. Batches act in the order of their numbers, in whatever order they arrive. */
  flush() {
    while (this.lease && this.events.length && this.inFlight < maximumInFlight) this.send(this.events.splice(0, maximumEvents));
  }

  async send(events) {
    const { lease } = this;
    const batch = { lease, number: this.number, events };
    this.number += 1;
    this.inFlight += 1;
    this.latestBatch = performance.now();
    try {
      for (let attempt = 0; ; attempt += 1) {
        try {
          await this.request('POST', `${this.path}/input`, batch);
          return;
        } catch (error) {
          // A batch that is lost or refused is sent again, because those after it wait for its number.
          if (error.status === 400) batch.events = [];
          const isLost = [0, 400, 429].includes(error.status);
          if (this.lease !== lease) return;
          if (!isLost || attempt === 5) { this.end(error.message); return; }
          await new Promise((resolve) => setTimeout(resolve, 50 << attempt));
        }
      }
    } finally {
      if (this.lease === lease) {
        this.inFlight -= 1;
        this.flush();
      }
    }
  }

  request(method, path, body) {
    return send(path, {
      method, keepalive: method === 'DELETE',
      ...(body ? { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) } : {}),
    });
  }
}

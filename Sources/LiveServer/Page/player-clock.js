/**
 * The server's clock, estimated from round trips as NTP does (RFC 5905): the server's time belongs to the middle of the
 * shortest round trip, which is wrong by half of that trip at most.
 */
export class ServerClock {
  constructor() {
    /** @type {{ offset: number, roundTrip: number, at: number }[]} */
    this.samples = [];
    this.timer = 0;
  }

  /** This page's clock in microseconds since 1970. */
  static get local() { return 1000 * (performance.timeOrigin + performance.now()); }

  get isKnown() { return this.samples.length > 0; }

  /** The server's clock in microseconds; this page's own until the first answer. */
  get now() { return ServerClock.local + this.offset; }

  get offset() {
    if (!this.isKnown) return 0;
    return this.samples.reduce((best, sample) => (sample.roundTrip < best.roundTrip ? sample : best)).offset;
  }

  /** Asks a few times, and then again every ten seconds, because clocks drift. */
  async start() {
    clearInterval(this.timer);
    this.timer = setInterval(() => this.ask().catch(() => {}), 10_000);
    for (let count = 0; count < 5; count++) await this.ask().catch(() => {});
  }

  stop() { clearInterval(this.timer); }

  async ask() {
    const begin = ServerClock.local;
    const response = await fetch('/api/clock', { credentials: 'same-origin', cache: 'no-store' });
    // The headers arrive with the answer; reading the body would add to the trip.
    const end = ServerClock.local;
    if (!response.ok) throw new Error(`the clock responded with status ${response.status}`);
    const { microseconds } = await response.json();
    this.samples = this.samples.filter((sample) => end - sample.at < 120e6).slice(-15);
    this.samples.push({ offset: microseconds - (begin + end) / 2, roundTrip: end - begin, at: end });
  }
}

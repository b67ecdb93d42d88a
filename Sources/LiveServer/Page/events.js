import { at } from './elements.js';
import { setMessage } from './notices.js';
import { state } from './state.js';

/** A short silence, such as that of a server that starts again, needs no message. */
const patience = 1500;

let events = null;
let timer;
let begin = () => {};

function heard() {
  clearTimeout(timer);
  timer = undefined;
  setMessage('server', null);
}

/** Says in the picture's place that the server does not answer, unless it does so soon. */
export function missServer() {
  timer ??= setTimeout(() => setMessage('server', {
    title: 'The server does not answer',
    text: 'It may have been stopped, or the network is down. Start stylize-live again; this page then goes on by itself.',
    actions: [{ label: 'Load the page again', run: () => location.reload() }],
  }), patience);
}

/** The server sends its states: all of them at first, then those that change. */
export function listen(again = begin) {
  begin = again;
  events?.close();
  events = null;
  if (document.hidden) return;
  const source = new EventSource('/api/events');
  events = source;
  const take = (name, action) => source.addEventListener(name, (event) => { heard(); action(JSON.parse(event.data)); });
  take('streams', ({ streams }) => state.setStreams(streams));
  take('styles', ({ styles }) => { state.styles = styles; state.changed('styles'); });
  take('training', (training) => { state.training = training; state.changed('training'); });
  source.addEventListener('open', heard);
  source.addEventListener('error', () => {
    missServer();
    // The browser connects again by itself, but not after a refusal.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => { if (events === source && !at('login').open) begin(); }, 2000);
  });
}

// A page that nobody sees needs no states, and browsers allow few connections to one server.
document.addEventListener('visibilitychange', () => { if (!at('login').open) listen(); });

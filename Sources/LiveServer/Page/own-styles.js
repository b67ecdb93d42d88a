import { at, setText } from './elements.js';
import { notify } from './notices.js';
import { ask, post } from './requests.js';
import { state, title } from './state.js';

let name = '';
let isSure = false;

/** Returns what a text becomes as the name of a style, which is also the name of its files. */
export const slug = (text) => text.normalize('NFKD').toLowerCase().replace(/[^a-z0-9_]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 40).replace(/-+$/, '');

/** Opens what can be done with a style that was trained on this server. */
export function manage(style) {
  name = style;
  isSure = false;
  setText(at('ownTitle'), title(style));
  at('ownName').value = style.replaceAll('-', ' ');
  setText(at('ownDelete'), 'Delete');
  setText(at('ownError'), '');
  at('ownDownload').href = `/api/styles/${encodeURIComponent(style)}/model`;
  at('ownDownload').download = `${style}.safetensors`;
  showName();
  at('own').showModal();
}

function showName() {
  const wanted = slug(at('ownName').value);
  const isTaken = wanted !== name && state.styles.some((style) => style.name === wanted);
  at('ownRename').disabled = !wanted || wanted === name || isTaken;
  setText(at('ownNameHint'), !wanted ? 'A name needs a letter or a digit.' : isTaken ? `There is a style named ${wanted} already.` : `Programs know it as ${wanted}.`);
}

async function attempt(action) {
  try {
    for (const stream of (await action()).streams) state.setStream(stream);
    at('own').close();
    // The card has another key; the focus goes to where the styles are.
    (at('gallery').querySelector('.style') ?? at('stage')).focus();
  } catch (error) { setText(at('ownError'), error.message); }
}

at('ownName').addEventListener('input', showName);
at('ownForm').addEventListener('submit', (event) => {
  // The Enter key renames.
  if (event.submitter?.value === 'close' && document.activeElement !== at('ownName')) return;
  event.preventDefault();
  if (!at('ownRename').disabled) at('ownRename').click();
});
at('ownRename').addEventListener('click', () => {
  const wanted = slug(at('ownName').value);
  attempt(async () => {
    const answer = await post(`/api/styles/${encodeURIComponent(name)}`, { name: wanted });
    notify(`The style is named ${wanted}.`);
    return answer;
  });
});
at('ownDelete').addEventListener('click', () => {
  const users = state.streams.filter(({ styles }) => styles.some((part) => part.name === name));
  if (!isSure) {
    isSure = true;
    setText(at('ownDelete'), 'Delete for ever');
    setText(at('ownError'), users.length ? 'It is painted at present. Without it, the picture fades to the rest of the mixture, or to the style that the server began with.' : 'Its files are removed from the server.');
    return;
  }
  attempt(async () => {
    const answer = await ask(`/api/styles/${encodeURIComponent(name)}`, { method: 'DELETE' });
    const [stream] = answer.streams;
    notify(stream ? `The style is deleted. The picture fades to ${stream.styles.map((part) => title(part.name)).join(' and ')}.` : 'The style is deleted.');
    return answer;
  });
});

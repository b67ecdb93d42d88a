/** The server refused a request, or could not be reached, which is status 0. */
export class Refusal extends Error {
  constructor(status, message, field) { super(message); this.status = status; this.field = field; }
}

let onUnauthorized = () => {};
/** Sets what to do when the server wants the token. */
export function whenUnauthorized(action) { onUnauthorized = action; }

/** Sends a request. Throws a `Refusal` that says why it failed. */
export async function send(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { credentials: 'same-origin', ...options });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Refusal(0, 'the server does not answer');
  }
  if (response.status === 401) onUnauthorized();
  if (!response.ok) {
    const body = await response.json().catch(() => null);
    const refusal = new Refusal(response.status, body?.error?.message ?? `the server responded with status ${response.status}`, body?.error?.field);
    throw Object.assign(refusal, { retryAfter: Number(response.headers.get('Retry-After')) || 0 });
  }
  return response;
}

/** Sends a request and returns the JSON of the response; null if it has no content. */
export async function ask(path, options = {}) {
  const response = await send(path, options);
  return response.status === 204 ? null : response.json();
}

/** Sends JSON and returns the JSON of the response. */
export const post = (path, values) => ask(path, {
  method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(values),
});

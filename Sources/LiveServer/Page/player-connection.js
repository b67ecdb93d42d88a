/** A player gives up a form that this browser cannot play and takes the next one. */
export class Unplayable extends Error {}

/** Opens a stream and returns a reader of its bytes, which ends with `signal`. */
export async function connect(url, signal) {
  const response = await fetch(url, { credentials: 'same-origin', cache: 'no-store', signal });
  if (!response.ok || !response.body) throw new Error('no frame is available yet');
  return response.body.getReader();
}

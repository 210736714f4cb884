// Talking with the server from a plain page. What is thrown says why: Refused carries the server's
// sentence for people; anything else means that nobody answered.
export class Refused extends Error {}

export async function ask(address, options) {
  const answer = await fetch(address, options)
  if (answer.status === 502 || answer.status === 504) throw new TypeError('away') // a proxy, and nobody behind it
  return answer
}

// An action of /v1; what goes with it is a form, or becomes JSON.
export async function call(method, address, body, more) {
  const form = body instanceof FormData
  const headers = body && !form ? { 'Content-Type': 'application/json' } : {}
  const answer = await ask(address, { method, headers, body: form || !body ? body : JSON.stringify(body), ...more })
  const told = await answer.json().catch(() => ({}))
  if (!answer.ok) throw new Refused(told.error?.message ?? answer.statusText)
  return told
}

export const elements = (html) => [...new DOMParser().parseFromString(html, 'text/html').body.children]

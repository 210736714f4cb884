// Words for people, pieces of HTML from the server, and actions by /v1.
const words = JSON.parse(document.querySelector('#words').dataset.words)
const trouble = document.querySelector('#trouble')
const toast = document.querySelector('#toast')
const LASTS = 15000

export const say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '')
export const counted = (key, n) => say(n === 1 && words[`${key}_one`] ? `${key}_one` : key, { n: n.toLocaleString() })
export const status = (text) => { document.querySelector('#status').textContent = text }

// The server is asked again by itself until it answers; whoever waits for it hears 'back'.
let waiting = 0
async function unreachable() {
  if (waiting) return
  trouble.textContent = say('offline')
  trouble.hidden = false
  waiting = setInterval(async () => {
    if (!(await fetch('healthz').catch(() => null))?.ok) return
    clearInterval(waiting)
    waiting = 0
    trouble.hidden = true
    tell(say('back'))
    document.dispatchEvent(new Event('back'))
  }, 2000)
}

async function asked(address, options) {
  try {
    return await fetch(address, options)
  } catch (error) {
    if (error.name !== 'AbortError') unreachable()
    throw error
  }
}

// The elements of a piece of HTML; null where there is none.
export async function piece(address, options) {
  const answer = await asked(address, options)
  if (answer.status === 401) location.assign('./')
  if (!answer.ok) return null
  return [...new DOMParser().parseFromString(await answer.text(), 'text/html').body.children]
}

// What /v1 answers; null, and said, where it refuses or can't be reached.
export async function act(method, address, body) {
  const json = { 'content-type': 'application/json' }
  const answer = await asked(address, body ? { method, body: JSON.stringify(body), headers: json } : { method }).catch(() => null)
  const said = await answer?.json().catch(() => null)
  if (answer?.ok) return said
  if (answer) tell(say('failed', { reason: said?.error?.message ?? '' }))
  return null
}

// One line at the bottom edge, with a way back where there is one.
let timer = 0
export let undo = null
export function tell(text, back = null) {
  clearTimeout(timer)
  undo = back
  toast.querySelector('span').textContent = text
  toast.querySelector('button').hidden = !back
  toast.classList.add('on')
  timer = setTimeout(fade, LASTS)
}
function fade() {
  if (toast.matches(':hover, :focus-within')) timer = setTimeout(fade, LASTS)
  else {
    toast.classList.remove('on')
    toast.querySelector('span').textContent = ''
    undo = null
  }
}
export function takeBack() {
  const back = undo
  undo = null
  if (back) back()
}

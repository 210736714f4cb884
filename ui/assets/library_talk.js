// Words for people, pieces of HTML from the server, and actions by /v1.
import { Refused, ask, call, elements } from './talk.js'
import { tell } from './toast.js'

const words = JSON.parse(document.querySelector('#words').dataset.words)
const trouble = document.querySelector('#trouble')

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

async function reached(answer) {
  try {
    return await answer
  } catch (error) {
    if (error.name !== 'AbortError' && !(error instanceof Refused)) unreachable()
    throw error
  }
}

// The elements of a piece of HTML; null where there is none.
export async function piece(address, options) {
  const answer = await reached(ask(address, options))
  if (answer.status === 401) location.assign('./')
  return answer.ok ? elements(await answer.text()) : null
}

// What /v1 answers; null, and said, where it refuses or can't be reached.
export async function act(method, address, body) {
  try {
    return await reached(call(method, address, body))
  } catch (error) {
    if (error instanceof Refused) tell(say('failed', { reason: error.message }))
    return null
  }
}

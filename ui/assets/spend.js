// The check's button without leaving the page, and how far it is while it runs.
const part = () => document.querySelector('#check')

async function draw(method) {
  try {
    const answer = await fetch('spend', { method })
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('#check')
    if (fresh) part().replaceChildren(...fresh.children)
    if (fresh) part().dataset.running = fresh.dataset.running
  } catch (error) {
    part().dataset.running = 'true' // the server may be back in a moment
  }
  if (part().dataset.running === 'true') setTimeout(draw, 1000, 'GET')
  else part().querySelector('button').focus({ preventScroll: true })
}

if (part()) {
  part().addEventListener('submit', (event) => {
    event.preventDefault()
    part().querySelector('button').disabled = true
    draw('POST')
  })
  if (part().dataset.running === 'true') setTimeout(draw, 1000, 'GET')
}

const erase = document.querySelector('#erase')
erase.addEventListener('click', async () => {
  erase.disabled = true
  const said = document.querySelector('#mine [role="status"]')
  try {
    const answer = await fetch('v1/me?confirm=everything', { method: 'DELETE' })
    if (answer.ok) return location.reload()
    said.textContent = (await answer.json()).error.message
  } catch (error) {
    said.textContent = said.dataset.silent
  }
  erase.disabled = false
})

// API keys: made and revoked without leaving the page; the list is drawn by the server.
const keys = document.querySelector('#keys')
if (keys) {
  const [word, said] = [keys.querySelector('#key-word'), keys.querySelector('[role="status"]')]
  const form = keys.querySelector('form')
  const show = (value) => {
    word.value = value
    keys.querySelector('.word').hidden = !value
  }

  async function ask(button, method, place, fields) {
    button.disabled = true
    said.textContent = ''
    try {
      const headers = { 'Content-Type': 'application/json' }
      const answer = await fetch(place, { method, headers, body: fields && JSON.stringify(fields) })
      const body = await answer.json()
      if (!answer.ok) said.textContent = body.error.message
      else return body
    } catch (error) {
      said.textContent = said.dataset.silent
    } finally {
      button.disabled = false
    }
  }

  async function list() {
    const answer = await fetch('spend').catch(() => null)
    if (!answer?.ok) return
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html')
    keys.querySelector('.list').replaceChildren(...fresh.querySelector('#keys .list').children)
  }

  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const fields = Object.fromEntries(new FormData(form))
    const made = await ask(form.querySelector('button'), 'POST', 'v1/tokens', fields)
    if (!made) return
    form.reset()
    show(made.token)
    said.textContent = said.dataset.made
    word.focus()
    word.select()
    await list()
  })
  keys.addEventListener('click', async ({ target }) => {
    if (target.closest('[data-copy]')) {
      word.select()
      const copied = await navigator.clipboard?.writeText(word.value).then(() => true, () => false)
      said.textContent = copied ? said.dataset.copied : said.dataset.marked
    }
    const button = target.closest('[data-revoke]')
    if (!button || !(await ask(button, 'DELETE', `v1/tokens/${button.dataset.revoke}`))) return
    show('')
    said.textContent = said.dataset.gone
    await list()
    form.querySelector('input').focus({ preventScroll: true })
  })
}

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

// A link to one video, made when it is asked for, copied and taken back.
const sharing = element.querySelector('dialog.share')
const link = sharing.querySelector('input')
const told = sharing.querySelector('[role=status]')

async function ask(method) {
  const answer = await fetch(`v1/videos/${sharing.dataset.id}/share`, { method })
  const body = await answer.json()
  return answer.ok ? body : { sentence: body.error.message }
}

document.addEventListener('click', async ({ target }) => {
  const button = target.closest?.('button[data-share]')
  if (!button) return
  sharing.dataset.id = button.dataset.id
  const { url, sentence } = await ask('POST')
  link.value = url || ''
  told.textContent = sentence || ''
  sharing.showModal()
  link.select()
})
sharing.addEventListener('click', async ({ target }) => {
  if (target.closest('[data-copy]')) {
    link.select()
    await navigator.clipboard?.writeText(link.value)
    told.textContent = told.dataset.copied
  }
  if (target.closest('[data-unshare]')) {
    const { sentence } = await ask('DELETE')
    link.value = ''
    told.textContent = sentence || told.dataset.gone
  }
})

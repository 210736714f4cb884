// Dialogs with an address of their own: one video, or several side by side. Back closes them.
import { compare } from './library_compare.js'
import { cardOf, recount, refresh } from './library_grid.js'
import { act, piece, say } from './library_talk.js'
import { tell } from './toast.js'

const boxes = { video: document.querySelector('#details'), compare: document.querySelector('#compare') }
const pieces = { video: (id) => `library/details?video=${id}`, compare: (ids) => `library/compare?ids=${ids}` }
let gone = () => {}
export const whenDeleting = (handler) => { gone = handler }

const local = { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' }
export function fill(box, nodes) {
  box.stopped?.()
  box.querySelector('.inside').replaceChildren(...(nodes ?? []))
  for (const time of box.querySelectorAll('time')) time.textContent = new Date(time.dateTime).toLocaleString([], local)
  box.stopped = box === boxes.compare ? compare(box) : () => box.querySelector('video')?.pause()
  if (!box.open) box.showModal()
  box.scrollTop = 0
}

// The address says what is open.
export async function follow() {
  const query = new URLSearchParams(location.search)
  for (const [name, box] of Object.entries(boxes)) {
    const wanted = query.get(name)
    if (!wanted) {
      box.stopped?.()
      box.querySelector('.inside').replaceChildren()
      box.close()
    } else {
      const nodes = await piece(pieces[name](encodeURIComponent(wanted))).catch(() => null)
      if (nodes && new URLSearchParams(location.search).get(name) === wanted) fill(box, nodes)
    }
  }
}
export function open(name, value) {
  const query = new URLSearchParams(location.search)
  for (const each of Object.keys(boxes)) query.delete(each)
  query.set(name, value)
  history.pushState({ ours: true }, '', `library?${query}`)
  return follow()
}
function leave() {
  if (history.state?.ours) return history.back()
  const query = new URLSearchParams(location.search)
  for (const each of Object.keys(boxes)) query.delete(each)
  history.replaceState(null, '', query.size ? `library?${query}` : 'library')
  return follow()
}
addEventListener('popstate', follow)
for (const box of Object.values(boxes)) {
  box.addEventListener('cancel', (event) => {
    event.preventDefault()
    leave()
  })
  box.addEventListener('click', (event) => {
    if (event.target === box || event.target.closest('[data-act=close]')) leave()
  })
}
document.addEventListener('click', (event) => {
  const link = event.target.closest('#details .kin a, #grid .card a, #compare .choice a[href^=library]')
  if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.button) return
  event.preventDefault()
  open('video', new URL(link.href).searchParams.get('video'))
})

// What can be done in the details
const actions = {
  async copy(id, button, article) {
    await navigator.clipboard.writeText(article.querySelector('#prompt-text').textContent)
    tell(say('copied'))
  },
  async 'star-one'(id, button) {
    const starred = button.dataset.starred !== 'true'
    if (!(await act('PATCH', `v1/videos/${id}`, { starred }))) return
    button.dataset.starred = String(starred)
    button.textContent = say(starred ? 'unstar' : 'star')
    cardOf(id)?.classList.toggle('starred', starred)
    tell(say(starred ? 'starred' : 'unstarred'))
  },
  async share(id, button, article) {
    const link = await act('POST', `v1/videos/${id}/share`)
    if (!link) return
    article.querySelector('.link').hidden = false
    article.querySelector('.link input').value = link.url
    article.querySelector('.link input').select()
  },
  async 'copy-link'(id, button, article) {
    await navigator.clipboard.writeText(article.querySelector('.link input').value)
    tell(say('copied'))
  },
  async unshare(id, button, article) {
    if (!(await act('DELETE', `v1/videos/${id}/share`))) return
    article.querySelector('.link').hidden = true
    article.querySelector('[data-act=share]').focus()
    tell(say('unshared'))
  },
  async 'delete-one'(id) {
    leave()
    await gone([id])
  },
  async restore(id) {
    if (!(await act('POST', `v1/videos/${id}/restore`))) return
    tell(say('restored'))
    await follow()
    await refresh()
  },
  async fetch(id, button) {
    button.disabled = true
    tell(say('fetching'))
    const nodes = await piece(`library/fetch?video=${id}`, { method: 'POST' }).catch(() => null)
    if (nodes) fill(boxes.video, nodes)
  },
}
boxes.video.addEventListener('click', (event) => {
  const button = event.target.closest('[data-act]')
  const article = boxes.video.querySelector('article')
  actions[button?.dataset.act]?.(article.dataset.id, button, article)
})
boxes.video.addEventListener('submit', async (event) => {
  if (!event.target.matches('.label')) return
  event.preventDefault()
  const { id } = boxes.video.querySelector('article').dataset
  const { name, tags } = Object.fromEntries(new FormData(event.target))
  const list = tags.split(',').map((tag) => tag.trim()).filter(Boolean)
  const saved = await act('PATCH', `v1/videos/${id}`, { name, tags: list })
  if (!saved) return
  const title = saved.name || saved.prompt
  const heading = boxes.video.querySelector('h2')
  heading.textContent = title
  heading.className = saved.name || !saved.prompt ? '' : 'unseen'
  const caption = cardOf(id)?.querySelector('.caption')
  if (caption) caption.textContent = title
  recount()
  tell(say('saved'))
})

// A JSON file that was kept shows its video, or what it says of one that is not here.
export async function load(file) {
  const nodes = await piece('library/details', { method: 'POST', body: file.slice(0, 2 ** 20 + 1) }).catch(() => null)
  if (!nodes?.length) return tell(say('bad_file'))
  if (cardOf(nodes[0].dataset.id)) return open('video', nodes[0].dataset.id)
  return fill(boxes.video, nodes)
}

// The order of the scenes, by buttons and by hand.
import { $, api, film, say } from './film_base.js'
import { act } from './film_drawn.js'

export async function move(scene, to) {
  const list = [...$('#scenes').children]
  const from = list.indexOf(scene)
  if (to < 0 || to >= list.length || to === from) return
  if (await act('PATCH', `${api}/scenes/${scene.id}`, { position: to }))
    say(film.dataset.moved.replace('{n}', from + 1).replace('{place}', to + 1))
}

export function dragging(list) {
  let held = null
  list.addEventListener('dragstart', (event) => {
    held = event.target.closest('.grip') && event.target.closest('[data-scene]')
    if (!held) return
    event.dataTransfer.effectAllowed = 'move'
    event.dataTransfer.setData('text/plain', '')
    event.dataTransfer.setDragImage(held, 16, 16)
    held.classList.add('held')
  })
  list.addEventListener('dragover', (event) => {
    if (!held) return
    event.preventDefault()
    const over = event.target.closest('[data-scene]')
    for (const one of list.children) one.classList.toggle('over', one === over && one !== held)
  })
  list.addEventListener('drop', (event) => {
    event.preventDefault()
    const over = event.target.closest('[data-scene]')
    if (held && over) move(held, [...list.children].indexOf(over))
  })
  list.addEventListener('dragend', () => {
    for (const one of list.children) one.classList.remove('held', 'over')
    held = null
  })
}

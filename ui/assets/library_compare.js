// Several videos with one play button and one time line: the longest leads, the others are held to it.
import { say } from './library_talk.js'

const FAR = 0.25 // seconds: this far off a video jumps, a little off it runs a little faster or slower

export function compare(box) {
  const videos = [...box.querySelectorAll('video')]
  const [button, line, clock] = ['[data-act=play]', 'input[type=range]', 'output'].map((one) => box.querySelector(one))
  if (!videos.length) return () => {}
  const length = (video) => video.duration || Number(video.dataset.seconds) || 0
  const lead = videos.reduce((a, b) => (length(b) > length(a) ? b : a))
  let playing = false
  line.max = length(lead)

  function show() {
    const at = lead.currentTime
    line.value = at
    clock.textContent = `${at.toFixed(1)} / ${length(lead).toFixed(1)}`
    button.textContent = say(playing ? 'pause' : 'play')
  }
  function hold(video) {
    const off = video.currentTime - lead.currentTime
    if (lead.currentTime >= length(video) - 0.05) return
    if (video.paused) video.play().catch(() => {})
    if (Math.abs(off) > FAR) video.currentTime = lead.currentTime
    video.playbackRate = Math.abs(off) > 0.02 && Math.abs(off) <= FAR ? 1 - off * 0.6 : 1
  }
  function step() {
    if (!playing) return
    for (const video of videos) if (video !== lead) hold(video)
    if (lead.ended) halt()
    show()
    requestAnimationFrame(step)
  }
  function halt() {
    playing = false
    videos.forEach((video) => video.pause())
    show()
  }
  function seek(at) {
    for (const video of videos) video.currentTime = Math.min(at, length(video))
    show()
  }
  const ready = (video) => video.readyState > 2 || new Promise((go) => {
    for (const event of ['canplay', 'error']) video.addEventListener(event, go, { once: true })
    if (!video.readyState) video.load()
  })
  async function play() {
    const at = lead.ended || lead.currentTime >= length(lead) - 0.05 ? 0 : lead.currentTime
    videos.forEach((video) => { video.preload = 'auto' })
    await Promise.all(videos.map(ready))
    seek(at)
    await Promise.all(videos.map((video) => video.play().catch(() => {})))
    playing = true
    step()
  }
  button.onclick = () => (playing ? halt() : play())
  line.oninput = () => seek(Number(line.value))
  box.querySelectorAll('[name=sound]').forEach((choice, at) => {
    choice.onchange = () => videos.forEach((video, n) => { video.muted = n !== at })
  })
  show()
  return halt
}

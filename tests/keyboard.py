"""A page by keyboard alone: what Tab reaches, in which order, and that one sees where one is."""

from __future__ import annotations

from playwright.sync_api import Page

FOCUS = """() => {
  const node = document.activeElement
  if (!node || node === document.body) return null
  const amiss = []
  const ring = (one) => {
    const style = one && getComputedStyle(one)
    return style && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0
  }
  const around = [node, node.nextElementSibling, node.parentElement, node.closest('.slot, label')]
  const own = node.matches('video') // the ring is around one of its buttons
  if (!own && !around.some(ring)) amiss.push('no ring ' + node.outerHTML.slice(0, 120))
  const box = (node.matches('input') && node.closest('label') || node).getBoundingClientRect()
  if (box.bottom < 0 || box.top > innerHeight) amiss.push('out of sight')
  const words = node.ariaLabel || node.labels?.[0]?.textContent || node.textContent
  const name = (words || node.title || node.getAttribute('placeholder') || '').trim()
  if (!name) amiss.push('no name ' + node.outerHTML.slice(0, 120))
  return { name: name.slice(0, 60), amiss }
}"""


def walk(page: Page) -> list[str]:
    """Tab from the top to the end and back out: everything that has the focus shows it."""
    page.evaluate("() => { document.body.tabIndex = -1; document.body.focus() }")
    names, amiss = [], []
    for _ in range(90):
        page.keyboard.press("Tab")
        seen = page.evaluate(FOCUS)
        if seen is None:
            break
        names.append(seen["name"])
        amiss += [f"{seen['name']}: {each}" for each in seen["amiss"]]
    assert not amiss, "\n".join(amiss)
    assert len(names) < 90, f"a trap at {names[-3:]}"
    return names


def in_order(names: list[str], *wanted: str) -> None:
    """Those wanted are among what was walked, one after the other."""
    at = 0
    for word in wanted:
        found = [n for n, name in enumerate(names) if word in name and n >= at]
        assert found, f"{word} is not reached after {names[:at]}, but {names[at:]}"
        at = found[0]

#!/usr/bin/env python3
"""operate.py URL FOLDER AXE FILM PID: uses the page of stylize-live in headless Chromium as people do.

The first stream must have sound, and there must be a stream for the pictures of pages. Ends the process PID, which is the
server. Prints its observations as one JSON object and saves screenshots to FOLDER.
"""

import base64
import json
import os
import signal
import sys
import time

from browser import Page
from watch import open_page

SIZES = [(1280, 800), (1920, 1080), (390, 844), (320, 568)]
# Whether an element is in the window.
IN_VIEW = """(() => {
  const box = document.querySelector(%s)?.getBoundingClientRect();
  return Boolean(box && box.width && box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight + 1 && box.right <= innerWidth);
})()"""
FOCUS = "document.activeElement.id || document.activeElement.className"


def layout(page, seen):
    """Pictures and controls are in view together, and nothing is wider than the window."""
    seen["hidden"], seen["wide"] = [], []
    for width, height in SIZES:
        page.resize(width, height)
        time.sleep(0.3)
        # On narrow windows, one of two panels shows.
        for panel, elements in [("#stylesTab", ["#stage", "#splitButton", "#paintingButton", ".style"]), ("#adjustTab", ["#stage", "#recordButton", "#strength", "#strokes"])]:
            page.click(panel)
            for name in elements:
                if not page.evaluate(IN_VIEW % json.dumps(name)):
                    seen["hidden"].append(f"{name} at {width}x{height}")
        page.click("#stylesTab")
    for width in list(range(320, 1921, 80)) + [390, 599, 600, 959, 961]:
        page.resize(width, 700)
        for panel in ["#stylesTab", "#adjustTab"]:
            page.click(panel)
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                seen["wide"].append(width)
    page.click("#stylesTab")


def accessibility(page, seen, axe):
    seen["axe"] = {}
    states = {
        "main": ("0", "0"), "compare": ("document.getElementById('splitButton').click()",) * 2,
        "sources": ("document.getElementById('sourceButton').click()", "document.getElementById('sources').close()"),
        "share": ("document.getElementById('shareButton').click()", "document.getElementById('share').close()"),
        "help": ("document.getElementById('helpButton').click()", "document.getElementById('help').close()"),
        "mixture": ("document.querySelector('.style[data-style=second]').closest('li').querySelector('.mix').click()",
                    "document.querySelector('.style[data-style=first]').click()"),
    }  # fmt: skip
    for name, (begin, end) in states.items():
        for width, is_dark in [(1280, False), (1280, True), (320, False), (320, True)]:
            page.resize(width, 800, is_dark)
            page.evaluate(begin)
            time.sleep(0.4)
            seen["axe"][f"{name} {width} {'dark' if is_dark else 'light'}"] = page.faults(axe)
            page.evaluate(end)
    # The script finds what is wrong.
    page.evaluate("document.querySelector('main').append(Object.assign(document.createElement('img'), { id: 'wrong', src: 'data:,' }))")
    seen["axeWrong"] = page.faults(axe)
    page.evaluate("document.getElementById('wrong').remove()")


def keyboard(page, seen):
    page.resize(390, 700)
    page.evaluate("document.querySelector('.style[data-style=second]').focus({ preventScroll: true }); scrollTo(0, 0)")
    strength = page.evaluate("page.stream.strength")
    page.arrow("Down")
    seen["scrolled"] = page.wait("scrollY > 0", "scrolling") and page.evaluate("page.stream.strength") == strength
    time.sleep(1)
    page.evaluate("scrollTo(0, 0); document.getElementById('stage').focus({ preventScroll: true })")
    page.arrow("Down")
    page.wait(f"page.stream.strength < {strength}", "less strength")
    time.sleep(0.5)
    seen["strengthByKey"] = page.evaluate("page.stream.strength")
    seen["scrolledOnPicture"] = page.evaluate("scrollY")
    page.arrow("Up")
    page.wait(f"page.stream.strength === {strength}", "the strength")

    page.resize(1280, 800)
    page.key("s", "KeyS")
    page.wait("document.getElementById('split').width > 0 && !document.getElementById('comparison').hidden", "the divider")
    divider = "Number(document.getElementById('divider').getAttribute('aria-valuenow'))"
    seen["divider"] = [page.evaluate(divider)]
    page.evaluate("document.getElementById('stage').focus()")
    page.arrow("Left")
    seen["divider"].append(page.evaluate(divider))
    page.evaluate("document.getElementById('divider').focus()")
    page.arrow("Right")
    page.arrow("Right")
    seen["divider"].append(page.evaluate(divider))
    for key, virtual in [("Home", 36), ("End", 35)]:
        page.key(key, key, virtual)
        seen["divider"].append(page.evaluate(divider))
    x, y, width, height = page.evaluate("(({ x, y, width, height }) => [x, y, width, height])(document.getElementById('stage').getBoundingClientRect())")
    page.mouse("mousePressed", x + 0.9 * width, y + 0.3 * height)
    page.mouse("mouseMoved", x + 0.25 * width, y + 0.3 * height)
    page.mouse("mouseReleased", x + 0.25 * width, y + 0.3 * height)
    seen["divider"].append(page.evaluate(divider))
    page.screenshot("divider.png")
    page.key("s", "KeyS")


def pausing(page, seen):
    """A paused page keeps its picture and takes nothing from the server."""
    picture = """(() => { const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 36 });
      canvas.getContext('2d').drawImage(document.querySelector('#stage > :is(canvas, video, img):not(#split, #ownFilm)'), 0, 0, 64, 36);
      return canvas.toDataURL(); })()"""
    page.key("p", "KeyP")
    page.wait("page.stream.viewers === 0 && !document.getElementById('pausedLabel').hidden", "the pause")
    paused = page.evaluate(picture)
    time.sleep(1)
    seen["staysPaused"] = page.evaluate(picture) == paused and page.evaluate("document.getElementById('numbers').textContent") == ""
    page.click("#pauseButton")
    page.wait("page.stream.viewers === 1 && document.getElementById('pausedLabel').hidden", "the end of the pause")
    page.wait("/fps/.test(document.getElementById('numbers').textContent)", "numbers after the pause")
    seen["movesAfterPause"] = page.evaluate(picture) != paused


def styles(page, seen):
    # The focus stays where it is while the states of the server come.
    page.evaluate("document.querySelector('.style[data-style=second]').focus()")
    page.evaluate("window.focused = document.activeElement")
    page.evaluate("change({ strength: 0.8 })")
    page.evaluate("change({ strength: 1 })")
    page.evaluate("change({ styles: [{ name: 'second', share: 1 }] })")
    time.sleep(2)
    seen["keepsFocus"] = page.evaluate("document.activeElement === window.focused")
    page.click(".style[data-style=first]")
    page.wait("page.stream.styles[0].name === 'first'", "the first style")
    seen["mixLabel"] = page.evaluate("document.querySelector('.style[data-style=second]').closest('li').querySelector('.mix').getAttribute('aria-label')")
    page.evaluate("document.querySelector('.style[data-style=second]').closest('li').querySelector('.mix').click()")
    page.wait("page.stream.styles.length === 2", "a mixture")
    seen["mixture"] = page.evaluate("document.getElementById('mixText').textContent")
    slider = "document.querySelector('#mixture li:nth-child(2) input')"
    page.evaluate(f"{slider}.focus(); {slider}.value = 0.3; {slider}.dispatchEvent(new Event('input'))")
    page.wait("/70 % First with 30 % Second/.test(document.getElementById('mixText').textContent)", "shares")
    seen["keepsSlider"] = page.evaluate(f"document.activeElement === {slider}")
    # The row with the focus goes: its neighbour or a control gets the focus.
    page.evaluate("(() => { const button = document.querySelector('#mixture li:nth-child(2) button'); button.focus(); button.click(); })()")
    page.wait("page.stream.styles.length === 1", "one style")
    seen["focusAfterRemoval"] = page.evaluate(FOCUS)
    # Live regions say nothing while nothing happens but pictures and numbers.
    page.evaluate("""window.spoken = []; for (const region of document.querySelectorAll('[role=status], [role=alert], [aria-live]'))
      new MutationObserver(() => spoken.push(region.id)).observe(region, { childList: true, characterData: true, subtree: true })""")
    before = page.evaluate("document.getElementById('numbers').textContent")
    page.wait(f"document.getElementById('numbers').textContent !== {json.dumps(before)}", "other numbers")
    time.sleep(3)
    seen["spoken"] = page.evaluate("spoken")
    page.evaluate("change({ styles: [{ name: 'none', share: 1 }] })")
    seen["error"] = page.evaluate("document.getElementById('notice').hidden ? '' : document.getElementById('noticeText').textContent")
    page.click("#noticeClose")
    # Previews of the live picture come when the machine has time for them.
    seen["preview"] = page.wait("document.querySelector('.style img.result')?.src.startsWith('blob:') && document.querySelector('.style img.result').naturalWidth", "a preview")


def links(page, seen, url):
    page.click("#shareButton")
    seen["link"] = page.evaluate("document.getElementById('linkText').value").split("#")[1]
    page.evaluate("document.getElementById('share').close()")
    # Nobody else watches: the look is applied, and can be undone.
    page.wait("page.stream.viewers === 1", "the end of the other view")
    page.evaluate("location.hash = 'style=second&strength=0.5&fade=0'")
    page.wait("page.stream.styles[0].name === 'second' && page.stream.strength === 0.5", "the look")
    page.wait("!document.getElementById('notice').hidden", "a notice")
    page.evaluate("document.querySelector('#noticeActions button').click()")
    page.wait("page.stream.styles[0].name === 'first' && page.stream.strength === 1", "the look before")
    # Somebody else watches: the visitor is asked.
    page.evaluate("window.other = new AbortController(); fetch('/api/streams/1/video.mjpeg', { signal: other.signal }).then(({ body }) => { window.reader = body.getReader(); })")
    page.wait("page.stream.viewers === 2", "two viewers")
    page.evaluate("location.hash = 'style=second&strength=0.6&fade=0'")
    seen["question"] = page.wait("/Apply for all/.test(document.getElementById('notice').textContent) && document.getElementById('noticeText').textContent", "a question")
    seen["styleWhileAsked"] = page.evaluate("page.stream.styles[0].name")
    page.evaluate("document.querySelectorAll('#noticeActions button')[1].click()")
    page.evaluate("other.abort(); reader.cancel().catch(() => {})")


def recording(page, seen):
    # Files that would be saved are kept instead.
    page.evaluate("window.saved = []; const create = URL.createObjectURL; URL.createObjectURL = (blob) => { saved.push(blob); return create.call(URL, blob); }; HTMLAnchorElement.prototype.click = () => {}")
    page.click("#saveButton")
    page.wait("saved.some(({ type }) => type === 'image/png')", "a saved picture")
    seen["saved"] = page.evaluate("createImageBitmap(saved.find(({ type }) => type === 'image/png')).then(({ width, height }) => [width, height])")
    page.evaluate("saved.length = 0")
    page.click("#recordButton")
    page.wait("/0:0[3-9]/.test(document.getElementById('recordingTime').textContent)", "three seconds")
    # The view may change meanwhile.
    page.click("#splitButton")
    time.sleep(2)
    page.click("#splitButton")
    page.click("#recordButton")
    page.wait("saved.some(({ type }) => type?.startsWith('video/'))", "a saved film")
    film = page.evaluate("""saved.find(({ type }) => type?.startsWith('video/')).arrayBuffer().then((bytes) => {
      let text = ''; for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte); return btoa(text); })""")
    with open(os.path.join(page.folder, "recording"), "wb") as file:
        file.write(base64.b64decode(film))


def own_film(page, seen, film):
    page.drop(film, "mine.mp4", "video/mp4")
    seen["consent"] = page.wait("!document.getElementById('message').hidden && document.getElementById('messageText').textContent", "a question")
    time.sleep(1)
    frames = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/frames')).length + (page.camera.condition === 'running' ? 1 : 0)"
    seen["sentBefore"] = page.evaluate(frames)
    page.evaluate("document.querySelector('#messageActions .primary').click()")
    page.wait("page.stream.isCamera && page.stream.condition === 'running'", "the painted film")
    page.wait("/fps/.test(document.getElementById('numbers').textContent)", "numbers of the film")
    page.screenshot("film.png")
    page.click("#sourceButton")
    page.click("#fileButton")
    page.evaluate("document.getElementById('sources').close()")
    page.wait("document.getElementById('messageTitle').textContent === 'The camera is off'", "the end of the film")


def main():
    url, folder, axe, film, pid = sys.argv[1:]
    page = Page(folder)
    seen = {}
    try:
        page.resize(1280, 800)
        open_page(page, url)
        page.wait("/fps/.test(document.getElementById('numbers').textContent)", "numbers")
        layout(page, seen)
        page.resize(1280, 800)
        styles(page, seen)
        keyboard(page, seen)
        pausing(page, seen)
        links(page, seen, url)
        recording(page, seen)
        accessibility(page, seen, axe)
        page.resize(1280, 800)
        own_film(page, seen, film)
        # Without what training needs, a painting that is dropped says so in the picture's place.
        page.drop(os.path.join(folder, "painting.png"), "sea.png", "image/png")
        seen["obstacle"] = page.wait("/cannot be trained/.test(document.getElementById('messageTitle').textContent) && document.getElementById('messageText').textContent", "why not")
        seen["axe"]["message"] = page.faults(axe)
        page.evaluate("document.querySelector('#messageActions button').click()")
        errors = list(page.errors)
        os.kill(int(pid), signal.SIGINT)
        seen["gone"] = page.wait("/does not answer/.test(document.getElementById('messageTitle').textContent) && document.getElementById('messageText').textContent", "the end of the server")
        page.screenshot("gone.png")
    except (TimeoutError, RuntimeError) as error:
        page.screenshot("failure.png")
        print(f"operate.py: {error}; the page: {page.evaluate('document.body.innerText')[:900]}; {page.errors}; {seen}", file=sys.stderr)
        sys.exit(1)
    finally:
        page.close()
    # The error that the page was made to show.
    seen["errors"] = [error for error in errors if "status of 404" not in error or "/api/streams/1" not in error]
    print(json.dumps(seen))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""watch.py URL FOLDER: plays and controls streams on the page of stylize-live in headless Chromium.

Prints its observations as one JSON object and saves screenshots to FOLDER.
"""

import json
import sys
import time

from browser import Page  # also for the programs in Benchmarks

VIDEO = "document.querySelector('#stage > video:not(#ownFilm)')"
FRAMES = f"{VIDEO}.getVideoPlaybackQuality().totalVideoFrames"
# The mean red, green and blue of an element.
MEAN = """(() => {
  const element = %s;
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 64;
  const pen = canvas.getContext('2d');
  pen.drawImage(element, 0, 0, 64, 64);
  const data = pen.getImageData(0, %d, 64, 32).data;
  const sum = [0, 0, 0];
  for (let i = 0; i < data.length; i += 4) for (let c = 0; c < 3; c++) sum[c] += data[i + c];
  return sum.map((value) => value / (data.length / 4));
})()"""


def observe(page, url):
    seen = {}
    open_page(page, url + "?form=mp4")
    page.wait(f"{FRAMES} > 10", "frames of the video")
    seen["framesBefore"] = page.evaluate(FRAMES)
    seen["timeBefore"] = page.evaluate(f"{VIDEO}.currentTime")
    page.wait(f"{FRAMES} > {seen['framesBefore'] + 10}", "more frames")
    seen["framesAfter"] = page.evaluate(FRAMES)
    seen["timeAfter"] = page.evaluate(f"{VIDEO}.currentTime")
    seen["size"] = page.evaluate(f"[{VIDEO}.videoWidth, {VIDEO}.videoHeight]")
    seen["styles"] = page.evaluate("[...document.querySelectorAll('.style')].map((button) => button.dataset.style)")
    page.wait("/fps/.test(document.getElementById('numbers').textContent)", "numbers")
    seen["numbers"] = page.evaluate("document.getElementById('numbers').textContent")
    seen["first"] = page.evaluate(MEAN % (VIDEO, 0))
    page.screenshot("first.png")

    # Turn sound on with the button, and off with the key.
    page.wait("!document.getElementById('soundButton').hidden", "the sound button")
    seen["isMutedAtFirst"] = page.evaluate(f"{VIDEO}.muted")
    page.click("#soundButton")
    page.wait(f"!{VIDEO}.muted", "sound")
    sound = f"{VIDEO}.webkitAudioDecodedByteCount"
    seen["soundBefore"] = page.wait(sound, "decoded audio")
    count = page.evaluate(FRAMES)
    page.wait(f"{sound} > {seen['soundBefore'] + 1000} && {FRAMES} > {count + 10}", "more audio and video")
    seen["soundAfter"] = page.evaluate(sound)
    seen["framesWithSound"] = page.evaluate(FRAMES) - count
    page.key("m", "KeyM")
    page.wait(f"{VIDEO}.muted", "silence")

    page.click(".style[data-style=second]")
    page.wait("document.querySelector('.style[data-style=second]').getAttribute('aria-pressed') === 'true'", "the style")
    count = page.evaluate(FRAMES)
    # Wait for the fade and for frames that are already buffered.
    page.wait(f"!page.stream.isFading && {FRAMES} > {count + 30}", "frames in the other style")
    seen["second"] = page.evaluate(MEAN % (VIDEO, 0))
    page.screenshot("second.png")

    # A style with a canvas enables the choice of stroke size.
    seen["hasStrokesAtFirst"] = not page.evaluate("document.getElementById('strokes').disabled")
    page.click(".style[data-style=third]")
    page.wait("page.stream.strokeSize === 'medium' && !document.getElementById('strokes').disabled", "a choice of strokes")
    page.evaluate(
        "document.getElementById('strokes').value = 'large';"
        "document.getElementById('strokes').dispatchEvent(new Event('change'))")
    page.wait("page.stream.strokeSize === 'large' && /Painted at/.test(document.getElementById('details').textContent)", "large strokes")
    seen["details"] = page.evaluate("document.getElementById('size').textContent")
    # A line count set by another program adds an option, which disappears with the next choice.
    page.evaluate("change({ strokeSize: 200 })")
    page.wait("document.getElementById('strokes').value === '200'", "a number of lines")
    page.evaluate("change({ strokeSize: 'small' })")
    page.wait("document.getElementById('strokes').value === 'small'", "small strokes")
    seen["strokeChoices"] = page.evaluate("[...document.getElementById('strokes').options].map((option) => option.text)")
    page.screenshot("strokes.png")

    # With the keyboard: select the first style and compare with the original.
    page.key("1", "Digit1")
    page.wait("document.querySelector('.style').getAttribute('aria-pressed') === 'true' && !page.stream.isFading", "the key")
    page.key("s", "KeyS")
    page.wait(f"document.getElementById('split').width > 0 && {VIDEO}.videoHeight > 0", "a pair")
    page.wait(f"document.getElementById('split').height * 2 === {VIDEO}.videoHeight", "the pair")
    time.sleep(1)
    seen["original"] = page.evaluate(MEAN % (VIDEO, 0))
    seen["painted"] = page.evaluate(MEAN % (VIDEO, 32))
    page.screenshot("split.png")

    open_page(page, url + "?form=mjpeg")
    page.wait("document.querySelector('#stage > img').naturalWidth > 0", "an image of the fallback")
    seen["picture"] = page.evaluate(MEAN % ("document.querySelector('#stage > img')", 0))

    if page.evaluate("fetch('/api/streams').then((a) => a.json()).then((a) => a.streams.some((s) => s.isCamera))"):
        choose_camera(page, url)
        seen["absence"] = page.wait("!document.getElementById('message').hidden && document.getElementById('messageTitle').textContent", "a message")
        page.evaluate("document.querySelector('#messageActions .primary').click()")
        playing = f"page.stream.condition === 'running' && {FRAMES} > 10 && {VIDEO}.videoWidth === 640"
        page.wait(playing, "the painted camera")
        seen["camera"] = page.evaluate(MEAN % (VIDEO, 0))
        page.click("#sourceButton")
        seen["cameras"] = page.wait("document.getElementById('cameraList').options[0]?.text", "the names of cameras")
        seen["mirror"] = page.evaluate("document.getElementById('mirror').checked")
        page.click("#mirror")
        page.evaluate("document.getElementById('sources').close()")
        page.screenshot("camera.png")

        # The visitor keeps the camera when the page is loaded again.
        choose_camera(page, url)
        page.click("#sourceButton")
        page.click("#cameraButton")
        page.wait(playing, "the camera of the page that was loaded again")
        seen["notice"] = page.evaluate("document.getElementById('notice').hidden ? '' : document.getElementById('noticeText').textContent")

        page.click("#sourceButton")
        page.click("#cameraButton")
        page.evaluate("document.getElementById('sources').close()")
        page.wait("document.getElementById('messageTitle').textContent === 'The camera is off'", "a message that the camera is off")
    return seen


def open_page(page, url):
    page.open(url)
    page.wait("document.getElementById('gallery').children.length > 0", "the styles")
    page.evaluate("import('/page/state.js').then(({ state, change }) => { Object.assign(window, { page: state, change }); })")


def choose_camera(page, url):
    """Opens the page and chooses the stream for the pictures of pages."""
    open_page(page, url + "?form=mp4")
    page.evaluate("page.show('camera')")
    page.wait("page.stream.isCamera", "the stream of the camera")


def main():
    url, folder = sys.argv[1:]
    page = Page(folder)
    try:
        seen = observe(page, url)
    except TimeoutError as error:
        page.screenshot("failure.png")
        print(f"watch.py: {error}; the page: {page.evaluate('document.body.innerText')[:600]}; {page.errors}", file=sys.stderr)
        sys.exit(1)
    finally:
        page.close()
    seen["errors"] = page.errors
    print(json.dumps(seen))


if __name__ == "__main__":
    main()

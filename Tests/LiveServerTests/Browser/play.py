#!/usr/bin/env python3
"""play.py URL FOLDER: plays a stream of stylize-live with the page's Player in headless Chromium, in each form.

Prints its observations as one JSON object. The first stream must have sound, and there must be a browser's camera.
"""

import json
import sys

from browser import Page

START = """(async () => {
  const { Player } = await import('/page/player.js');
  document.body.replaceChildren();
  window.numbers = [];
  window.ends = [];
  window.frames = 0;
  window.player = new Player({ stage: document.body, onNumbers: (all) => numbers.push(all), onEnd: (error) => ends.push(error.message) });
  const count = () => { frames += 1; player.requestFrame(count); };
  player.requestFrame(count);
  player.play('1');
})()"""

# The mean red, green and blue of the upper half.
MEAN = """(() => {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 16;
  const pen = canvas.getContext('2d');
  pen.drawImage(player.surface, 0, 0, 16, 16);
  const { data } = pen.getImageData(0, 0, 16, 8);
  const sum = [0, 0, 0];
  for (let i = 0; i < data.length; i += 4) for (let c = 0; c < 3; c++) sum[c] += data[i + c] / (data.length / 4);
  return sum;
})()"""

CAMERA = """(async () => {
  const { Capture } = await import('/page/capture.js');
  const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480, frameRate: 30 } });
  window.sent = [];
  window.refusals = [];
  window.capture = new Capture({ streamID: 'camera', visitorID: 'test', track: stream.getVideoTracks()[0], mirror: true,
    onFrame: (frame) => sent.push(frame), onRefusal: (error) => refusals.push(error.message) });
  capture.start();
  player.play('camera');
})()"""

SOUND = "player.player.sound"


def play(page, url, query, prepare=""):
    page.open(f"{url}healthz{query}")
    page.wait("location.pathname === '/healthz' && document.readyState === 'complete'", "the document")
    page.evaluate(prepare + START)
    page.wait("numbers.length > 2 && frames > 20 && numbers.at(-1).fps > 1 && numbers.at(-1).delayMilliseconds > 0", f"numbers with '{query}'")
    return {
        "form": page.evaluate("numbers.at(-1).form"), "element": page.evaluate("player.surface.localName"),
        "size": page.evaluate("[player.width, player.height]"), "fps": page.evaluate("numbers.at(-1).fps"),
        "delay": page.evaluate("numbers.at(-1).delayMilliseconds"), "kilobits": page.evaluate("numbers.at(-1).kilobitsPerSecond"),
        "hasSound": page.evaluate("player.hasSound"), "muted": page.evaluate("player.muted"), "mean": page.evaluate(MEAN),
        "canCapture": page.evaluate("!!player.captureStream()?.getVideoTracks().length"), "ends": page.evaluate("ends"),
        "elements": page.evaluate("document.body.childElementCount"),
    }  # fmt: skip


def observe(page, url):
    seen = {"forms": []}
    seen["forms"].append(play(page, url, ""))
    # Sound is decoded and scheduled once it is asked for, in step with the pictures.
    page.evaluate("player.muted = false")
    page.wait(f"{SOUND}.isHeard && {SOUND}.playing.size > 0 && frames > 100", "sound")
    seen["soundError"] = max(abs(page.evaluate(f"{SOUND}.error")) for _ in range(20))
    seen["soundTrack"] = page.evaluate("player.captureStream().getAudioTracks().length")
    count = page.evaluate("frames")
    page.wait(f"frames > {count + 10}", "pictures with sound")
    page.evaluate("player.muted = true")
    seen["soundAfter"] = page.evaluate(f"{SOUND}.playing.size")
    page.evaluate("player.play('1', { view: 'pair' })")
    page.wait("player.height === 2 * 180", "the pair")
    seen["original"] = page.evaluate(MEAN)
    page.evaluate(CAMERA)
    page.wait("sent.length > 20 && player.width === 480 && player.height === 360", "the camera")
    seen["sent"] = page.evaluate("sent.at(-1)")
    page.evaluate("capture.stop()")
    seen["refusals"] = page.evaluate("refusals")

    seen["forms"].append(play(page, url, "?form=mp4"))
    seen["forms"].append(play(page, url, "?form=mjpeg"))
    # A browser without WebCodecs, or a page that is not secure, plays fragments.
    seen["forms"].append(play(page, url, "", "delete window.VideoDecoder;"))
    return seen


def main():
    url, folder = sys.argv[1:]
    page = Page(folder)
    try:
        seen = observe(page, url)
    except TimeoutError as error:
        state = page.evaluate("JSON.stringify({ numbers: window.numbers?.slice(-3), ends: window.ends, frames: window.frames, refusals: window.refusals })")
        print(f"play.py: {error}; {state}; {page.errors}", file=sys.stderr)
        sys.exit(1)
    finally:
        page.close()
    # The document that the player is in has no icon.
    seen["errors"] = [error for error in page.errors if not error.endswith("/favicon.ico")]
    print(json.dumps(seen))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""watch.py URL FOLDER: operates the page of stylize-live in headless Chromium.

Prints its observations as one JSON object and saves screenshots to FOLDER. Controls the browser through the DevTools
protocol and needs only Python's standard library.
"""

import base64
import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import time
import urllib.request

PATIENCE = 120


class Socket:
    """A minimal WebSocket client for DevTools (RFC 6455)."""

    def __init__(self, url):
        host, path = url.removeprefix("ws://").split("/", 1)
        name, port = host.split(":")
        self.stream = socket.create_connection((name, int(port)), timeout=PATIENCE)
        key = base64.b64encode(os.urandom(16)).decode()
        self.stream.sendall(
            f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += self.stream.recv(65536)
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        assert b" 101 " in head.split(b"\r\n")[0] + b" ", head

    def send(self, text):
        data = text.encode()
        mask = os.urandom(4)
        size = len(data)
        if size < 126:
            head = struct.pack("!BB", 0x81, 0x80 | size)
        elif size < 65536:
            head = struct.pack("!BBH", 0x81, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", 0x81, 0x80 | 127, size)
        self.stream.sendall(head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(data)))

    def take(self, count):
        while len(self.buffer) < count:
            part = self.stream.recv(65536)
            if not part:
                raise EOFError("the browser closed the connection")
            self.buffer += part
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def receive(self):
        text = b""
        while True:
            first, second = self.take(2)
            size = second & 127
            if size == 126:
                (size,) = struct.unpack("!H", self.take(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", self.take(8))
            text += self.take(size)
            if first & 0x80:
                return text.decode()


class Page:
    """A browser tab. Starts the browser."""

    def __init__(self, folder):
        self.folder = folder
        profile = os.path.join(folder, "profile")
        self.log = open(os.path.join(folder, "chromium.log"), "wb")
        self.browser = subprocess.Popen(
            [
                "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--no-first-run", "--disable-extensions", "--disable-background-networking", "--mute-audio",
                "--remote-debugging-port=0", f"--user-data-dir={profile}", "--window-size=1000,900",
                "--autoplay-policy=no-user-gesture-required", "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream", "about:blank",
            ],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
        )
        port_file = os.path.join(profile, "DevToolsActivePort")
        self.until(lambda: os.path.exists(port_file) and open(port_file).read().count("\n") >= 1, "a browser")
        port = open(port_file).read().split("\n")[0]
        listing = urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=PATIENCE).read()
        target = next(item for item in json.loads(listing) if item["type"] == "page")
        self.socket = Socket(target["webSocketDebuggerUrl"])
        self.number = 0
        self.errors = []
        self.call("Runtime.enable")
        self.call("Log.enable")
        self.call("Page.enable")

    @staticmethod
    def until(condition, what):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            time.sleep(0.1)
        raise TimeoutError(f"timed out waiting for {what}")

    def call(self, method, **parameters):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.receive())
            if message.get("method") == "Runtime.exceptionThrown":
                self.errors.append(message["params"]["exceptionDetails"].get("text", ""))
            if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
                entry = message["params"]["entry"]
                # Streams that the page aborts on purpose are not errors.
                if "ERR_ABORTED" not in entry["text"]:
                    self.errors.append(f"{entry['text']} {entry.get('url', '')}")
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]

    def evaluate(self, expression):
        result = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait(self, expression, what):
        # Elements may not exist yet.
        return self.until(lambda: self.evaluate(f"(() => {{ try {{ return {expression}; }} catch {{ return null; }} }})()"), what)

    def open(self, url):
        self.call("Page.navigate", url="about:blank")
        self.wait("location.href === 'about:blank'", "an empty page")
        self.call("Page.navigate", url=url)

    def click(self, selector):
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def key(self, key, code):
        for kind in ["keyDown", "keyUp"]:
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=code, text=key if kind == "keyDown" else "")

    def screenshot(self, name):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(base64.b64decode(data))

    def close(self):
        with contextlib.suppress(EOFError, OSError, RuntimeError):
            self.call("Browser.close")
        try:
            self.browser.wait(20)
        except subprocess.TimeoutExpired:
            self.browser.kill()
            self.browser.wait()
        self.log.close()


FRAMES = "document.querySelector('#stage video').getVideoPlaybackQuality().totalVideoFrames"
# The mean red, green and blue of an element.
MEAN = """(() => {
  const element = document.getElementById('%s');
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
    page.open(url)
    page.wait(f"{FRAMES} > 10", "frames of the video")
    seen["framesBefore"] = page.evaluate(FRAMES)
    seen["timeBefore"] = page.evaluate("document.querySelector('#stage video').currentTime")
    page.wait(f"{FRAMES} > {seen['framesBefore'] + 10}", "more frames")
    seen["framesAfter"] = page.evaluate(FRAMES)
    seen["timeAfter"] = page.evaluate("document.querySelector('#stage video').currentTime")
    seen["size"] = page.evaluate("[document.querySelector('#stage video').videoWidth, document.querySelector('#stage video').videoHeight]")
    seen["styles"] = page.evaluate("[...document.querySelectorAll('.style')].map((button) => button.dataset.style)")
    page.wait("/fps/.test(document.getElementById('numbers').textContent)", "numbers")
    seen["numbers"] = page.evaluate("document.getElementById('numbers').textContent")
    seen["first"] = page.evaluate(MEAN % ("video", 0))
    page.screenshot("first.png")

    # Turn sound on with the button, and off with the key.
    page.wait("!document.getElementById('soundButton').hidden", "the sound button")
    seen["isMutedAtFirst"] = page.evaluate("document.querySelector('#stage video').muted")
    page.click("#soundButton")
    page.wait("!document.querySelector('#stage video').muted", "sound")
    sound = "document.querySelector('#stage video').webkitAudioDecodedByteCount"
    seen["soundBefore"] = page.wait(sound, "decoded audio")
    count = page.evaluate(FRAMES)
    page.wait(f"{sound} > {seen['soundBefore'] + 1000} && {FRAMES} > {count + 10}", "more audio and video")
    seen["soundAfter"] = page.evaluate(sound)
    seen["framesWithSound"] = page.evaluate(FRAMES) - count
    page.key("m", "KeyM")
    page.wait("document.querySelector('#stage video').muted", "silence")

    page.click(".style[data-style=second]")
    page.wait("document.querySelector('.style[data-style=second]').getAttribute('aria-pressed') === 'true'", "the style")
    count = page.evaluate(FRAMES)
    # Wait for the fade and for frames that are already buffered.
    page.wait(f"!state.isFading && {FRAMES} > {count + 30}", "frames in the other style")
    seen["second"] = page.evaluate(MEAN % ("video", 0))
    page.screenshot("second.png")

    # A style with a canvas enables the choice of stroke size.
    seen["hasStrokesAtFirst"] = not page.evaluate("document.getElementById('strokes').disabled")
    page.click(".style[data-style=third]")
    page.wait("state.strokeSize === 'medium' && !document.getElementById('strokes').disabled", "a choice of strokes")
    page.evaluate(
        "document.getElementById('strokes').value = 'large';"
        "document.getElementById('strokes').dispatchEvent(new Event('change'))")
    page.wait("state.strokeSize === 'large' && / on /.test(document.getElementById('numbers').textContent)", "large strokes")
    seen["numbersOnCanvas"] = page.evaluate("document.getElementById('numbers').textContent")
    # A line count set by another program adds an option, which disappears with the next choice.
    page.evaluate("change({ strokeSize: 200 })")
    page.wait("document.getElementById('strokes').value === '200'", "a number of lines")
    page.evaluate("change({ strokeSize: 'small' })")
    page.wait("document.getElementById('strokes').value === 'small'", "small strokes")
    seen["strokeChoices"] = page.evaluate("[...document.getElementById('strokes').options].map((option) => option.text)")
    page.screenshot("strokes.png")

    # With the keyboard: select the first style and compare with the original.
    page.key("1", "Digit1")
    page.wait("document.querySelector('.style').getAttribute('aria-pressed') === 'true' && !state.isFading", "the key")
    page.key("s", "KeyS")
    page.wait("document.getElementById('split').width > 0 && document.querySelector('#stage video').videoHeight > 0", "a pair")
    page.wait("document.getElementById('split').height * 2 === document.querySelector('#stage video').videoHeight", "the pair")
    time.sleep(1)
    seen["original"] = page.evaluate(MEAN % ("video", 0))
    seen["painted"] = page.evaluate(MEAN % ("video", 32))
    page.screenshot("split.png")

    page.open(url + "?form=mjpeg")
    page.wait("document.querySelector('#stage img').naturalWidth > 0", "an image of the fallback")
    seen["picture"] = page.evaluate(MEAN % ("picture", 0))

    if page.evaluate("fetch('/api/streams').then((a) => a.json()).then((a) => a.streams.some((s) => s.isCamera))"):
        choose_camera(page, url)
        page.wait("!document.getElementById('absence').hidden", "a message about the camera")
        seen["absence"] = page.evaluate("document.getElementById('absence').textContent")
        page.click("#cameraButton")
        playing = f"state.condition === 'running' && {FRAMES} > 10 && document.querySelector('#stage video').videoWidth === 640"
        page.wait(playing, "the painted camera")
        seen["camera"] = page.evaluate(MEAN % ("video", 0))
        page.screenshot("camera.png")

        # The visitor keeps the camera when the page is loaded again.
        choose_camera(page, url)
        page.click("#cameraButton")
        page.wait(playing, "the camera of the page that was loaded again")
        seen["notice"] = page.evaluate("document.getElementById('notice').textContent")

        page.click("#cameraButton")
        page.wait("!document.getElementById('absence').hidden", "a message that the camera is off")
    return seen


def choose_camera(page, url):
    """Opens the page and chooses the stream of the browser's camera."""
    page.open(url)
    page.wait("document.getElementById('stream').options.length > 1", "the streams")
    page.evaluate(
        "document.getElementById('stream').value = 'camera';"
        "document.getElementById('stream').dispatchEvent(new Event('change'))")
    page.wait("state.isCamera && !document.getElementById('cameraButton').hidden", "the camera's button")


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

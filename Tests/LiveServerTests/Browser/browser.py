"""A tab of headless Chromium, controlled through the DevTools protocol with Python's standard library alone."""

import base64
import contextlib
import json
import os
import socket
import struct
import subprocess
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
                # Streams that the page aborts on purpose are not errors, nor are previews that must wait.
                if "ERR_ABORTED" not in entry["text"] and "/preview?" not in entry.get("url", ""):
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

    def key(self, key, code, virtual=0):
        """Presses a key. Keys that the browser itself acts on, such as arrows, need their Windows code."""
        text = {} if virtual else {"text": key}
        for kind in ["keyDown", "keyUp"]:
            more = text if kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=code, windowsVirtualKeyCode=virtual, **more)

    def arrow(self, direction):
        self.key(f"Arrow{direction}", f"Arrow{direction}", {"Left": 37, "Up": 38, "Right": 39, "Down": 40}[direction])

    def mouse(self, kind, x, y):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=0 if kind == "mouseReleased" else 1, clickCount=1)

    def resize(self, width, height, is_dark=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def drop(self, path, name, media_type):
        """Drops a file on the page."""
        with open(path, "rb") as file:
            content = base64.b64encode(file.read()).decode()
        self.evaluate(f"""(() => {{
          const bytes = Uint8Array.from(atob('{content}'), (letter) => letter.charCodeAt(0));
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([bytes], {json.dumps(name)}, {{ type: {json.dumps(media_type)} }}));
          document.dispatchEvent(new DragEvent('drop', {{ dataTransfer, bubbles: true }}));
        }})()""")

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

    def faults(self, script):
        """Returns what axe-core finds: rules with the elements that break them."""
        with open(script, encoding="utf-8") as file:
            self.evaluate(file.read() + "; 0")
        return self.evaluate("""axe.run({ resultTypes: ['violations'] }).then(({ violations }) =>
          violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`))""")

#!/usr/bin/env python3
"""Measures how long a picture takes from a browser's camera through stylize-live to the screen of the same browser.

    Benchmarks/live_delay.py                             # twenty seconds at 640x360, 30 frames a second
    Benchmarks/live_delay.py --form mp4 --seconds 60     # fragmented MP4 instead of WebCodecs
    Benchmarks/live_delay.py --rate 700 --json           # through a link of 700 kbit/s

Headless Chromium sends a drawn camera and shows the painted stream. The camera's picture has a clock in it, as black and
white blocks that survive painting at half strength, and each picture on the screen is read back: both times are from one
clock. The time on the screen is that of the page's first frame after the picture was drawn. The stages are from the
records of the stream. Needs chromium and nothing but Python.
"""

import argparse
import json
import os
import pathlib
import platform
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "Tests/LiveServerTests/Browser"))
from browser import Page  # noqa: E402

WARM_UP = 6
BAR = 48

SCRIPT = """(async () => {
  const [form, width, height, fps] = [%(form)s, %(width)d, %(height)d, %(fps)d];
  const { Player } = await import('/page/player.js');
  const { Capture } = await import('/page/capture.js');
  document.body.replaceChildren();
  const stage = document.createElement('div');
  document.body.append(stage);

  // The camera: moving blocks below a clock of 12 bits of milliseconds and 4 bits that check them.
  const scene = document.createElement('canvas');
  [scene.width, scene.height] = [width, height];
  const pen = scene.getContext('2d');
  const across = width / 8, down = height / 6;
  const check = (time) => (time ^ (time >> 4) ^ (time >> 8)) & 15;
  let count = 0;
  function draw() {
    const time = Math.floor(performance.now()) & 4095;
    const bits = time | check(time) << 12;
    count += 1;
    for (let i = 0; i < 30; i++) {
      pen.fillStyle = `hsl(${(i * 37 + count) %% 360}, 60%%, ${30 + i}%%)`;
      pen.fillRect((i * 97 + count * 3) %% width, 2 * down + (i * 53) %% (height - 2 * down), width / 9, height / 6);
    }
    for (let i = 0; i < 16; i++) {
      pen.fillStyle = bits >> i & 1 ? '#fff' : '#000';
      pen.fillRect((i %% 8) * across, (i >> 3) * down, across, down);
    }
  }
  draw();
  setInterval(draw, 1000 / fps);

  const seen = window.seen = { delays: [], times: [], misread: 0, passages: [], sent: [], numbers: [], refusals: [], ends: [] };
  const small = document.createElement('canvas');
  [small.width, small.height] = [64, 36];
  const reader = small.getContext('2d', { willReadFrequently: true });
  function note(surface, at) {
    reader.drawImage(surface, 0, 0, 64, 36);
    const { data } = reader.getImageData(0, 0, 64, 12);
    let bits = 0;
    for (let i = 0; i < 16; i++) if (data[4 * (((i >> 3) * 6 + 3) * 64 + (i %% 8) * 8 + 4) + 1] > 128) bits |= 1 << i;
    if (check(bits & 4095) !== bits >> 12) { seen.misread += 1; return; }
    seen.delays.push((Math.floor(at()) - (bits & 4095)) & 4095);
    seen.times.push(performance.now());
  }
  const player = new Player({ stage, onNumbers: (numbers) => seen.numbers.push(numbers), onEnd: (error) => seen.ends.push(error.message) });
  window.player = player;
  player.meter.onPassage = (passage) => seen.passages.push(passage);
  player.play('camera');
  function look() {
    const surface = player.surface;
    if (player.width) {
      if (surface instanceof HTMLVideoElement) note(surface, () => performance.now() + 1000 / 60);
      else {
        // The clock is read now, and the picture is on the screen with the next frame of the page.
        const before = seen.delays.length;
        note(surface, () => performance.now());
        if (seen.delays.length > before) {
          const drawn = performance.now();
          requestAnimationFrame(() => { seen.delays[before] += Math.round(performance.now() - drawn); });
        }
      }
    }
    player.requestFrame(look);
  }
  player.requestFrame(look);
  const [track] = scene.captureStream(fps).getVideoTracks();
  window.capture = new Capture({ streamID: 'camera', visitorID: 'benchmark', track, lines: height,
    onFrame: (frame) => seen.sent.push(frame), onRefusal: (error) => seen.refusals.push(error.message) });
  window.capture.start();
})()"""

CLEAR = "for (const list of Object.values(seen)) if (Array.isArray(list)) list.length = 0; seen.misread = 0"


class SlowLink:
    """A proxy that passes what the server sends at a rate, from a queue of bounded length, as a slow modem does."""

    def __init__(self, port, kilobits, queue=32 << 10):
        self.rate = kilobits * 125
        self.port = port
        self.queue = queue
        self.lock = threading.Lock()
        self.free = 0.0
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(64)
        self.own_port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=[client], daemon=True).start()

    def serve(self, client):
        server = socket.socket()
        # The queue of the link: what the server has sent and the client does not have yet.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.queue // 2)
        server.connect(("127.0.0.1", self.port))
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    data = ready.recv(1500 if ready is server else 65536)
                    if not data:
                        return
                    if ready is server:
                        self.wait(len(data))
                    (client if ready is server else server).sendall(data)
        except OSError:
            pass
        finally:
            client.close()
            server.close()

    def wait(self, count):
        """Waits until the link, which all connections share, has sent `count` bytes."""
        with self.lock:
            begin = max(self.free, time.monotonic())
            self.free = begin + count / self.rate
            end = self.free
        time.sleep(max(0.0, end - time.monotonic()))


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def summary(values):
    return {"count": len(values), "median": percentile(values, 0.5), "p95": percentile(values, 0.95), "p99": percentile(values, 0.99)}


def stages(seen):
    """Returns the time that each stage took, in milliseconds, of the pictures whose way is known from end to end."""
    sent = {frame["captured"]: frame for frame in seen["sent"]}
    found = {"encode JPEG": [], "upload": [], "paint and encode": [], "send": [], "decode": [], "present": []}
    for passage in seen["passages"]:
        frame = sent.get(passage["captured"])
        if not frame:
            continue
        marks = [frame["captured"], frame["encoded"], frame["answered"]]
        marks += [passage[name] for name in ("encoded", "received", "decoded", "shown")]
        for name, before, after in zip(found, marks, marks[1:]):
            found[name].append((after - before) / 1000)
    return {name: summary(values) for name, values in found.items() if values}


def histogram(values, step=20):
    counts = {}
    for value in values:
        counts[int(value // step)] = counts.get(int(value // step), 0) + 1
    most = max(counts.values())
    for place in range(min(counts), max(counts) + 1):
        count = counts.get(place, 0)
        yield f"{place * step:5}–{(place + 1) * step:<5} ms {count:5}  {'█' * round(BAR * count / most)}"


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def busy():
    """Returns the seconds that all processors have worked and waited."""
    fields = [int(field) for field in open("/proc/stat").readline().split()[1:]]
    idle = fields[3] + fields[4]
    return sum(fields[:8]) - idle, sum(fields[:8])


def measure(options, folder):
    server = subprocess.Popen(
        [
            options.program, "--port", str(options.port), "--browser-camera", "--quiet", "--no-training", "--style", options.style,
            "--strength", "0.5", "--stroke-size", options.strokes,
        ],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=os.environ | {"IMPASTO_MODELS": str(options.models)},
    )  # fmt: skip
    page = None
    try:
        address = server.stdout.readline().strip()
        if not address.startswith("http://"):
            raise SystemExit(f"live_delay.py: {options.program} printed '{address}', expected an address")
        if options.rate:
            port = int(address.rstrip("/").rsplit(":", 1)[1])
            address = f"http://127.0.0.1:{SlowLink(port, options.rate).own_port}/"
        page = Page(folder)
        width, height = (int(part) for part in options.size.split("x"))
        page.open(f"{address}healthz?form={options.form}")
        # A document of the server without a player of its own.
        page.wait("document.readyState === 'complete' && location.pathname === '/healthz'", "the document")
        values = {"form": json.dumps(options.form), "width": width, "height": height, "fps": options.fps}
        page.evaluate(SCRIPT % values)
        page.wait("seen.delays.length > 5", "pictures with a clock")
        time.sleep(WARM_UP)
        page.evaluate(CLEAR)
        before = busy()
        time.sleep(options.seconds)
        after = busy()
        seen = page.evaluate("seen")
        statistics = page.evaluate(
            "fetch('/api/streams/camera').then((answer) => answer.json()).then(({ statistics, reduction }) => ({ ...statistics, reduction }))")
        if options.screenshot:
            page.screenshot(os.path.abspath(options.screenshot))
    finally:
        if page:
            page.close()
        server.send_signal(signal.SIGINT)
        server.wait(30)
    if not seen["delays"]:
        raise SystemExit(f"live_delay.py: no picture was read; {seen['misread']} misread, {seen['ends']}, {seen['refusals']}")
    gaps = [after - before for before, after in zip(seen["times"], seen["times"][1:])]
    numbers = seen["numbers"]
    return {
        "form": numbers[-1]["form"] if numbers else options.form, "size": options.size, "fps": options.fps, "style": options.style,
        "strokes": options.strokes, "linkKilobits": options.rate, "seconds": options.seconds, "processor": processor(),
        "processors": os.cpu_count(), "load": round((after[0] - before[0]) / max(1, after[1] - before[1]), 3),
        "delay": summary(seen["delays"]), "misread": seen["misread"],
        "framesPerSecond": round(len(seen["delays"]) / options.seconds, 1), "longestGap": round(max(gaps, default=0)),
        "stages": stages(seen),
        "viewer": {
            "delay": percentile([item["delayMilliseconds"] for item in numbers], 0.5),
            "fps": percentile([item["fps"] for item in numbers], 0.5),
            "kilobitsPerSecond": percentile([item["kilobitsPerSecond"] for item in numbers], 0.5),
            "seconds": numbers,
        },
        "server": {name: statistics.get(name) for name in ("fpsIn", "fpsOut", "latencyP50Ms", "latencyP95Ms", "paintMs", "reduction")},
        "delays": seen["delays"],
    }  # fmt: skip


def show(result):
    delay, viewer = result["delay"], result["viewer"]
    print(
        f"{result['form']}, {result['size']} at {result['fps']} a second, {result['style']} with {result['strokes']} strokes, "
        f"{result['processors']} × {result['processor']}, {100 * result['load']:.0f} % busy")
    print("\n".join(histogram(result["delays"])))
    print(f"camera to screen: median {delay['median']} ms, 95 % {delay['p95']} ms, 99 % {delay['p99']} ms, {delay['count']} pictures")
    print(f"on the screen: {result['framesPerSecond']} a second, longest gap {result['longestGap']} ms, {result['misread']} misread")
    print(f"the viewer's numbers: {viewer['fps']:.1f} fps, {viewer['delay']:.0f} ms, {viewer['kilobitsPerSecond']:.0f} kbit/s")
    server = result["server"]
    print(f"the server's: {server['fpsOut']:.1f} fps, {server['latencyP50Ms']:.0f} ms, painting {server['paintMs']:.0f} ms, {server['reduction']}")
    if result["stages"]:
        print(f"\n{'stage':18}{'median':>8}{'95 %':>8}{'99 %':>8}  ms")
    for name, stage in result["stages"].items():
        print(f"{name:18}{stage['median']:8.1f}{stage['p95']:8.1f}{stage['p99']:8.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=HERE.parent / ".build/release/stylize-live", type=pathlib.Path)
    parser.add_argument("--models", default=HERE.parent / "models", type=pathlib.Path, help="the folder of the style")
    parser.add_argument("--style", default="starry")
    parser.add_argument("--strokes", default="medium", help="the size of the strokes")
    parser.add_argument("--size", default="640x360", help="of the camera's pictures")
    parser.add_argument("--fps", default=30, type=int)
    parser.add_argument("--form", default="chunks", choices=["chunks", "mp4", "mjpeg"])
    parser.add_argument("--rate", type=int, metavar="KBIT", help="the rate of the link from the server in kbit/s")
    parser.add_argument("--seconds", default=20, type=float)
    parser.add_argument("--port", default=0, type=int)
    parser.add_argument("--screenshot", metavar="FILE", help="a PNG of the page at the end")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(options, folder)
    if options.json:
        print(json.dumps(result))
    else:
        show(result)


if __name__ == "__main__":
    main()

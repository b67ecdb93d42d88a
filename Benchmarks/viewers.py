#!/usr/bin/env python3
"""Finds how many viewers stylize-live serves on this machine before the first one misses a frame.

    Benchmarks/viewers.py                                # 1, 2, 4 ... viewers of a film of 1280x720 at 25 frames a second
    Benchmarks/viewers.py --size 640x360 --form mp4 --json

The viewers are on this machine: they read everything over loopback, count the frames, and compare the time at which each
was encoded with its arrival. Their number doubles until frames are dropped before painting, or a viewer misses one or
gets the light rendition. Needs the ffmpeg program and nothing but Python.
"""

import argparse
import json
import os
import pathlib
import resource
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
TICKS = os.sysconf("SC_CLK_TCK")
# Seconds until the viewers of a level count: they have begun, and the work size has settled.
SETTLING = 4
# The share of frames that may be dropped before painting beyond that of one viewer: other programs run, too.
TOLERANCE = 0.02
# Viewers that connect at the same time, fewer than a server lets wait to be accepted.
GROUP = 128
RECORD = struct.Struct(">IB")
PICTURE = struct.Struct(">BqIqq")


class Viewer:
    """One reader of the stream. It looks at the heads of records, or of boxes, and skips their content."""

    def __init__(self, port, form):
        self.form = form
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        # The body ends with the connection, so that it comes without chunks.
        self.socket.sendall(f"GET /api/streams/1/video.{form} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())

    def begin(self):
        """Waits for the head of the response, which comes with the next keyframe."""
        head = b""
        while b"\r\n\r\n" not in head:
            more = self.socket.recv(65536)
            if not more:
                raise OSError("the server closed the connection")
            head += more
        head, rest = head.split(b"\r\n\r\n", 1)
        if b" 200 " not in head.split(b"\r\n")[0] + b" ":
            raise OSError(head.split(b"\r\n")[0].decode())
        self.isChunked = b"transfer-encoding: chunked" in head.lower()
        self.socket.setblocking(False)
        self.buffer = bytearray()
        self.skip = 0
        self.isLight = False
        self.latest = None
        self.raw = bytearray()
        self.clear()
        self.feed(rest)

    def clear(self):
        self.frames = 0
        self.bytes = 0
        self.longest = 0
        self.delays = []

    def feed(self, data):
        self.bytes += len(data)
        if self.isChunked:
            data = self.unchunk(data)
        place = 0
        if self.skip:
            place = min(self.skip, len(data))
            self.skip -= place
        if place < len(data):
            self.buffer += data[place:]
            self.parse()

    def unchunk(self, data):
        """Removes the frames of the transfer coding (RFC 9112, 7.1)."""
        self.raw += data
        whole = bytearray()
        place = 0
        while True:
            end = self.raw.find(b"\r\n", place, place + 20)
            if end < 0:
                break
            size = int(self.raw[place:end], 16)
            if len(self.raw) < end + 4 + size:
                break
            whole += self.raw[end + 2 : end + 2 + size]
            place = end + 4 + size
        del self.raw[:place]
        return whole

    def parse(self):
        buffer, place = self.buffer, 0
        while True:
            rest = len(buffer) - place
            if self.form == "chunks":
                if rest < 5:
                    break
                length, kind = RECORD.unpack_from(buffer, place)
                size = 4 + length
                needed = {1: size, 2: 34}.get(kind, 5)
                if rest < needed:
                    break
                if kind == 1:
                    self.isLight = json.loads(buffer[place + 5 : place + size])["rendition"] == "light"
                elif kind == 2:
                    _, timestamp, _, _, encoded = PICTURE.unpack_from(buffer, place + 5)
                    self.note(timestamp, encoded)
            else:
                if rest < 8:
                    break
                size = int.from_bytes(buffer[place : place + 4], "big")
                kind = bytes(buffer[place + 4 : place + 8])
                if kind == b"prft":
                    if rest < 32:
                        break
                    # A frame's time is the end of its sample. Gaps between beginnings are as long.
                    self.note(int.from_bytes(buffer[place + 24 : place + 32], "big") * 1e6 / 90_000, None)
            if rest < size:
                self.skip = size - rest
                place = len(buffer)
                break
            place += size
        del buffer[:place]

    def note(self, timestamp, encoded):
        self.frames += 1
        if self.latest is not None:
            self.longest = max(self.longest, timestamp - self.latest)
        self.latest = timestamp
        if encoded:
            self.delays.append(time.time() * 1e6 - encoded)


class Crowd:
    """All viewers, read by one thread."""

    def __init__(self, port, form):
        self.port, self.form = port, form
        self.viewers = []
        self.selector = selectors.DefaultSelector()
        self.lock = threading.Lock()
        self.isOver = False
        self.lost = 0
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def grow(self, count):
        while len(self.viewers) < count:
            # All of a group ask before one is answered, so that they begin with the same keyframe.
            for viewer in [Viewer(self.port, self.form) for _ in range(min(GROUP, count - len(self.viewers)))]:
                viewer.begin()
                with self.lock:
                    self.viewers.append(viewer)
                    self.selector.register(viewer.socket, selectors.EVENT_READ, viewer)

    def read(self):
        while not self.isOver:
            for key, _ in self.selector.select(0.05):
                try:
                    data = key.fileobj.recv(1 << 18)
                except BlockingIOError:
                    continue
                except OSError:
                    data = b""
                with self.lock:
                    if not data:
                        self.selector.unregister(key.fileobj)
                        self.lost += 1
                        continue
                    key.data.feed(data)

    def clear(self):
        with self.lock:
            for viewer in self.viewers:
                viewer.clear()

    def close(self):
        self.isOver = True
        self.thread.join()
        for viewer in self.viewers:
            viewer.socket.close()


def make_film(folder, size, fps):
    made = subprocess.run(
        [
            "ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={fps}:duration=10", "-f", "lavfi",
            "-i", "sine=frequency=330:duration=10", "-c:v", "mpeg4", "-q:v", "3", "-c:a", "aac", "film.mp4",
        ], cwd=folder,
    )  # fmt: skip
    if made.returncode:
        raise SystemExit("viewers.py: ffmpeg failed")


def seconds_of(process):
    fields = open(f"/proc/{process}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident(process):
    return int(open(f"/proc/{process}/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0


def state(address):
    return json.loads(urllib.request.urlopen(f"{address}api/streams/1", timeout=60).read())


def level(crowd, count, server, address, options, usual):
    """Measures one number of viewers. `usual` is the share of frames that are dropped for one viewer, None for the first."""
    crowd.grow(count)
    time.sleep(SETTLING)
    before, cpu, own, clock = state(address), seconds_of(server.pid), time.process_time(), time.monotonic()
    crowd.clear()
    time.sleep(options.seconds)
    after = state(address)
    seconds = time.monotonic() - clock
    cpu, own = (seconds_of(server.pid) - cpu) / seconds, (time.process_time() - own) / seconds
    with crowd.lock:
        frames = [viewer.frames for viewer in crowd.viewers]
        longest = max(viewer.longest for viewer in crowd.viewers) / 1000
        delays = [delay / 1000 for viewer in crowd.viewers for delay in viewer.delays]
        light = sum(viewer.isLight for viewer in crowd.viewers)
        rate = sum(viewer.bytes for viewer in crowd.viewers) * 8e-6 / seconds
    numbers = {name: after["statistics"][name] - before["statistics"][name] for name in ("framesIn", "framesOut", "framesDropped")}
    missed = after["skipped"] - before["skipped"]
    result = {
        "viewers": count, "sourceFps": numbers["framesIn"] / seconds, "paintedFps": numbers["framesOut"] / seconds,
        "fewestFps": min(frames) / seconds, "droppedBeforePainting": numbers["framesDropped"], "missed": missed, "light": light,
        "disconnected": crowd.lost, "longestGapMs": longest, "sendP50Ms": percentile(delays, 0.5), "sendP95Ms": percentile(delays, 0.95),
        "serverProcessors": cpu, "readerProcessors": own, "memoryMB": resident(server.pid), "megabitsPerSecond": rate,
        "reduction": after.get("reduction"),
    }  # fmt: skip
    reasons = []
    result["droppedShare"] = numbers["framesDropped"] / max(1, numbers["framesIn"])
    if usual is not None and result["droppedShare"] > usual + TOLERANCE:
        reasons.append(f"{numbers['framesDropped']} of {numbers['framesIn']} frames were dropped before painting")
    if missed:
        reasons.append(f"viewers missed {missed} frames")
    if light:
        reasons.append(f"{light} viewers got the light rendition")
    if crowd.lost:
        reasons.append(f"{crowd.lost} viewers were disconnected")
    result["broke"] = "; ".join(reasons)
    return result


def run(options, folder):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    make_film(folder, options.size, options.fps)
    server = subprocess.Popen(
        [
            options.program, "--port", str(options.port), "--quiet", "--no-training", "--style", options.style, "--stroke-size",
            options.strokes, "--viewers", str(max(256, 2 * options.most)), "film.mp4",
        ],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        env=os.environ | {"IMPASTO_MODELS": str(options.models)},
    )  # fmt: skip
    levels = []
    crowd = None
    try:
        address = server.stdout.readline().strip()
        if not address.startswith("http://"):
            raise SystemExit(f"viewers.py: {options.program} printed '{address}', expected an address")
        crowd = Crowd(int(address.rstrip("/").rsplit(":", 1)[1]), options.form)
        crowd.grow(1)
        # The style is prepared and the work size settles.
        time.sleep(2 * SETTLING)
        count = 1
        while count <= options.most:
            try:
                levels.append(level(crowd, count, server, address, options, levels[0]["droppedShare"] if levels else None))
            except OSError as error:
                levels.append({"viewers": count, "broke": f"a viewer could not connect: {error}"})
            if not options.json:
                show(levels[-1])
            if levels[-1]["broke"]:
                break
            count *= 2
    finally:
        if crowd:
            crowd.close()
        server.send_signal(signal.SIGINT)
        server.wait(60)
    held = [item["viewers"] for item in levels if not item["broke"]]
    return {
        "size": options.size, "fps": options.fps, "form": options.form, "style": options.style, "strokes": options.strokes,
        "processors": os.cpu_count(), "held": max(held, default=0), "broke": levels[-1]["broke"] if levels else "", "levels": levels,
    }  # fmt: skip


def show(item):
    if "paintedFps" not in item:
        print(f"{item['viewers']:5} viewers: {item['broke']}")
        return
    print(
        f"{item['viewers']:5} viewers: {item['paintedFps']:5.1f} fps painted of {item['sourceFps']:5.1f}, the fewest seen {item['fewestFps']:5.1f}; "
        f"encoded to arrived {item['sendP50Ms']:.0f} ms, 95 % {item['sendP95Ms']:.0f} ms; {item['megabitsPerSecond']:.0f} Mbit/s; "
        f"server {item['serverProcessors']:.2f} and readers {item['readerProcessors']:.2f} processors; {item['memoryMB']:.0f} MB"
        + f"; {100 * item['droppedShare']:.1f} % dropped before painting"
        + (f"; {item['broke']}" if item["broke"] else ""), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=HERE.parent / ".build/release/stylize-live", type=pathlib.Path)
    parser.add_argument("--models", default=HERE.parent / "models", type=pathlib.Path, help="the folder of the style")
    parser.add_argument("--style", default="starry")
    parser.add_argument("--strokes", default="large", help="the size of the strokes")
    parser.add_argument("--size", default="1280x720", help="of the film")
    parser.add_argument("--fps", default=25, type=int)
    parser.add_argument("--form", default="chunks", choices=["chunks", "mp4"])
    parser.add_argument("--most", default=1024, type=int, help="the greatest number of viewers")
    parser.add_argument("--seconds", default=6, type=float, help="for each number of viewers")
    parser.add_argument("--port", default=0, type=int)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = run(options, folder)
    if options.json:
        print(json.dumps(result))
    else:
        print(f"held: {result['held']} viewers" + (f"; then {result['broke']}" if result["broke"] else ""))


if __name__ == "__main__":
    sys.exit(main())

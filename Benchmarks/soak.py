#!/usr/bin/env python3
"""Runs stylize-live for long, with viewers that come and go, and tells whether its memory stays the same.

    Benchmarks/soak.py                                   # half an hour
    Benchmarks/soak.py --minutes 5 --model FILE --json soak.json

A short film with sound plays in a circle. One viewer takes everything, others come and go, one never reads; all the while the
style changes. The exit status is 1 where memory grows, where the painting stops or where the server fails. Needs the ffmpeg
program and nothing but Python.
"""

import argparse
import json
import os
import pathlib
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
# More than the server keeps prepared, so that some are always read again.
STYLE_COUNT = 8
# A tenth of the run does not count: engines, encoders and the allocator's pools are made then.
WARM_UP = 0.1
# The medians of two fifths of one run differ by less where nothing is lost; which styles are mixed, and at which size,
# is chance.
GREATEST_GROWTH = 0.1
# Looks in a row that find no new frame: more than a busy machine. Not seconds, since somebody may stop all of this for
# a while.
PATIENCE = 12
# Seconds without an answer.
TIMEOUT = 60


class SoakError(Exception):
    """What went wrong: one sentence."""


class Server:
    """The program under test, in a folder of its own."""

    def __init__(self, program, folder, size):
        self.log = open(folder / "log", "wb")
        self.process = subprocess.Popen(
            [program, "--port", "0", "--style", "style-0", "--size", size, "--quiet", "--no-training", "film.mkv"],
            cwd=folder, env=os.environ | {"IMPASTO_MODELS": str(folder)}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self.log, text=True,
        )  # fmt: skip
        line = self.process.stdout.readline().strip()
        if not line.startswith("http://"):
            raise SoakError(f"{program}: printed '{line}', expected an address; it says: {(folder / 'log').read_text()[-500:]}")
        self.address = line
        self.port = int(line.rstrip("/").rsplit(":", 1)[1])

    def memory(self):
        """Resident MB (2^20 bytes), and that part of them that is no file's."""
        with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as file:
            fields = dict(line.split(":", 1) for line in file)
        return tuple(int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon"))

    def ask(self, path, body=None):
        headers = {"Content-Type": "application/json"} if body else {}
        data = json.dumps(body).encode() if body else None
        with urllib.request.urlopen(urllib.request.Request(self.address + path, data, headers), timeout=TIMEOUT) as answer:
            return json.load(answer)

    def metric(self, name):
        with urllib.request.urlopen(self.address + "metrics", timeout=TIMEOUT) as answer:
            lines = answer.read().decode().splitlines()
        return next(float(line.split()[-1]) for line in lines if line.startswith(f"impasto_{name} "))

    def view(self, path, receive_buffer=None):
        """A connection that has asked for a stream."""
        stream = socket.socket()
        if receive_buffer:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        stream.settimeout(TIMEOUT)
        stream.connect(("127.0.0.1", self.port))
        stream.sendall(f"GET /{path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n".encode())
        return stream

    def end(self):
        """Interrupts it; the exit status."""
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise SoakError("the server did not end within 30 seconds of an interrupt") from None
        finally:
            self.log.close()


class Crowd:
    """Everyone who uses the server, each on a thread, until the end."""

    def __init__(self, server):
        self.server = server
        self.isOver = threading.Event()
        self.counts = {"viewers": 0, "changes": 0, "megabytes": 0, "refused": 0}
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.repeat, args=[role], daemon=True) for role in self.roles()]

    def roles(self):
        return [self.steady, self.sleeper, self.changer, *[self.passer] * 4]

    def repeat(self, role):
        rng = random.Random(role.__name__ + threading.current_thread().name)
        while not self.isOver.is_set():
            try:
                role(rng)
            except OSError:
                # A refusal, or the end of a stream: what matters is that the server goes on.
                self.note("refused")
                self.isOver.wait(1)

    def note(self, what, count=1):
        with self.lock:
            self.counts[what] += count

    def read(self, stream, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.isOver.is_set():
            data = stream.recv(1 << 16)
            if not data:
                return
            self.note("megabytes", len(data) / 2**20)

    def steady(self, rng):
        """Takes everything."""
        with self.server.view("api/streams/1/video.mp4") as stream:
            self.note("viewers")
            self.read(stream, float("inf"))

    def passer(self, rng):
        """Looks for some seconds, in any form, and goes without a word."""
        form, view = rng.choice(["video.mp4", "video.mp4", "video.mjpeg"]), rng.choice(["painted", "painted", "pair"])
        with self.server.view(f"api/streams/1/{form}?view={view}") as stream:
            self.note("viewers")
            self.read(stream, rng.uniform(0.2, 8))
        self.isOver.wait(rng.uniform(0, 4))

    def sleeper(self, rng):
        """Asks, and never reads; the server sends it away."""
        # In the form that fills the system's buffers soonest.
        with self.server.view("api/streams/1/video.mjpeg?view=pair", receive_buffer=4096):
            self.note("viewers")
            # Longer than the server waits. Its farewell stands behind what is not read, so only the server can tell of
            # it.
            self.isOver.wait(120)

    def changer(self, rng):
        """Changes the style, every other second or so."""
        names = [f"style-{number}" for number in range(STYLE_COUNT)]
        change = rng.choice(
            [
                {"styles": [{"name": rng.choice(names), "share": 1}]},
                {"styles": [{"name": name, "share": rng.uniform(0.1, 1)} for name in rng.sample(names, 2)], "fade": 1},
                {"strength": rng.uniform(0, 1), "fade": 0.5},
                {"preserveColors": rng.random() < 0.5},
            ]
        )
        self.server.ask("api/streams/1", change)
        self.note("changes")
        self.isOver.wait(rng.uniform(0.5, 3))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.isOver.set()
        for thread in self.threads:
            thread.join(5)


def make_film(path):
    """Twelve seconds of a test pattern with sound."""
    subprocess.run(
        [
            "ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=15:duration=12",
            "-f", "lavfi", "-i", "sine=frequency=440:duration=12", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast",
            "-c:a", "aac", str(path),
        ],
        check=True,
    )  # fmt: skip


def watch(server, seconds, interval):
    """The samples of that time: second, resident MB, anonymous MB, painted frames."""
    samples = []
    start = time.monotonic()
    frames = idle = 0
    while (elapsed := time.monotonic() - start) < seconds:
        if server.process.poll() is not None:
            raise SoakError(f"the server ended with status {server.process.returncode} after {elapsed:.0f} s")
        before, frames = frames, server.ask("api/streams/1")["statistics"]["framesOut"]
        idle = idle + 1 if frames == before else 0
        if idle == PATIENCE:
            raise SoakError(f"no frame was painted in the {PATIENCE * interval:g} s before {elapsed:.0f} s")
        samples.append([round(elapsed, 1), *(round(value, 2) for value in server.memory()), frames])
        if sys.stderr.isatty():
            print(f"\r{elapsed:.0f} s: {samples[-1][1]:.1f} MB, {frames} frames ", end="", file=sys.stderr)
        time.sleep(max(0, interval - (time.monotonic() - start - elapsed)))
    return samples


def judge(samples):
    """The medians of the first and the last fifth of what follows the warm-up, in MB, and the growth between them."""
    counted = samples[int(WARM_UP * len(samples)):]
    fifth = max(1, len(counted) // 5)
    first, last = (statistics.median(sample[1] for sample in part) for part in (counted[:fifth], counted[-fifth:]))
    return first, last, last / first - 1


def soak(arguments):
    start = machine()
    with tempfile.TemporaryDirectory(prefix="impasto-soak-") as name:
        folder = pathlib.Path(name)
        make_film(folder / "film.mkv")
        for number in range(STYLE_COUNT):
            (folder / f"style-{number}.safetensors").symlink_to(arguments.model.resolve())
        server = Server(arguments.program.resolve(), folder, arguments.size)
        try:
            with Crowd(server) as crowd:
                samples = watch(server, 60 * arguments.minutes, arguments.interval)
                sent_away = server.metric("viewers_ended_total")
        finally:
            status = server.end()
        if status != 0:
            raise SoakError(f"the server ended with status {status}, expected 0")
    first, last, growth = judge(samples)
    return {
        "machine": start, "minutes": arguments.minutes, "model": arguments.model.stem, "size": arguments.size,
        "firstMB": round(first, 2), "lastMB": round(last, 2), "greatestMB": max(sample[1] for sample in samples),
        "growth": round(growth, 4), "frames": samples[-1][3], "sentAway": round(sent_away),
        **{name: round(count) for name, count in crowd.counts.items()}, "samples": samples,
    }  # fmt: skip


def machine():
    """Where and of what the numbers are, as the other benchmarks say it."""
    lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    processor = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")

    def git(*words):
        return subprocess.run(["git", "-C", HERE, *words], capture_output=True, text=True, check=False).stdout.strip()

    commit = git("rev-parse", "--short=12", "HEAD") + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")
    return {
        "processor": processor, "processors": os.cpu_count(), "kernel": f"{os.uname().sysname} {os.uname().release}",
        "python": f"Python {sys.version.split()[0]}", "commit": commit, "load": round(os.getloadavg()[0], 2),
    }  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--interval", type=float, default=5, help="seconds from one look at the memory to the next")
    parser.add_argument("--size", default="160x90", help="the size at which the network paints")
    parser.add_argument("--model", type=pathlib.Path, default=HERE.parent / "models/starry.safetensors")
    parser.add_argument("--program", type=pathlib.Path, default=HERE.parent / ".build/release/stylize-live")
    parser.add_argument("--json", type=pathlib.Path, help="where all samples go")
    arguments = parser.parse_args()
    try:
        report = soak(arguments)
        if arguments.json:
            temporary = arguments.json.with_suffix(".part")
            temporary.write_text(json.dumps(report), encoding="utf-8")
            temporary.replace(arguments.json)
    except (SoakError, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"soak.py: {error}")
    print(
        f"{report['minutes']:g} minutes, {report['frames']} frames, {report['viewers']} viewers ({report['sentAway']} sent away), "
        f"{report['changes']} changes of style, {report['megabytes']} MB read: "
        f"{report['firstMB']:.1f} MB resident at first, {report['lastMB']:.1f} MB at last, {100 * report['growth']:+.1f} %"
    )
    if report["growth"] > GREATEST_GROWTH:
        sys.exit(f"soak.py: memory grows: {100 * report['growth']:.1f} %, expected at most {100 * GREATEST_GROWTH:.0f} %")


if __name__ == "__main__":
    main()

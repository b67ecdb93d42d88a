"""The programs that are compared, each bound to the same processors and held to the same number of threads."""

import ctypes
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

import numpy

LIBC = ctypes.CDLL(None)
# From linux/prctl.h.
PR_SET_PDEATHSIG = 1
HERE = pathlib.Path(__file__).resolve().parent


class ProgramError(Exception):
    """Our own program failed: one sentence for the user."""


class PeerError(Exception):
    """A peer does not run: one sentence for the user."""


def environment(threads):
    """What the libraries under the peers look at."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "TORCHINDUCTOR_COMPILE_THREADS")
    return {**os.environ, **{name: str(threads) for name in names}}


def bind(processors):
    """For preexec_fn: binds the process to these processors, and has it killed when this one ends.

    A worker that is stopped would not notice the latter, and would stay with all its memory.
    """

    def prepare():
        os.sched_setaffinity(0, processors)
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    return prepare


class Ours:
    """`framerate` as a program that runs and ends; for turns see OurProcess."""

    def __init__(self, program):
        self.program = str(program)
        if not pathlib.Path(self.program).exists():
            raise SystemExit(f"compare.py: {self.program} is not there: build it first, see Benchmarks/README.md")

    def run(self, arguments, processors):
        process = subprocess.run(
            [self.program, *arguments, "--inference-only", "--json"], preexec_fn=bind(processors), capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        if process.returncode:
            raise ProgramError(process.stderr.strip() or f"framerate ended with {process.returncode}")
        return json.loads(process.stdout)

    def start(self, point):
        """A process that stays loaded and takes turns, see OurProcess."""
        return OurProcess(self.program, point)

    def floats(self, point):
        """The result for the point's frame, not clamped: [H, W, 3]."""
        output = point.path("ours.f32")
        arguments = ["--model", point.path("model.safetensors"), "--size", point.size_name]
        arguments += ["--threads", str(point.threads), "--frames", "1", "--input", point.path("frame.rgb")]
        arguments += ["--output-floats", output]
        self.run(arguments, point.processors)
        return numpy.fromfile(output, "<f4").reshape(point.size[1], point.size[0], 3)

    def write_model(self, network, folder):
        """A model of this network with random weights; its path."""
        path = pathlib.Path(folder) / "model.safetensors"
        arguments = ["--network", network, "--size", "64x64", "--threads", "1", "--frames", "1"]
        self.run([*arguments, "--write-model", str(path)], sorted(os.sched_getaffinity(0)))
        return path


class OurProcess:
    """`framerate --turns`, stopped (SIGSTOP) whenever it has no turn, as the peers are."""

    def __init__(self, program, point):
        command = [program, "--model", point.path("model.safetensors"), "--size", point.size_name, "--inference-only"]
        command += ["--threads", str(point.threads), "--input", point.path("frame.rgb"), "--turns"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=bind(point.processors)
        )
        self.peak_memory = 0
        self.frames(0)

    def frames(self, seconds):
        """The milliseconds of each frame that is painted in this time, at least three."""
        self.process.send_signal(signal.SIGCONT)
        try:
            self.process.stdin.write(f"{seconds}\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # The empty answer tells.
        line = self.process.stdout.readline()
        if not line:
            raise ProgramError(f"framerate ended with {self.process.wait()}")
        self.process.send_signal(signal.SIGSTOP)
        answer = json.loads(line)
        self.peak_memory = answer["peakMemoryMB"]
        return answer["ms"]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class PeerProcess:
    """One worker.py, stopped (SIGSTOP) whenever it has no turn."""

    def __init__(self, peer, variant, point):
        self.point = point
        self.log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        command = [sys.executable, str(HERE / "worker.py"), peer, variant, point.folder, point.path("frame.rgb")]
        self.process = subprocess.Popen(
            [*command, "--size", point.size_name, "--threads", str(point.threads)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.log, text=True, env=environment(point.threads),
            preexec_fn=bind(point.processors),
        )  # fmt: skip
        try:
            self.read()
            self.process.send_signal(signal.SIGSTOP)
        except BaseException:
            self.close()
            raise

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.log.seek(0)
            lines = [line.strip() for line in self.log if line.strip()]
            raise PeerError(lines[-1] if lines else f"it ended with {self.process.returncode}")
        return json.loads(line)

    def ask(self, request):
        self.process.send_signal(signal.SIGCONT)
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # read() finds out why
        answer = self.read()
        self.process.send_signal(signal.SIGSTOP)
        return answer

    def frames(self, seconds):
        """The milliseconds of each frame that is painted in this time, at least three."""
        return self.ask({"seconds": seconds})["ms"]

    def memory(self):
        return self.ask({"memory": True})

    def result(self):
        """[H, W, 3], not clamped."""
        path = self.point.path("peer.f32")
        self.ask({"output": path})
        return numpy.fromfile(path, "<f4").reshape(self.point.size[1], self.point.size[0], 3)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

#!/usr/bin/env python3
"""Paints a film with the job files in `cluster`, as their users type them, and compares it with one painted at once.

Slurm is a cluster of one node that this script starts; GNU parallel reaches this machine over ssh, through a server that
this script starts; mpirun starts processes here. While each of them paints, one worker is killed. The manifest for
Kubernetes is compared with the schema of its version, because there is no cluster here.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from film import PROGRAM, ROOT, STYLE, content, make_film, tags

FILES = ROOT / "cluster"
PARTS = 6
THREADS = "1"
OPTIONS = ["--style", str(STYLE), "--codec", "ffv1"]


class Case:
    """A film in a folder of its own, and the environment of its commands."""

    def __init__(self, folder: Path, film: Path, program: Path) -> None:
        """Creates the folder."""
        folder.mkdir()
        self.folder = folder
        self.film = film
        self.program = program
        self.parts = folder / "parts"
        self.output = folder / "out.mkv"
        self.environment = os.environ | {"PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(folder)}

    def run(self, *command: str) -> str:
        """Runs a command in the folder and returns its output; a failure ends the check."""
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr or done.stdout}")
        return done.stdout

    def workers(self) -> list[int]:
        """The processes that paint a part of this film."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            except OSError:
                continue
            if command[:1] and command[0].endswith(b"stylize-video") and str(self.parts).encode() in b" ".join(command):
                found.append(int(entry.name))
        return found

    def kill_one(self, patience: float = 60) -> bool:
        """Kills a worker as soon as the first segment is there. Returns whether there was one."""
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if list(self.parts.glob("*.segment")):
                for process in self.workers():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process, signal.SIGKILL)
                        return True
            time.sleep(0.05)
        return False


@contextlib.contextmanager
def process(command: list[str], log: Path, **options) -> Iterator[subprocess.Popen]:
    """A server that runs as long as the block."""
    with log.open("ab") as output:
        started = subprocess.Popen(command, stdout=output, stderr=output, **options)
        try:
            yield started
        finally:
            started.terminate()
            try:
                started.wait(timeout=20)
            except subprocess.TimeoutExpired:
                started.kill()


def wait_for(what: str, condition: Callable[[], bool], patience: float = 60) -> None:
    """Waits until a condition holds."""
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: nothing within {patience:.0f} seconds")
        time.sleep(0.2)


# MARK: Slurm


def slurm_settings(folder: Path, port: int) -> str:
    """The configuration of a cluster of this machine."""
    name = socket.gethostname()
    return f"""
ClusterName=impasto
SlurmctldHost={name}(127.0.0.1)
SlurmctldPort={port}
SlurmdPort={port + 1}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
MailProg=/bin/true
ReturnToService=2
JobRequeue=1
SchedulerParameters=sched_interval=1,bf_interval=1
NodeName={name} NodeAddr=127.0.0.1 CPUs={os.cpu_count()} State=UNKNOWN
PartitionName=main Nodes={name} Default=YES MaxTime=INFINITE State=UP
"""


@contextlib.contextmanager
def slurm(case: Case, port: int) -> Iterator[None]:
    """A Slurm cluster of one node."""
    # Munge wants folders that only their owner can write to, up to the root: those of /tmp are not.
    folder = Path("/var/lib") / f"impasto-slurm-{os.getpid()}"
    folder.mkdir(mode=0o755)
    try:
        for name in ("state", "spool"):
            (folder / name).mkdir()
        (folder / "key").write_bytes(os.urandom(128))
        (folder / "key").chmod(0o600)
        (folder / "slurm.conf").write_text(slurm_settings(folder, port))
        (folder / "cgroup.conf").write_text("CgroupAutomount=no\n")
        case.environment["SLURM_CONF"] = str(folder / "slurm.conf")
        munge = ["munged", "--foreground", "--force", f"--key-file={folder}/key", f"--socket={folder}/munge.socket"]
        munge += [f"--pid-file={folder}/munge.pid", f"--log-file={folder}/munge.log", f"--seed-file={folder}/seed"]
        with contextlib.ExitStack() as stack:
            log = case.folder / "servers.log"
            stack.enter_context(process(munge, log))
            wait_for("munged", (folder / "munge.socket").exists)
            for command in (["slurmctld", "-D"], ["slurmd", "-D"]):
                stack.enter_context(process(command, log, env=case.environment))
            wait_for("slurmd", lambda: "idle" in subprocess.run(
                ["sinfo", "--noheader", "--format=%T"], env=case.environment, capture_output=True, text=True, check=False
            ).stdout)
            yield
    finally:
        for log in folder.glob("*.log"):
            shutil.copy(log, case.folder)
        shutil.rmtree(folder)


def check_slurm(case: Case, port: int) -> dict:
    """An array of parts and a join that depends on it; a killed task is submitted again."""
    command = [str(FILES / "slurm-film"), str(PARTS), THREADS, str(case.film), str(case.parts), str(case.output), *OPTIONS]

    def is_over() -> bool:
        # A join whose parts failed is removed, see --kill-on-invalid-dep.
        return case.run("squeue", "--noheader").strip() == ""

    with slurm(case, port):
        first = case.run(*command)
        killed = case.kill_one()
        wait_for("the first jobs", is_over, patience=600)
        early = case.output.exists()
        second = case.run(*command)
        wait_for("the second jobs", is_over, patience=600)
    return {"jobs": [first.strip(), second.strip()], "killed": killed, "joined in spite of a killed part": early}


# MARK: GNU parallel


def check_parallel(case: Case, port: int) -> dict:
    """Two machines, which are both this one over ssh."""
    keys = case.folder / "keys"
    keys.mkdir(mode=0o700)
    for name in ("host", "user"):
        case.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(keys / name))
    shutil.copy(keys / "user.pub", keys / "authorized")
    Path("/run/sshd").mkdir(exist_ok=True)
    server = ["/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-p", str(port), "-h", str(keys / "host")]
    for option in (
        "ListenAddress=127.0.0.1",
        f"AuthorizedKeysFile={keys}/authorized",
        "StrictModes=no",
        "UsePAM=no",
        "PermitRootLogin=yes",
        f"PidFile={keys}/pid",
    ):
        server += ["-o", option]
    ssh = f"ssh -p {port} -i {keys}/user -o StrictHostKeyChecking=no -o UserKnownHostsFile={keys}/known -o LogLevel=ERROR"
    hosts = case.folder / "hosts.txt"
    hosts.write_text("".join(f"1/{ssh} {name}\n" for name in ("127.0.0.1", "localhost")))
    case.environment["STYLIZE_VIDEO"] = str(case.program)
    command = [str(FILES / "parallel-film"), str(hosts), str(PARTS), THREADS, str(case.film), str(case.parts)]
    with process(server, case.folder / "servers.log"):
        wait_for("sshd", lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
        painting = subprocess.Popen(
            [*command, str(case.output), *OPTIONS], cwd=case.folder, env=case.environment, stderr=subprocess.PIPE, text=True
        )
        killed = case.kill_one()
        _, errors = painting.communicate(timeout=600)
    return {"killed": killed, "exit status": painting.returncode, "errors": errors}


# MARK: MPI


def check_mpi(case: Case, _port: int) -> dict:
    """Four processes. mpirun ends all of them when one is killed; the same command goes on."""
    launcher = "mpirun --oversubscribe --bind-to none" + (" --allow-run-as-root" if os.geteuid() == 0 else "")
    case.environment |= {"MPIRUN": launcher, "TMPDIR": "/tmp"}
    command = [str(FILES / "mpi-film"), "4", THREADS, str(case.film), str(case.parts), str(case.output), *OPTIONS]
    painting = subprocess.Popen(
        command, cwd=case.folder, env=case.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    killed = case.kill_one()
    painting.communicate(timeout=600)
    early = case.output.exists()
    case.run(*command)
    absent = subprocess.run(
        command, cwd=case.folder, env=case.environment | {"MPIRUN": "no-mpirun"}, capture_output=True, text=True, check=False
    )
    return {"killed": killed, "joined in spite of a killed part": early, "without mpirun": absent.stderr.strip()}


# MARK: Kubernetes


def check_kubernetes(packages: Path | None) -> dict:
    """The manifest and the schema of Kubernetes 1.29; with kubectl, also what it makes of the manifest."""
    if packages:
        sys.path.insert(0, str(packages))
    import kubernetes_validate
    import yaml

    found = {}
    documents = list(yaml.safe_load_all((FILES / "kubernetes.yaml").read_text()))
    for document in documents:
        kubernetes_validate.validate(document, "1.29", strict=True)
    # A wrong manifest is noticed.
    wrong = json.loads(json.dumps(documents[0]))
    wrong["spec"]["completion"] = wrong["spec"].pop("completions")
    try:
        kubernetes_validate.validate(wrong, "1.29", strict=True)
        raise RuntimeError("a wrong manifest is valid")
    except kubernetes_validate.ValidationError as error:
        found["wrong manifest"] = error.message
    found["valid"] = [document["metadata"]["name"] for document in documents]
    # The command that the container runs, with the number that Kubernetes gives it.
    shell = documents[0]["spec"]["template"]["spec"]["containers"][0]["command"]
    printed = subprocess.run(
        [shell[0], shell[1], shell[2].replace("exec stylize-video", "echo")],
        env=os.environ | {"JOB_COMPLETION_INDEX": "11"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    found["command of the last part"] = printed
    if not printed.startswith(f"--part {documents[0]['spec']['completions']}/{documents[0]['spec']['completions']} "):
        raise RuntimeError(f"the last part is not the last: {printed}")
    return found


def main() -> int:
    """Runs the checks and prints what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=["slurm", "parallel", "mpi", "kubernetes"], action="append")
    parser.add_argument("--program", type=Path, default=PROGRAM)
    parser.add_argument("--frames", type=int, default=1500)
    parser.add_argument("--port", type=int, default=8600, help="the first of the ports for servers")
    parser.add_argument("--packages", type=Path, help="a folder with kubernetes-validate and what it needs")
    parser.add_argument("--keep", type=Path, help="a folder for films and logs, which stay")
    arguments = parser.parse_args()
    checks = {"slurm": check_slurm, "parallel": check_parallel, "mpi": check_mpi}
    report, faults = {}, 0
    with contextlib.ExitStack() as stack:
        folder = arguments.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(exist_ok=True)
        film, whole = folder / "in.mkv", folder / "whole.mkv"
        chosen = arguments.only or [*checks, "kubernetes"]
        if set(chosen) & set(checks):
            make_film(film, arguments.frames)
            subprocess.run([str(arguments.program), *OPTIONS, "--quiet", str(film), str(whole)], check=True)
            expected = content(whole)
        for number, name in enumerate(chosen):
            try:
                if name == "kubernetes":
                    found = check_kubernetes(arguments.packages)
                else:
                    case = Case(folder / name, film, arguments.program)
                    found = checks[name](case, arguments.port + 10 * number)
                    found["same film"] = expected != "" and content(case.output) == expected
                    found["same tags and chapters"] = tags(case.output) == tags(whole)
                    faults += not (found["same film"] and found["same tags and chapters"] and found["killed"])
                    faults += found.get("joined in spite of a killed part", False)
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                found = {"error": str(error)}
                faults += 1
            report[name] = found
            print(json.dumps({name: found}, indent=1), flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

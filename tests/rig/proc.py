"""Processes, ports and waiting.

Every process the rig starts goes through Process: its output lands in a log file, it is ended by its own pid, and
it is asked to end by the kernel (PDEATHSIG, set by setpriv) when the runner dies without cleaning up, even by
SIGKILL. Caution that comes with PDEATHSIG: it fires when the *thread* that started the process ends, so start
processes from the main thread. Children get a session of their own, so that Ctrl-C reaches the runner alone, which
then ends them in the right order. Rejected: preexec_fn (unsafe in threaded runners), process groups and pkill
(they hit processes that are not ours).
"""
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Sanitizer builds are slower: every limit of wait_for is multiplied by this.
SLOW = {"address": 3.0, "thread": 6.0}.get(pathlib.Path(os.environ.get("BUILD_DIR", "build/bin")).parent.name, 1.0)
_given_ports = set()


class Timeout(AssertionError):
    """wait_for gave up; the message says what was awaited and shows the last state seen."""


class Ended(AssertionError):
    """A process that was needed is gone; wait_for passes this on at once."""


class Folder:
    """A folder for one run (a context manager). A failed run keeps it when RIG_KEEP=1 is set.

    Short on purpose (/tmp/gotk-...): unix socket paths in it must stay under 108 bytes.
    """

    def __init__(self, path=None):
        self.path = pathlib.Path(path) if path else pathlib.Path(tempfile.mkdtemp(prefix="gotk-"))
        self.path.mkdir(parents=True, exist_ok=True)

    def remove(self):
        if os.environ.get("RIG_KEEP") != "1":
            shutil.rmtree(self.path, ignore_errors=True)

    def __truediv__(self, name):
        return self.path / name

    def __fspath__(self):
        return str(self.path)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.remove()


class Process:
    """One child process. `env` replaces the environment when given; detach=True lets it outlive the runner."""

    def __init__(self, name, argv, log, env=None, detach=False):
        self.name, self.log_path, self.argv = name, pathlib.Path(log), [str(a) for a in argv]
        if not os.access(self.argv[0], os.X_OK) and not shutil.which(self.argv[0]):
            raise FileNotFoundError(f"{name}: no program {self.argv[0]}")
        wrap = [] if detach else ["setpriv", "--pdeathsig", "TERM", "--"]
        with open(self.log_path, "ab") as out:
            self.popen = subprocess.Popen(wrap + self.argv, stdin=subprocess.DEVNULL, stdout=out,
                                          stderr=subprocess.STDOUT, env=env, start_new_session=True)
        self.pid = self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def check(self):
        """Raises Ended, with the end of its log, when the process is gone."""
        if not self.running():
            raise Ended(f"{self.name} ended with code {self.popen.returncode}:\n{self.tail()}")

    def tail(self, lines=30):
        return "\n".join(self.log().splitlines()[-lines:])

    def log(self):
        return self.log_path.read_text(errors="replace")

    def stop(self, timeout=10):
        """SIGTERM, then SIGKILL after timeout seconds (times SLOW). Returns the exit code; < 0 is a signal."""
        if self.running():
            self.popen.send_signal(signal.SIGTERM)
        try:
            return self.popen.wait(timeout * SLOW)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            return self.popen.wait(5)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()


class Server:
    """Processes that make up one thing: a subclass brings start(), which returns self. With `with` it starts and stops."""

    def __init__(self, folder, detach=False):
        """folder: for its files and logs; detach: it outlives the runner."""
        self.dir, self.detach, self.processes = pathlib.Path(folder), detach, []

    def spawn(self, name, *argv):
        started = Process(name, argv, self.dir / f"{name}.log", detach=self.detach)
        self.processes.append(started)
        return started

    def check(self):
        for process in self.processes:
            process.check()

    def stop(self):
        for process in reversed(self.processes):
            process.stop()
        self.processes = []

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *exc):
        self.stop()


def stat(pid):
    """Memory now and at its peak (MiB), CPU seconds with ended children, threads and open files of a process."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    field = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if len(line.split()) > 1}
    times = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()[11:15]
    return {"rss": round(int(field["VmRSS"]) / 1024, 1), "peak": round(int(field["VmHWM"]) / 1024, 1),
            "cpu": round(sum(map(int, times)) / os.sysconf("SC_CLK_TCK"), 2),
            "threads": int(field["Threads"]), "files": len(os.listdir(f"/proc/{pid}/fd"))}


def alive(pid):
    """Whether a process exists and has not ended (a zombie has)."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except FileNotFoundError:
        return False


def start_time(pid):
    """When a process started, in clock ticks since boot: with the pid, it tells one process from a later one."""
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()[19])


def children(pid):
    """Pids of all living descendants of a process."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += [int(child)] + children(int(child))
    return found


def free_port():
    """A TCP port on loopback that nobody listens on, outside the range the kernel picks client ports from."""
    while True:
        port = random.SystemRandom().randrange(20000, 32000)
        if port in _given_ports:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given_ports.add(port)
        return port


def port_open(port, host="127.0.0.1"):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def show(state, limit=6000):
    """State as text for a failure message, without managedFields."""
    if isinstance(state, dict) and "managedFields" in state.get("metadata", {}):
        state = {**state, "metadata": {k: v for k, v in state["metadata"].items() if k != "managedFields"}}
    text = state if isinstance(state, str) else json.dumps(state, indent=2, default=str)
    return text if len(text) <= limit else text[:limit] + f"\n... ({len(text)} characters)"


def wait_for(get, timeout, what, until=None, every=0.1):
    """Calls get() until it is truthy, or until until(get()) is, and returns what get() returned.

    An exception from get or until (but Ended) counts as "not yet". After `timeout` seconds (times SLOW): Timeout, whose message
    names `what` and shows the last state and the last exception. Give `until` so that the state is worth showing.
    """
    end = time.monotonic() + timeout * SLOW
    state = error = None
    while True:
        try:
            state = get()
            error = None
            if until(state) if until else state:
                return state
        except Ended:
            raise
        except Exception as e:  # the state to wait for may make get() itself fail for a while
            error = e
        if time.monotonic() > end:
            break
        time.sleep(every)
    message = f"gave up after {timeout * SLOW:g} s waiting for {what}\nlast state: {show(state)}"
    raise Timeout(message + (f"\nlast error: {error!r}" if error else ""))


def seconds_until(get, until=None, timeout=30):
    """How long it takes until wait_for would return, looked at every 20 ms."""
    start = time.monotonic()
    wait_for(get, timeout, "it to happen", until, every=0.02)
    return time.monotonic() - start

"""What sanitizer builds (SAN=address, SAN=thread) and valgrind report, and the options the former run with."""
import re

# Reports stay in the program's own output (no log_path): a confined job child cannot create files.
SANITIZERS = {"ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1",
              "UBSAN_OPTIONS": "print_stacktrace=1",
              "TSAN_OPTIONS": "second_deadlock_stack=1:history_size=4"}
_START = re.compile(r"ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|:\d+: runtime error: |Sanitizer:DEADLYSIGNAL|"
                    r"^==\d+== (?!Warning)\S")
# What libgotk/job/job.c says of a child that crashed, was killed by the system call filter or left by itself.
_SILENT = re.compile(r"was ended: it (crashed \(SIG|used a system call|left without a result)")


def find_reports(text):
    """Every report in a program's output: its first line and the 40 lines that follow."""
    return _find(_START, text)


def look_into(folder):
    """{log: reports} of a folder's logs, and those below, whatever became of the controllers that wrote them.

    Reports are here also jobs that ended without a word: the sandbox may have kept what they had to say. Threads that are left
    behind are none: a controller that was killed or lost its lease waits for nobody.
    """
    found = {}
    for log in sorted(folder.rglob("*.log")):
        text = log.read_text(errors="replace")
        reports = [r for r in _find(_START, text) + _find(_SILENT, text) if "thread leak" not in r.split("\n", 1)[0]]
        if reports:
            found[log] = reports
    return found


def watching(run, found):
    """subprocess.run that adds the reports in what a command wrote, where that is captured, to the list `found`."""
    def watched(*args, **options):
        done = run(*args, **options)
        for text in (done.stdout, done.stderr):
            found.extend(find_reports(text if isinstance(text, str) else (text or b"").decode(errors="replace")))
        return done
    return watched


def _find(start, text):
    lines = text.splitlines()
    return ["\n".join(lines[i:i + 40]) for i, line in enumerate(lines) if start.search(line)]

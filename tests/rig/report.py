"""What sanitizer builds (SAN=address, SAN=thread) and valgrind report, and the options the former run with."""
import re

# Reports stay in the program's own output (no log_path): a confined job child cannot create files.
SANITIZERS = {"ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1",
              "UBSAN_OPTIONS": "print_stacktrace=1",
              "TSAN_OPTIONS": "second_deadlock_stack=1:history_size=4"}
_START = re.compile(r"ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|:\d+: runtime error: |Sanitizer:DEADLYSIGNAL|"
                    r"^==\d+== (?!Warning)\S")


def find_reports(text):
    """Every report in a program's output: its first line and the 40 lines that follow."""
    lines = text.splitlines()
    return ["\n".join(lines[i:i + 40]) for i, line in enumerate(lines) if _START.search(line)]

"""How much memory a program needs to begin at all: below that there is none of ours that could say 75."""

import subprocess

PAGE = 4096
ENOUGH = 1 << 28
# The loader of shared libraries may hang where it gets none.
LIMIT = 3


def begins(program, memory, environment):
    try:
        return subprocess.run(["prlimit", f"--as={memory}", program, "--version"], env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=LIMIT, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def least_memory(program, environment=None):
    """Octets of address space with which the loader comes through; None where a sanitizer takes it all."""
    low, high = 0, ENOUGH
    if not begins(program, high, environment):
        return None
    while high - low > PAGE:
        middle = (low + high) // 2 // PAGE * PAGE
        low, high = (low, middle) if begins(program, middle, environment) else (middle, high)
    return high

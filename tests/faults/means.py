"""What this machine lets us do, found out once; what it does not is a reason to skip a scenario."""

import os
import subprocess

from resolver import Resolver
from syslog_catcher import MARK

PAGE = 4096


class Means:
    def __init__(self, build, directory):
        self._build = os.path.abspath(build)
        with open(os.path.join(self._build, "build_settings.h"), encoding="ascii") as file:
            self._has_sandbox = "#define SSHSM_SANDBOX 1" in file.read()
        # The namespace that the syslog catcher has made: what is mounted here nobody else sees.
        self.has_mounts = os.geteuid() == 0 and MARK in os.environ
        self.clock = os.path.join(self._build, "tests", "tools", "libjumping_clock.so")
        self.least_memory = self._find_least_memory()
        self._resolver = None
        self._why_no_resolver = "a resolver that hangs needs root and a mount namespace"
        if self.has_mounts:
            try:
                self._resolver = Resolver(directory)
            except (OSError, subprocess.CalledProcessError) as error:
                self._why_no_resolver = f"no resolver of our own: {error}"

    def _starts_with(self, memory):
        done = subprocess.run(["prlimit", f"--as={memory}", os.path.join(self._build, "src", "sshsmd"), "--version"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              # Whatever is loaded before it comes out of the same.
                              env={"LD_PRELOAD": self.clock} if os.path.exists(self.clock) else {},
                              check=False)
        return done.returncode == 0

    def _find_least_memory(self):
        """Octets of address space with which the loader of shared libraries comes through: below, there is
        no program of ours yet that could say 75. None where a sanitizer takes it all."""
        low, high = 0, 1 << 28
        if not self._starts_with(high):
            return None
        while high - low > PAGE:
            middle = (low + high) // 2 // PAGE * PAGE
            low, high = (low, middle) if self._starts_with(middle) else (middle, high)
        return high

    def reason_against(self, plan):
        """Why this scenario cannot be here; none if it can."""
        if plan.disk is not None and not self.has_mounts:
            return "a full disk needs root and a mount namespace"
        if plan.resolver and not self._resolver:
            return self._why_no_resolver
        if plan.prefix and plan.prefix[0] == "as" and self.least_memory is None:
            return "a sanitizer takes all address space"
        if not self._has_sandbox and (plan.clock or any(what == "memory" for _, what, _, _ in plan.starvation)):
            return "a sanitizer wants to be loaded first, and takes all address space"
        return None

    def close(self):
        if self._resolver:
            self._resolver.close()

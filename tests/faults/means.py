"""What this machine lets us do, found out once; what it does not is a reason to skip a scenario."""

import os
import subprocess

from least_memory import least_memory
from resolver import Resolver
from syslog_catcher import MARK


class Means:
    def __init__(self, build, directory):
        self._build = os.path.abspath(build)
        with open(os.path.join(self._build, "build_settings.h"), encoding="ascii") as file:
            self._has_sandbox = "#define SSHSM_SANDBOX 1" in file.read()
        # The namespace that the syslog catcher has made: what is mounted here nobody else sees.
        self.has_mounts = os.geteuid() == 0 and MARK in os.environ
        self.clock = os.path.join(self._build, "tests", "tools", "libjumping_clock.so")
        # Whatever is loaded before a program comes out of the same.
        self.least_memory = least_memory(os.path.join(self._build, "src", "sshsmd"),
                                         {"LD_PRELOAD": self.clock} if os.path.exists(self.clock) else {})
        self._resolver = None
        self._why_no_resolver = "a resolver that hangs needs root and a mount namespace"
        if self.has_mounts:
            try:
                self._resolver = Resolver(directory)
            except (OSError, subprocess.CalledProcessError) as error:
                self._why_no_resolver = f"no resolver of our own: {error}"

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

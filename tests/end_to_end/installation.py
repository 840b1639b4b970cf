"""`meson install` into an empty directory: what is there, with which mode, and that it works."""

import os
import stat
import subprocess

from registry import case, expect

PROGRAMS = ["bin/sshsm", "sbin/sshsmctl", "sbin/sshsmd"]
COMPLETIONS = "share/bash-completion/completions/"
DATA = [COMPLETIONS + "sshsm.bash", COMPLETIONS + "sshsmctl.bash", COMPLETIONS + "sshsmd.bash",
        "share/man/man5/sshsm.conf.5", "share/man/man7/sshsm-mta.7", "share/man/man8/sshsm.8",
        "share/man/man8/sshsmctl.8", "share/man/man8/sshsmd.8"]
UNITS = ["lib/systemd/system/sshsmd@.service", "lib/systemd/system/sshsmd@.socket",
         "lib/systemd/user/sshsmd@.service", "lib/sysusers.d/sshsm.conf", "lib/tmpfiles.d/sshsm.conf"]
DOCUMENTATION = "share/doc/sshsm/"
SOME_DOCUMENTATION = ["LICENSE", "README.md", "SECURITY.md", "contrib/README.md",
                      "contrib/exim/README.md", "contrib/exim/sending/conf.d/router/090_sshsm",
                      "contrib/postfix/sending/master.cf", "contrib/sendmail/sshsm.m4"]


def install(bench):
    """{path below the prefix: mode} of what was installed, and the prefix."""
    target = os.path.join(bench.directory, "target")
    subprocess.run(["meson", "install", "-C", bench.rig.build, "--no-rebuild", "--quiet", "--destdir", target],
                   check=True, stdout=subprocess.PIPE, timeout=60)
    prefix = os.path.join(target, "usr", "local")
    found = {}
    for directory, _, names in os.walk(target):
        for name in names:
            path = os.path.join(directory, name)
            found[os.path.relpath(path, prefix)] = stat.S_IMODE(os.lstat(path).st_mode)
    return prefix, found


@case
def everything_is_installed_and_nothing_else(bench):
    prefix, found = install(bench)
    modes = {path: mode for path, mode in found.items() if not path.startswith(DOCUMENTATION)}
    expect(modes, {**{path: 0o755 for path in PROGRAMS}, **{path: 0o644 for path in DATA + UNITS}}, "modes")
    for path in SOME_DOCUMENTATION:
        expect(found.get(DOCUMENTATION + path), 0o644, path)
    for path in found:
        expect(path.endswith((".pyc", "try.sh", "packages.sh")), False, path)
    for program in PROGRAMS:
        said = subprocess.run([os.path.join(prefix, program), "--version"], stdout=subprocess.PIPE, text=True,
                              check=True, timeout=20).stdout
        expect(said.startswith(os.path.basename(program) + " "), True, said)
        completion = os.path.join(prefix, COMPLETIONS + os.path.basename(program) + ".bash")
        subprocess.run(["bash", "-u", "-c", 'source "$1"', "bash", completion], check=True, timeout=20)

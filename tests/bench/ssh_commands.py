"""How OpenSSH's client is called for a lane's friend."""

FAST = ("KexAlgorithms curve25519-sha256", "Ciphers aes128-gcm@openssh.com")


def write_ssh_config(lane, name, options):
    """The file `name` beside the friend, which stands for the mail user's ~/.ssh/config."""
    friend = lane.friend
    options = ["CheckHostIp no", "BatchMode yes", "StrictHostKeyChecking yes",
               f"Port {friend.settings['port']}", f"IdentityFile {friend.key}",
               f"UserKnownHostsFile {friend.path('known_hosts')}", *options]
    friend.write(name, "host *\n" + "".join(f"\t{option}\n" for option in options))
    return friend.path(name)


def plain_ssh(lane, name, options, *arguments):
    """Up to the remote command, with a configuration of that name."""
    path = write_ssh_config(lane, name + ".ssh_config", options)
    settings = lane.friend.settings
    return ["/usr/bin/ssh", "-F", path, *arguments, "-l", settings["user"], settings["host"]]

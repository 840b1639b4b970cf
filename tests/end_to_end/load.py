"""Many at once, and big ones."""

from friend import LETTER, ONE, batch, canonical
from registry import Skip, case, expect


@case(alone=True)
def sixteen_cold_deliveries_at_once_lose_nothing(bench):
    sshd = bench.sshd(["MaxStartups default"])
    friend = bench.friend(sshd=sshd)
    together = [friend.start() for _ in range(16)]
    for running in together:
        running.process.stdin.write(ONE)
        running.process.stdin.close()
        running.process.stdin = None
    statuses = [running.finish(None).status for running in together]
    expect(set(statuses) <= {0, 75}, True, f"statuses {statuses}")
    expect(len(friend.messages()), statuses.count(0), f"messages, with statuses {statuses}")
    expect(statuses.count(0) >= 8, True, f"most are delivered: {statuses}")


@case(alone=True)
def memory_does_not_grow_with_the_message(bench):
    if bench.rig.wrapper or not bench.rig.is_built_with_sandbox():
        raise Skip("a sanitizer or a debugger takes memory of its own")
    def peak(text):
        friend = bench.friend()
        running = friend.start(stdin=-1)
        running.process.stdin.write(batch("<a@b.example>", ["<c@d.example>"], text)[:-3])
        running.process.stdin.flush()
        bench.wait_until(lambda: friend.transcript().count(b"\r\n") > 4 or len(text) < 1000000,
                         "most of it was sent", 20)
        bench.pause(0.3)
        with open(f"/proc/{running.pid}/status", encoding="ascii") as file:
            kilobytes = [int(line.split()[1]) for line in file if line.startswith("VmHWM")][0]
        running.finish(b".\r\n").is_accepted()
        return kilobytes
    small = peak(LETTER)
    large = peak(b"Subject: big\n\n" + (b"m" * 70 + b"\n") * 700000)
    expect(large - small < 8192, True, f"{small} kB for a letter, {large} kB for 50 MB")


@case(long=True, alone=True)
def a_hundred_megabytes_arrive_whole(bench):
    text = b"Subject: huge\n\n" + (b"h" * 70 + b"\n") * 1450000
    for script in ("", "offer CHUNKING"):
        friend = bench.friend(script)
        friend.send(batch("<a@b.example>", ["<c@d.example>"], text), limit=120).is_accepted()
        expect(friend.messages() == [canonical(text)], True, "the message arrived whole")

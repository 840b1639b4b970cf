"""sshsmd: a line that is kept up, and what comes between."""

import signal

from keeper_rig import KeptFriend, kill, served
from registry import case, expect
from servers import free_port


@case
def a_keeper_stopped_for_a_while_goes_on(bench):
    """As a suspended machine whose far side has gone meanwhile."""
    kept = served(KeptFriend(bench))
    running = kept.greeted()
    kept.signal(signal.SIGSTOP)
    kill(kept.line_processes())
    bench.pause(0.5)
    kept.signal(signal.SIGCONT)
    running.send_letter()
    kept.delivers(2)


@case
def a_persistent_line_is_up_before_anybody_asks_and_comes_back(bench):
    kept = KeptFriend(bench, persistent="yes", linger="0", linger_jitter="0")
    bench.wait_until(lambda: "logged in as" in kept.said(), "it dials")
    bench.wait_until(kept.sinks, "a mail server is there")
    kill(kept.line_processes())
    bench.wait_until(lambda: kept.said().count("logged in as") == 2, "it dials again")
    client = kept.greeted()
    client.send_letter()
    client.quit()
    bench.pause(0.3)
    expect(kept.said().count("logged in as"), 2, "logins")


@case
def a_persistent_keeper_outlasts_a_host_that_is_down_at_boot(bench):
    port = free_port()
    kept = KeptFriend(bench, persistent="yes", port=str(port))
    kept.pin_any_port()
    bench.wait_until(lambda: "cannot connect" in kept.said(), "it has tried")
    expect(kept.process.poll(), None, "the keeper lives")
    bench.wait_until(lambda: kept.said().count("cannot connect") == 2, "it tries again", 6)


@case(long=True)
def a_persistent_line_is_asked_for_a_sign_of_life_end_to_end(bench):
    kept = KeptFriend(bench, persistent="yes", server_alive_interval="5")
    bench.wait_until(kept.sinks, "a mail server is there")
    bench.wait_until(lambda: kept.friend.transcript() == b"EHLO here.example\r\nNOOP\r\n", "he is asked", 75)
    expect(len(kept.sinks()), 1, "mail servers")
    kept.greeted().send_letter()
    kept.delivers(1)

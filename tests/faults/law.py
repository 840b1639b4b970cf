"""What must hold behind every scenario, whatever happened in it.

Reported success is accepted; what was accepted and reported failed was told as possible; nothing is
accepted twice or in part; status 0, 69 or 75; everything ends in time and leaves nothing behind.
"""

import signal
from collections import Counter

from dialogue import ACCEPTED, DOUBT, DOUBTFUL, FAILED, UNHEARD, UNSENT
from letters import stored_in
from plan import LISTENER, NO_MODE_BATCH, REST

STATUSES = {0, 69, 75}
# Until a program has its handlers, on a busy machine.
EARLY = 0.3


class Judgement:
    def __init__(self, stage):
        self._stage = stage
        self._plan = stage.plan
        self.faults = list(stage.complaints)
        self.tally = Counter()
        self._stored = stored_in(stage.mbox)
        self._copies = Counter((one.name, path) for one in self._stored for path in one.recipients)
        self._judge_store()
        for attempt in stage.attempts:
            self._judge_attempt(attempt)
        self._judge_keeper()
        self.tally.update(f"harm: {harm}" for harm in self._plan.harms)
        self.tally.update(f"struck: {target} {what}" for target, what in stage.harm.done)

    def _blame(self, attempt, text):
        self.faults.append(f"caller {attempt.number}: {text}")

    def _judge_store(self):
        letters = {letter.name: letter for attempt in self._stage.attempts for letter in attempt.letters}
        for one in self._stored:
            letter = letters.get(one.name)
            if letter is None:
                self.faults.append(f"{one.name}: nobody sent this message")
            elif one.text != letter.text:
                self.faults.append(f"{one.name}: it was changed on the way")
            elif not set(one.recipients) <= set(letter.recipients):
                self.faults.append(f"{one.name}: to {one.recipients}")
            elif self._plan.is_batch and one.recipients != letter.recipients:
                self.faults.append(f"{one.name}: accepted for {one.recipients} alone")
        self.faults += [f"{name} {path}: accepted {count} times" for (name, path), count in self._copies.items()
                        if count > 1]

    def _judge_attempt(self, attempt):
        if attempt.has_overrun:
            self._blame(attempt, "it did not end in time")
        for (name, path), fate in attempt.fates.items():
            self._judge_fate(attempt, f"{name} {path}", fate, self._copies[name, path] > 0)
        for path, fate in attempt.logged.items():
            name = path[1:].partition("-")[0]
            if (name, path) in attempt.fates:
                self._judge_fate(attempt, f"{name} {path} in the log", fate, self._copies[name, path] > 0)
        if self._plan.path != LISTENER and not attempt.has_overrun:
            self._judge_status(attempt)
        if self._plan.mode == REST:
            self._judge_rest(attempt)
        if not self._plan.harms and set(attempt.fates.values()) != {ACCEPTED}:
            self._blame(attempt, "nothing was done to anybody, and the mail was not accepted")

    def _judge_fate(self, attempt, what, fate, is_stored):
        self.tally[fate] += 1
        self.tally["stored"] += is_stored
        self.tally["stored, told as possible"] += is_stored and fate == DOUBTFUL
        if fate == ACCEPTED and not is_stored:
            self._blame(attempt, f"{what}: reported as accepted and LOST")
        if fate == FAILED and is_stored:
            self._blame(attempt, f"{what}: accepted, reported as failed, and not as possible")
        if fate == UNSENT and is_stored:
            self._blame(attempt, f"{what}: accepted before its final dot")
        if fate == UNHEARD and is_stored and not self._may_be_mute(attempt):
            self._blame(attempt, f"{what}: accepted, and no answer behind the final dot")

    def _may_be_mute(self, attempt):
        """Who was stopped or killed says nothing in a conversation, nor to a caller who left. A keeper does
        not outlive its attendant."""
        speakers = ("keeper", "attendant") if self._plan.path == LISTENER else ("sshsm",)
        is_hit = any(self._stage.harm.has_hit(speaker) for speaker in speakers)
        return attempt.has_left or is_hit or bool(self._plan.prefix)

    def _judge_status(self, attempt):
        self.tally[f"status {attempt.status}"] += 1
        if attempt.is_killed and self._stage.harm.has_hit("sshsm", "KILL"):
            return
        if attempt.status not in STATUSES and not self._came_too_early(attempt):
            self._blame(attempt, f"exit status {attempt.status}")
        if attempt.status == 69 and not self._plan.is_batch:
            self._blame(attempt, "69 is for batches")
        if attempt.status == 0 and not attempt.has_left:
            lost = [key for key, fate in attempt.fates.items() if key[0] in attempt.begun and fate == UNHEARD]
            if lost:
                self._blame(attempt, f"status 0, and no answer for {lost}")
        # Who names no mode and is late is answered as one who listens.
        is_told = attempt.stderr or self._plan.mode == NO_MODE_BATCH and attempt.record
        if attempt.status == 75 and self._plan.is_batch and not is_told and not self._may_be_mute(attempt):
            self._blame(attempt, "75, and not a word why")

    def _came_too_early(self, attempt):
        """A signal that ends a program before its first instruction ends it in the system's way; there
        was no mail in it yet."""
        names = {-getattr(signal, "SIG" + name) for target, name in self._stage.harm.done if target == "sshsm"}
        has_said = attempt.stderr or any(line.startswith("< 2") for line in attempt.record)
        return attempt.status in names and not has_said and attempt.seconds < EARLY

    def _judge_rest(self, attempt):
        """What is neither accepted nor in the file is lost, where the caller believes the file."""
        is_stopped = attempt.is_killed or self._stage.harm.has_hit("sshsm", "TERM", "HUP")
        if attempt.rest is None or is_stopped or attempt.has_left or attempt.has_overrun:
            return
        for letter in attempt.letters:
            is_stored = self._copies[letter.name, letter.recipients[0]] > 0
            is_left = letter.name in attempt.rest
            self.tally["in the rest"] += is_left
            if not is_stored and not is_left and "cannot keep the rest" not in attempt.stderr:
                self._blame(attempt, f"{letter.name}: neither accepted nor in the rest file: LOST")
            if is_stored and is_left and DOUBT not in attempt.stderr:
                self._blame(attempt, f"{letter.name}: accepted, in the rest file, and not told as possible")
        if attempt.status == 0 and attempt.rest:
            self._blame(attempt, f"status 0, and left in the file: {attempt.rest}")

    def _judge_keeper(self):
        status, harm = self._stage.keeper_status, self._stage.harm
        if status is None:
            return
        self.tally[f"keeper's status {status}"] += 1
        is_hit = bool(self._plan.prefix) or any(target in ("keeper", "attendant", "dialler") for target, _ in harm.done)
        if status != 0 and not is_hit:
            self.faults.append(f"the keeper ended with {status}")
        if status not in (0, 75) and not (status == -9 and harm.has_hit("keeper", "KILL")):
            self.faults.append(f"the keeper ended with {status}")

PUSHDIVERT(-1)
dnl sshsm.m4: mail to friends through SSH, for the directory cf/mailer of sendmail's configuration.
dnl
dnl In sendmail.mc, behind MAILER(`smtp'), whose rulesets these mailers share:
dnl
dnl     MAILER(`sshsm')
dnl
dnl In mailertable:   friend.example   sshsm:myfriend
dnl
dnl Each of these may be defined before MAILER(`sshsm'):
dnl
dnl     SSHSM_MAILER_PATH    the program
dnl     SSHSM_MAILER_USER    the user that owns the key
dnl     SSHSM_MAILER_DIR     its working directory
dnl     SSHSM_MAILER_FLAGS   flags more than the usual ones; MODIFY_MAILER_FLAGS(`SSHSM', ...) works too
dnl     SSHSM_MAILER_LL      the octets at which a line is broken. 990 is what everybody takes; up to
dnl                          2040 only for friends that take it (Exim refuses more than 998)
dnl     SSHSM_MAILER_WAIT    how long sendmail waits for the end of sshsm once all is said
dnl
dnl In this file as in every other m4 file a line that begins with # is no comment to m4.
dnl
_DEFIFNOT(`SSHSM_MAILER_PATH', `/usr/local/bin/sshsm')
_DEFIFNOT(`SSHSM_MAILER_USER', `bsmtp')
_DEFIFNOT(`SSHSM_MAILER_DIR', `/etc/sshsm')
_DEFIFNOT(`SSHSM_MAILER_FLAGS', `')
_DEFIFNOT(`SSHSM_MAILER_LL', `990')
_DEFIFNOT(`SSHSM_MAILER_WAIT', `1m')
dnl S: really that user, not the sender.  m: several recipients in one session.  D F M: Date:, From:
dnl and Message-Id: are there.  u: case of the local part is kept.  X: dots are doubled.
dnl a: EHLO.  8: 8-bit text as it is.  k: a friend of our own name is no loop.
_DEFIFNOT(`_DEF_SSHSM_MAILER_FLAGS', `SmDFMuXa8k')
dnl
dnl The mailer NAME with the further flags MORE, which calls sshsm so: _SSHSM_MAILER(NAME, MORE, ARGUMENTS)
define(`_SSHSM_MAILER',
`M$1,		P=SSHSM_MAILER_PATH, F=_MODMF_(CONCAT(_DEF_SSHSM_MAILER_FLAGS, SSHSM_MAILER_FLAGS), `SSHSM')$2, S=EnvFromSMTP/HdrFromSMTP, R=ifdef(`_ALL_MASQUERADE_', `EnvToSMTP/HdrFromSMTP', `EnvToSMTP'), E=\r\n, L=SSHSM_MAILER_LL,
		W=SSHSM_MAILER_WAIT, T=DNS/RFC822/SMTP, U=SSHSM_MAILER_USER, D=SSHSM_MAILER_DIR,
		A=sshsm $3')
dnl
dnl SSHSM_FRIEND(`myfriend') behind MAILER(`sshsm') makes a mailer for ONE friend that keeps its SSH
dnl session for all the messages of a queue run. In mailertable:   friend.example   sshsm-myfriend:x
dnl
dnl THE FRIEND'S NAME IS FIXED HERE, AND MUST BE. NEVER WRITE $h BEHIND --lmtp, AND NEVER ADD THE FLAG z
dnl TO THE MAILER ABOVE: SENDMAIL KEEPS AN LMTP SESSION BY THE NAME OF THE MAILER, WHATEVER THE HOST, SO
dnl THE MAIL FOR ONE FRIEND WOULD GO DOWN THE SESSION THAT WAS OPENED FOR ANOTHER.
dnl
define(`SSHSM_FRIEND', `PUSHDIVERT(7)
_SSHSM_MAILER(`sshsm-$1', `z', `--lmtp -- $1')
POPDIVERT`'')
POPDIVERT
#######################################
###   SMTP over SSH (sshsm) mailer   ###
#######################################

_SSHSM_MAILER(`sshsm', `', `-bs -- $h')

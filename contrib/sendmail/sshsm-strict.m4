divert(-1)
dnl sshsm-strict.m4: a listener for friends' smtp-address that trusts nobody, though they all come from
dnl 127.0.0.1. At the end of sendmail.mc, behind the MAILER lines:
dnl
dnl     include(`/etc/mail/sshsm-strict.m4')dnl
dnl
dnl On this port only recipients are taken that sendmail delivers itself (local-host-names, aliases,
dnl virtual users of this host): no relaying, and users that do not exist are refused at once. The other
dnl ports are as they were.
dnl
ifdef(`SSHSM_STRICT_PORT',, `define(`SSHSM_STRICT_PORT', `2526')')
DAEMON_OPTIONS(`Family=inet, Name=sshsm-strict, Port=SSHSM_STRICT_PORT, Addr=127.0.0.1')
divert(0)dnl
LOCAL_RULESETS
SLocal_check_rcpt
R$*			$: < $&{daemon_name} > $1
R< sshsm-strict > $*	$: < ? > $>parse $>canonify $1	how would it be delivered?
R< ? > $#local $*	$@ OK				here: all other checks follow
R< ? > $#error $*	$#error $1			not at all: in those words
R< ? > $*		$#error $@ 5.7.1 $: "550 Relaying denied to whom our key line lets in"
R< $* > $*		$@ OK				another port

#!/bin/sh
# What carried SMTP over ssh before sshsm was a program: the shell script of the recipe of 2000, which
# sendmail ran as its mailer. Its first argument stands for the directory /etc/mail/bsmtp, the second
# is the destination; ssh_config stands for the mail user's ~/.ssh/config. The destination's file is a
# program that sets user and host: that was the recipe.
# shellcheck disable=SC1090,SC2154

cd "$1" || exit 1
. "./$2.conf"

# The forced command of the key overrides `exit`.
exec ./rsuid /usr/bin/ssh -F ssh_config -l "$user" "$host" exit

#!/bin/sh
# Starts Mosquitto and has it read its accounts again (SIGHUP) whenever anxin has written them.
# Plain sh: the container eclipse-mosquitto has no other shell. Also of use beside a Mosquitto outside containers.
#
#   mosquitto.sh CONFIGURATION ACCOUNTS
#
# ACCOUNTS is the folder that anxin knows as mqtt.accounts_dir; the configuration names its files `passwords` and
# `acl`. Until anxin has written them they are empty, so nobody gets in.
set -eu
umask 077

configuration=$1
accounts=$2
for file in passwords acl; do
    [ -e "$accounts/$file" ] || : >"$accounts/$file"
done

written() { cksum "$accounts/passwords" "$accounts/acl" 2>/dev/null || true; }

seen=$(written)
mosquitto -c "$configuration" &
broker=$!
trap 'kill -TERM "$broker" 2>/dev/null || true' TERM INT

while
    # Waited for, since a shell hears no signal while a program in the foreground runs; and first, since a Mosquitto
    # that is only just starting would be ended by the signal below.
    sleep "${ANXIN_LOOK_EVERY_S:-1}" &
    wait $! || true
    kill -0 "$broker" 2>/dev/null
do
    now=$(written)
    if [ "$now" != "$seen" ]; then
        seen=$now
        kill -HUP "$broker"
    fi
done
wait "$broker"

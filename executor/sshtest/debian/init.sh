#!/bin/sh
# Process 1 of a test host. It begins when its parent has given it a network, and says so with a line.
read -r go || exit
exec </dev/null
mount -t proc proc /proc
mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts && mount --bind /dev/pts/ptmx /dev/ptmx
rm -rf /run/* /tmp/*
mkdir -p -m 755 /run/sshd /run/lock
# A namespace shows the kernel's own boot id, which never changes while this machine is up.
cat /proc/sys/kernel/random/uuid >/run/boot_id
mount --bind /run/boot_id /proc/sys/kernel/random/boot_id
hostname "$1"
if [ -e /etc/test-host/boot ]; then . /etc/test-host/boot; fi
/usr/sbin/sshd -E /var/log/sshd.log
# What loses its parent is adopted by process 1, and a shell that waits takes notice of its end.
while :; do
	sleep 3600 &
	wait
done

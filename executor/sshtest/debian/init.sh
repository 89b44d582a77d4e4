#!/bin/sh
# Process 1 of a test host, until it becomes systemd. It begins when its parent has given it a network, and says so with a
# line. $1 is the host's name.
read -r go || exit
exec </dev/null
set -e
mount -t proc proc /proc
mount -t sysfs -o ro sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /dev
mkdir /dev/pts /dev/shm
for device in null:3 console:3 zero:5 full:7 random:8 urandom:9; do
	mknod -m 666 "/dev/${device%:*}" c 1 "${device#*:}"
done
mknod -m 666 /dev/tty c 5 0
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts /dev/pts
ln -s pts/ptmx /dev/ptmx
ln -s /proc/self/fd /dev/fd
# What is not of this host alone is only to be read.
mount --bind /proc/sys /proc/sys
mount -o remount,ro,bind /proc/sys
# A namespace shows the kernel's own boot id, which never changes while this machine is up.
cat /proc/sys/kernel/random/uuid >/run/boot-id
mount --bind /run/boot-id /proc/sys/kernel/random/boot_id
hostname "$1"
set +e
. /etc/test-host/boot
# Told that it is in a container, systemd leaves the machine's swap, clock and disks alone. It could not do otherwise.
exec setpriv --bounding-set=-sys_time,-sys_module,-sys_rawio,-syslog,-sys_tty_config,-mknod \
	env -i container=drover-test /lib/systemd/systemd --log-target=journal

# $1 is the user that may log in.
cd /srv
apt-get -q -o APT::Sandbox::User=root download molly-guard # a host installs it when a test wants it
rm -f /etc/ssh/ssh_host_* /var/cache/apt/archives/*.deb /etc/apt/sources.list /etc/resolv.conf
useradd --create-home --shell /bin/sh "$1"
echo "$1 ALL=(ALL) NOPASSWD: ALL" >"/etc/sudoers.d/$1"
chmod 440 "/etc/sudoers.d/$1"
mkdir -p /etc/test-host /srv/repository
# Nothing begins by itself.
systemctl mask --quiet console-getty.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer \
	e2scrub_all.timer e2scrub_reap.service systemd-tmpfiles-clean.timer
# Many tests log in at once, and all come from one address.
cat >/etc/ssh/sshd_config.d/test.conf <<END
MaxStartups 200
UseDNS no
AuthorizedKeysFile /etc/test-host/authorized_keys
LogLevel VERBOSE
END

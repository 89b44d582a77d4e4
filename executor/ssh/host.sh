# The beginning of both scripts. The environment is the same wherever a command runs.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin${PATH:+:$PATH}
LC_ALL=C NO_COLOR=1 TERM=dumb SYSTEMD_PAGER=cat SYSTEMD_COLORS=0
export PATH LC_ALL NO_COLOR TERM SYSTEMD_PAGER SYSTEMD_COLORS

# host says which machine this is, before the start mark of nonce $1, and fails where it is not one that drover knows. On
# Linux it starts no process: each costs as much as all of this.
host() {
	system= kernel= booted= machine= stat= id= version= like=
	{
		read -r system </proc/sys/kernel/ostype || system=$(uname)
		read -r kernel </proc/sys/kernel/osrelease
		read -r booted </proc/sys/kernel/random/boot_id
		read -r machine </etc/machine-id
		read -r stat </proc/1/stat
		for file in /etc/os-release /usr/lib/os-release; do
			[ -n "$id" ] || while IFS='=' read -r key value; do
				case $key in
				ID) id=$value ;;
				VERSION_ID) version=$value ;;
				ID_LIKE) like=$value ;;
				esac
			done <"$file"
		done
	} 2>/dev/null
	printf 'drover-host-%s %s\n' "$1" "system=$system" "$1" "kernel=$kernel" "$1" "boot=$booted" "$1" "machine=$machine" \
		"$1" "stat=$stat" "$1" "id=$id" "$1" "version=$version" "$1" "like=$like" >&2
	[ "$system" = Linux ]
}

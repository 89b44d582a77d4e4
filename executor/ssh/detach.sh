# $1 nonce, $2 the command's text, $3 this script behind host.sh, $4 sudo, plain or root, $5 the job's id, $6 start, attach or work.
# The texts are encoded for printf %b.

[ "$6" = work ] || host "$1" || exit 125

if [ "$4" = sudo ]; then
	exec sudo -S -p "drover-prompt-$1" -- /bin/sh -c "$(printf %b "$3")" drover "$1" "$2" "$3" root "$5" "$6"
fi
nonce=$1
base=$HOME/.local/state/drover/jobs
if [ "$4" = root ]; then
	base=/var/lib/drover/jobs
fi
dir=$base/$5
boot=-
{ read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null

# since sets $since to the start time of process $1, or to - when it does not live (a zombie does not), and $group and
# $session to its own.
since() {
	since=- group=- session=-
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return
	set -- ${stat##*) }
	case $1 in
	Z | X) return ;;
	esac
	group=$3 session=$4 since=${20}
}

# The work itself. The file job says who does it; it is linked into place, so that it is there whole or not at all, and
# so that it cannot be there once somebody has found that the job was never begun. The file code comes last.
if [ "$6" = work ]; then
	since $$
	printf '%s %s %s\n' $$ "$since" "$boot" >"$dir/job.new" && ln "$dir/job.new" "$dir/job" || exit
	text=$(printf %b. "$2")
	/bin/sh -c "${text%.}" drover
	printf '%s\n' $? >"$dir/code.new" && mv "$dir/code.new" "$dir/code"
	exit
fi

refuse() {
	printf 'drover-job-%s-%s\n' "$nonce" "$1" >&2
	exit 125
}

exec 3<&0 </dev/null
left=100
mkdir -p -m 700 "$base"
if [ "$6" = start ]; then
	find "$base"/*-* -prune -type d -mtime +14 -exec rm -rf {} + 2>/dev/null
	if ! mkdir -m 700 "$dir"; then
		[ -d "$dir" ] && refuse exists
		refuse folder
	fi
	# A session of its own, which neither the end of this one nor a signal to it reaches. Without setsid some shells can
	# still make a process group; sshd ends neither when the connection goes, for there is no terminal.
	if command -v setsid >/dev/null 2>&1; then
		setsid /bin/sh -c "$(printf %b "$3")" drover "$1" "$2" "$3" "$4" "$5" work </dev/null >"$dir/out" 2>"$dir/err" 3<&- &
	else
		set -m 2>/dev/null
		/bin/sh -c "$(printf %b "$3")" drover "$1" "$2" "$3" "$4" "$5" work </dev/null >"$dir/out" 2>"$dir/err" 3<&- &
		set +m 2>/dev/null
	fi
elif mkdir -m 700 "$dir" 2>/dev/null; then
	left=0 # nobody has begun it, and with this folder here nobody will
elif [ ! -d "$dir" ]; then
	refuse folder
fi

until [ -e "$dir/job" ]; do
	if [ $left -le 0 ]; then
		printf 'never - -\n' >"$dir/never.$$" && ln "$dir/never.$$" "$dir/job" || [ -e "$dir/job" ] || refuse folder
		continue
	fi
	left=$((left - 1))
	sleep 0.1 2>/dev/null || sleep 1
done
read -r pid began bootedas <"$dir/job"
[ "$pid" = never ] && refuse unknown

# lives says whether anything of the job does: its first process or, should somebody have killed that, what it has begun.
lives() {
	[ "$boot" = "$bootedas" ] || return 1
	since "$pid"
	[ "$since" = "$began" ] && kill -0 "$pid" 2>/dev/null && return 0
	[ "$since" = - ] || return 1
	for other in /proc/[0-9]*; do
		since "${other#/proc/}"
		if [ "$session" = "$pid" ] || [ "$group" = "$pid" ]; then
			return 0
		fi
	done
	return 1
}

printf 'drover-start-%s\n' "$nonce"
printf 'drover-start-%s\n' "$nonce" >&2

# The end of standard input ends this script, and only this script.
{
	cat <&3
	kill $$
} >/dev/null 2>&1 &
watch=$!
exec 3<&- 4<"$dir/out" 5<"$dir/err"

over= quick=50
while :; do
	if [ -e "$dir/code" ]; then
		over=code
	elif ! lives; then
		over=died
		[ -e "$dir/code" ] && over=code # it has ended between the two looks
	fi
	cat <&4 || exit
	cat <&5 >&2 || exit
	[ -n "$over" ] && break
	if [ $quick -gt 0 ]; then
		quick=$((quick - 1))
		sleep 0.1 2>/dev/null || sleep 1
	else
		sleep 1
	fi
done
kill $watch 2>/dev/null
if [ $over = died ]; then
	printf 'drover-died-%s\n' "$nonce" >&2
	exit 125
fi
read -r code <"$dir/code"
printf 'drover-over-%s\n' "$nonce" >&2
exit "$code"

# $1 nonce, $2 the command's text, $3 this script with what stands before it, $4 sudo, plain or root, $5 the job's id,
# $6 start, attach or work.

[ "$4" = sudo ] && exec sudo -S -p "drover-prompt-$1" -- /bin/sh -c 'eval "$3"' drover "$1" "$2" "$3" root "$5" "$6";
nonce=$1;
base=$HOME/.local/state/drover/jobs;
[ "$4" = root ] && base=/var/lib/drover/jobs;
dir=$base/$5;
boot=-;
{ read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null;

# since sets $since to the start time of process $1, or to - when it does not live (a zombie does not), and $group and
# $session to its own.
since() {
	since=- group=- session=-;
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return;
	set -- ${stat##*) };
	case $1 in Z | X) return;; esac;
	group=$3 session=$4 since=${20};
};

# The work itself. The file job says who does it; it is linked into place, so that it is there whole or not at all, and
# so that it cannot be there once somebody has found that the job was never begun. The file code comes last. Its place
# on the disk is taken at the beginning and written over in the end: the command itself may have filled the disk.
[ "$6" = work ] && {
	since $$;
	echo none >"$dir/code.new" && echo "$$ $since $boot" >"$dir/job.new" && ln "$dir/job.new" "$dir/job" || exit;
	/bin/sh -c "$2" drover;
	echo $? 1<>"$dir/code.new" && mv "$dir/code.new" "$dir/code";
	exit;
};

# lives says whether anything of the job does that $pid, $began and $bootedas are about: its first process or, should
# somebody have killed that, what it has begun.
lives() {
	[ "$boot" = "$bootedas" ] || return 1;
	since "$pid";
	[ "$since" = "$began" ] && kill -0 "$pid" 2>/dev/null && return 0;
	[ "$since" = - ] || return 1;
	for other in /proc/[0-9]*; do
		since "${other#/proc/}";
		[ "$session" = "$pid" ] && return 0;
		[ "$group" = "$pid" ] && return 0;
	done;
	return 1;
};

refuse() {
	echo "drover-job-$nonce-$1" >&2;
	exit 125;
};

exec 3<&0 </dev/null;
left=100;
mkdir -p -m 700 "$base";
if [ "$6" = start ]; then
	# What is long over is taken away.
	find "$base"/*-* -prune -type d -mtime +14 2>/dev/null | while read -r old; do
		pid= began= bootedas=;
		{ read -r pid began bootedas <"$old/job"; } 2>/dev/null;
		lives || rm -rf "$old";
	done;
	mkdir -m 700 "$dir" || {
		[ -d "$dir" ] && refuse exists;
		refuse folder;
	};
	# A session of its own, which neither the end of this one nor a signal to it reaches. Without setsid some shells can
	# still make a process group; sshd ends neither when the connection goes, for there is no terminal.
	if command -v setsid >/dev/null 2>&1; then
		setsid /bin/sh -c 'eval "$3"' drover "$1" "$2" "$3" "$4" "$5" work </dev/null >"$dir/out" 2>"$dir/err" 3<&- &
	else
		set -m 2>/dev/null;
		/bin/sh -c 'eval "$3"' drover "$1" "$2" "$3" "$4" "$5" work </dev/null >"$dir/out" 2>"$dir/err" 3<&- &
		set +m 2>/dev/null;
	fi;
elif mkdir -m 700 "$dir" 2>/dev/null; then
	# Nobody has begun it, and with this folder here nobody will.
	left=0;
else
	[ -d "$dir" ] || refuse folder;
fi;

until [ -e "$dir/job" ]; do
	[ $left -gt 0 ] || {
		echo "never - -" >"$dir/never.$$" && ln "$dir/never.$$" "$dir/job" || [ -e "$dir/job" ] || refuse folder;
		continue;
	};
	left=$((left - 1));
	sleep 0.1 2>/dev/null || sleep 1;
done;
read -r pid began bootedas <"$dir/job";
[ "$pid" = never ] && refuse unknown;

# full says whether the disk that holds the job has no room for one byte more.
full() {
	said=$( { echo | cat >"$dir/room.$$"; } 2>&1 );
	rm -f "$dir/room.$$";
	case $said in *"No space left"* | *"uota exceeded"*) return 0;; esac;
	return 1;
};

echo "drover-start-$nonce";
echo "drover-start-$nonce" >&2;

# The end of standard input ends this script, and only this script. sshd closes it, too, when this script has ended.
( {
	while read -r line; do :; done;
	kill $$;
} <&3 >/dev/null 2>&1 & );
exec 3<&- 4<"$dir/out" 5<"$dir/err";

over= quick=50;
while :; do
	if [ -e "$dir/code" ]; then
		over=code;
	elif lives; then
		:;
	else
		over=died;
		# It may have ended between the two looks.
		[ -e "$dir/code" ] && over=code;
	fi;
	cat <&4 || exit;
	cat <&5 >&2 || exit;
	[ -n "$over" ] && break;
	if [ $quick -gt 0 ]; then
		quick=$((quick - 1));
		sleep 0.1 2>/dev/null || sleep 1;
	else
		sleep 1;
	fi;
done;
if [ $over = died ]; then
	full && echo "drover-full-$nonce" >&2;
	echo "drover-died-$nonce" >&2;
	exit 125;
fi;
full && echo "No space left on device: what the command said last may be missing" >&2;
read -r code <"$dir/code";
echo "drover-over-$nonce" >&2;
exit "$code"

# $1 nonce, $2 the command's text, $3 this script with what stands before it, $4 plain, sudo or again, $5 one when the text
# is a single command, $6 the group to end.

# The process group of all that is begun here, by which it can be ended: it is this shell's own when sshd has made one.
group=;
kill -0 -$$ 2>/dev/null && group=$$;

# As root all of this runs once more: only root can end what root has started. sudo without a terminal stays in the group.
[ "$4" = sudo ] && exec sudo -S -p "drover-prompt-$1" -- /bin/sh -c 'eval "$3"' drover "$1" "$2" "$3" plain "$5" "$group";

# Standard input stays open for as long as drover wants the command to live. The command itself reads nothing: otherwise
# it could take what was meant for sudo.
exec 3<&0 </dev/null;

# Without a group of its own, or with a terminal on which a command could wait for somebody, it begins a session. Where
# there is no setsid some shells can still make a group; where they cannot, only the command's first process is ended.
[ "$4" = again ] || {
	tty=;
	{ true </dev/tty && tty=1; } 2>/dev/null;
	group=${group:-$6};
	[ -n "$group" ] && [ -z "$tty" ] || {
		if command -v setsid >/dev/null 2>&1; then
			( exec setsid /bin/sh -c 'eval "$3"' drover "$1" "$2" "$3" again "$5" <&3 3<&- );
		else
			set -m 2>/dev/null;
			/bin/sh -c 'eval "$3"' drover "$1" "$2" "$3" again "$5" <&3 3<&-;
		fi;
		exit;
	};
};
group=${group:-$$};
echo "drover-start-$1";
echo "drover-start-$1" >&2;

# others finds who is in the group or, where this shell leads one, in the session: some programs make groups of their own.
# The watch and what it has begun are left out. A zombie is nobody.
others() {
	found=;
	for stat in /proc/[0-9]*/stat; do
		read -r stat <"$stat" || continue;
		pid=${stat%% *};
		set -- ${stat##*) };
		case $1 in Z | X) continue;; esac;
		[ "$pid" -eq "$self" ] || [ "$2" -eq "$self" ] || case ,$3,$4,$pid, in *,$group,*) found="$found $pid";; esac;
	done;
	[ -n "$found" ];
};

# The watch: when standard input closes and the command lives, it ends the group, asking first. When the command ends by
# itself sshd closes standard input, and the watch is over.
watch() {
	trap "" HUP INT QUIT TERM;
	exec 3<&- 4>&2 2>/dev/null;
	while read -r line; do :; done;
	read -r stat </proc/$$/stat || exit;
	case ${stat##*) } in Z* | X*) exit;; esac;
	read -r self rest </proc/self/stat;
	kill -TERM -$group || kill -TERM $group;
	others && kill -TERM $found;
	for pause in 0.1 0.2 0.4 0.8 1.5 2 kill 0.1 0.3 kill 0.5 1 kill 1; do
		others || {
			echo "drover-stop-$1" >&4;
			exit;
		};
		case $pause in
			kill) kill -KILL $found;;
			*) sleep $pause || sleep 1;;
		esac;
	done;
};

# It is nobody's child, so that nobody waits for it. A single command cannot, and is spared the process that this takes.
case $5 in
	one) watch "$1" <&3 >/dev/null & ;;
	*) ( watch "$1" <&3 >/dev/null & );;
esac;
exec 3<&-;
eval "unset -f others watch; unset group tty; set --; $2"

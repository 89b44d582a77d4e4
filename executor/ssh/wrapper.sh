# $1 nonce, $2 the command's text, $3 this script behind host.sh, $4 sudo or plain. The texts are encoded for printf %b.

host "$1" || exit 125

# As root all of this runs once more: only root can end what root has started.
if [ "$4" = sudo ]; then
	exec sudo -S -p "drover-prompt-$1" -- /bin/sh -c "$(printf %b "$3")" drover "$1" "$2" "" plain
fi

# Standard input stays open for as long as drover wants the command to live. The command
# itself reads nothing: otherwise it could take what was meant for sudo.
exec 3<&0 </dev/null
printf 'drover-start-%s\n' "$1"
printf 'drover-start-%s\n' "$1" >&2

text=$(printf %b. "$2")
text=${text%.}
stop=
trap 'stop=1' USR1

# A process group of its own, so that everything in it can be ended. Without setsid some
# shells can still make one; where they cannot, only the command's first process is ended.
if command -v setsid >/dev/null 2>&1; then
	setsid /bin/sh -c "$text" drover 3<&- &
else
	set -m 2>/dev/null
	/bin/sh -c "$text" drover 3<&- &
	set +m 2>/dev/null
fi
command=$!

# The signal is repeated, for the first may come just before wait.
{
	cat <&3
	while kill -USR1 $$; do sleep 0.2 || sleep 1; done
} >/dev/null 2>&1 &
watch=$!
exec 3<&-

wait "$command"
code=$?
if [ -n "$stop" ]; then
	if kill -TERM -$command 2>/dev/null || kill -TERM $command 2>/dev/null; then
		left=25
		while [ $left -gt 0 ] && { kill -0 -$command || kill -0 $command; } 2>/dev/null; do
			sleep 0.2 2>/dev/null || sleep 1
			left=$((left - 1))
		done
		kill -KILL -$command 2>/dev/null || kill -KILL $command 2>/dev/null
		printf 'drover-stop-%s\n' "$1" >&2
		code=143
	else
		wait "$command"
		code=$?
	fi
fi
kill $watch 2>/dev/null
exit $code

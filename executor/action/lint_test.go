package action_test

import (
	"strings"
	"testing"

	"drover/executor/action"

	"github.com/google/go-cmp/cmp"
)

func lint(script string) []string {
	var got []string
	for _, p := range action.Lint(script, []string{"name", "mode"}) {
		got = append(got, p.String())
	}
	return got
}

func TestLintRefuses(t *testing.T) {
	const (
		quote      = `line 1: the parameter name is not quoted: write "$name"`
		arithmetic = `line 1: the parameter name is inside arithmetic, which evaluates what it holds`
		position   = `line 1: a parameter is in command position`
		piped      = `line 1: a parameter is piped into a command that runs or splits it`
		document   = `line 1: a parameter is in a here-document that is run as code`
	)
	code := func(command string) string { return "line 1: a parameter is in the code that " + command + " runs" }
	variable := func(name string) string {
		return "line 1: a parameter is in " + name + ", which decides what commands run"
	}
	argument := func(command string) string {
		return "line 1: a parameter is given to " + command + ", which runs its arguments as code"
	}
	tests := []struct{ script, want string }{
		{`echo $name`, quote},
		{`echo ${name}`, quote},
		{`echo x${name#a}y`, quote},
		{`echo "a"$name"b"`, quote},
		{`x=$name`, quote},
		{`case $name in a) ;; esac`, quote},
		{`for x in $name; do true; done`, quote},
		{`echo "$(cat $name)"`, quote},
		{`echo ${other:-$name}`, quote},
		{`cat <$name`, quote},
		{"echo $1", `line 1: the parameter 1 is not quoted: write "$1"`},
		{"echo $@", `line 1: the parameter @ is not quoted: write "$@"`},
		{"echo ${12}", `line 1: the parameter 12 is not quoted: write "$12"`},
		{`echo $((name + 1))`, arithmetic},
		{`echo $(($name + 1))`, arithmetic},
		{`echo "$(("$name" + 1))"`, arithmetic},
		{`echo "$((${name} + 1))"`, arithmetic},
		{`eval "$name"`, `line 1: eval is not allowed: it runs text as code`},
		{`eval true`, `line 1: eval is not allowed: it runs text as code`},
		{`\eval true`, `line 1: eval is not allowed: it runs text as code`},
		{`'ev'al true`, `line 1: eval is not allowed: it runs text as code`},
		{`command eval true`, `line 1: eval is not allowed: it runs text as code`},
		{`. /etc/os-release`, `line 1: . is not allowed: it runs text as code`},
		{`source /etc/os-release`, `line 1: source is not allowed: it runs text as code`},
		{"echo `date`", `line 1: backquotes are not allowed: write $(…)`},
		{`[[ -n "$name" ]]`, `line 1: [[ is not POSIX: write [ … ]`},
		{`"$name" --version`, position},
		{`"/usr/bin/$name"`, position},
		{`A=b "$name"`, position},
		{`env "$name"`, position},
		{`env -i A=b "$name"`, position},
		{`sudo -u www "$name"`, position},
		{`timeout 5 "$name"`, position},
		{`nohup "$name" &`, position},
		{`exec "$name"`, position},
		{`ls | xargs "$name"`, position},
		{`find / -exec "$name" {} +`, position},
		{`env -S "$name"`, `line 1: a parameter is in the options of env`},
		{`xargs -I"$name" true`, `line 1: a parameter is in the options of xargs`},
		{`sh -c "echo $name"`, code("sh")},
		{`bash -c 'echo '"$name"`, code("bash")},
		{`/bin/sh -ec "$name"`, code("sh")},
		{`sh -o errexit -c "$name"`, code("sh")},
		{`sh -c -e "$name"`, code("sh")},
		{`sh -c "$(printf %s "$name")"`, code("sh")},
		{`sh "$name"`, code("sh")},
		{`sudo -n -- sh -c "$name"`, code("sh")},
		{`busybox sh -c "$name"`, code("sh")},
		{`ls | xargs -n 1 sh -c "$name"`, code("sh")},
		{`find / -exec sh -c "$name" \;`, code("sh")},
		{`python3 -c "$name"`, code("python3")},
		{`perl -ne "print if /$name/"`, code("perl")},
		{`awk "/$name/" /etc/passwd`, code("awk")},
		{`awk -v x=1 "/$name/" /etc/passwd`, code("awk")},
		{`sed "s/a/$name/" file`, code("sed")},
		{`sed -i -e "s/a/$name/" file`, code("sed")},
		{`sed --expression="$name" file`, code("sed")},
		{`sed --expression "$name" file`, code("sed")},
		{`sed -ne "$name" file`, code("sed")},
		{`flock /run/x -c "$name"`, code("flock")},
		{`sudo --user bob sh -c "$name"`, code("sh")},
		{`sudo --user bob "$name"`, position},
		{`sudo -nu bob "$name"`, position},
		{`timeout --signal KILL 5 sh -c "$name"`, code("sh")},
		{`timeout --signal KILL 5 "$name"`, position},
		{`ls | xargs --max-args 1 sh -c "$name"`, code("sh")},
		{`ls | xargs -0n 1 "$name"`, position},
		{`nice --adjustment 5 sh -c "$name"`, code("sh")},
		{`nice --adjustment 5 "$name"`, position},
		{`ionice --class 3 sh -c "$name"`, code("sh")},
		{`env --chdir /x sh -c "$name"`, code("sh")},
		{`env --unset A sh -c "$name"`, code("sh")},
		{`systemd-run --unit x sh -c "$name"`, code("sh")},
		{`systemd-run --unknown-option x sh -c "$name"`, code("sh")},
		{`flock -w 5 f sh -c "$name"`, code("sh")},
		{`flock -w 5 f "$name"`, position},
		{`nsenter -t 1 -m sh -c "$name"`, code("sh")},
		{`nsenter -t 1 -m "$name"`, position},
		{`unshare -S 0 sh -c "$name"`, code("sh")},
		{`unshare -S 0 "$name"`, position},
		{`time -f x sh -c "$name"`, code("sh")},
		{`docker exec c sh -c "$name"`, code("sh")},
		{`printf '%s\0' "$name" | xargs -0 -I{} sh -c 'echo {}'`, "line 1: xargs -I puts what it reads into code: hand it over as an argument of the shell"},
		{`PERL5OPT="$name" perl /opt/x.pl`, "line 1: a parameter is in PERL5OPT, which decides what commands run"},
		{`docker exec c bash -o errexit -c "ls $name"`, code("bash")},
		{`docker exec c bash --norc -c "ls $name"`, code("bash")},
		{`docker exec c python3 -c "print('$name')"`, code("python3")},
		{`podman exec c /bin/sh -ec "$name"`, code("sh")},
		{`kubectl exec pod -- sh -c "$name"`, code("sh")},
		{`ip netns exec x sh -c "$name"`, code("sh")},
		{`PATH="$name" ls`, variable("PATH")},
		{`PATH="/opt/$name/bin:$PATH"`, variable("PATH")},
		{`LD_PRELOAD="$name" ls`, variable("LD_PRELOAD")},
		{`export LD_LIBRARY_PATH="$name"`, variable("LD_LIBRARY_PATH")},
		{`env BASH_ENV="$name" ls`, variable("BASH_ENV")},
		{`sudo ENV="$name" ls`, variable("ENV")},
		{`IFS="$name"`, variable("IFS")},
		{"crontab - <<E\n$name\nE", document},
		{`echo "$name" | crontab -`, piped},
		{`ssh web1 "$name"`, argument("ssh")},
		{`su - www -c "$name"`, argument("su")},
		{`trap "$name" EXIT`, argument("trap")},
		{`alias x="$name"`, argument("alias")},
		{`read "$name"`, argument("read")},
		{`export "$name"`, `line 1: a parameter is given to export as the name of a variable`},
		{"sh <<EOF\necho $name\nEOF", document},
		{"sudo sh -s <<EOF\necho \"$name\"\nEOF", document},
		{"ssh web1 <<EOF\necho '$name'\nEOF", document},
		{`echo "$name" | sh`, piped},
		{`printf '%s\n' "$name" | bash -s`, piped},
		{`printf '%s\n' "$name" | xargs systemctl restart`, piped},
		{`echo "$name" | cat | sh`, piped},
		{`echo "$name" | { sh; }`, piped},
		{"{ sh; } <<EOF\n$name\nEOF", document},
		{"cat <<EOF | sh\n$name\nEOF", piped},
		{`systemctl restart {{name}}`, `line 1: {{name}} is not filled in inside a script: write "$name"`},
		{`systemctl restart "{{ name }}"`, `line 1: {{ name }} is not filled in inside a script: write "$name"`},
		{`if true; then`, "line 1: is not a POSIX script: `then` must be followed by a statement list"},
		{`cat <(true)`, "line 1: is not a POSIX script: `<` must be followed by a word"},
		{"true\na=\"$name\"; b=\"x$a\"\necho $b", `line 3: the parameter b is not quoted: write "$b"`},
		{"for x in \"$name\"; do\necho $x; done", `line 2: the parameter x is not quoted: write "$x"`},
		{"for x; do echo $x; done", `line 1: the parameter x is not quoted: write "$x"`},
		{"export a=\"$name\"\n\"$a\"", `line 2: a parameter is in command position`},
	}
	for _, tt := range tests {
		if diff := cmp.Diff([]string{tt.want}, lint(tt.script)); diff != "" {
			t.Errorf("Lint(%s) (-want +got):\n%s", tt.script, diff)
		}
	}
}

// allowed holds what a careful author writes.
var allowed = []string{
	`systemctl restart -- "$name"`,
	`echo "${name}" "${name:-none}" "x${name#a}y" "$mode"`,
	`echo "$(cat -- "$name")"`,
	`if [ "$name" = web1 ]; then echo yes; fi`,
	`case "$name" in a) ;; *) ;; esac`,
	`for x in "$name" "$mode"; do echo "$x"; done`,
	`total=0; total=$((total + 1))`,
	`sh -c 'printf "%s\n" "$1"' drover "$name"`,
	`awk -v unit="$name" '$1 == unit' /etc/passwd`,
	`sed -n 1p -- "$name"`,
	`grep -e "$name" /etc/passwd`,
	`env UNIT="$name" printenv UNIT`,
	`sudo -n -- systemctl restart -- "$name"`,
	`timeout 5 ping -c 1 -- "$name"`,
	`command -v "$name" || true`,
	`[ "$name" = x ] || sh </dev/null`,
	`awk -F"$mode" '{ print $1 }' /dev/null`,
	`ionice -c 2 -n 0 tar cf /dev/null -- "$name"`,
	`taskset -c 0 tar cf /dev/null -- "$name"`,
	`find /var/log -name "$name" -exec ls -l {} +`,
	`printf '%s' "$name" | wc -c`,
	`printf '%s\0' "$name" | xargs -0 ls -d --`,
	"cat <<EOF\n$name\nEOF",
	"sh <<'EOF'\necho fixed\nEOF",
	`docker ps --format '{{.Names}}'`,
	`export UNIT="$name"; printenv UNIT`,
	`x="$name"; echo "$x"`,
	`echo $HOME $#`,
	`[ -e "/etc/$name" ] && echo "$name" >/dev/null`,
	`echo "$name" >"/dev/null"`,
	`set -- "$mode" "$name"; echo "$@"`,
	`docker exec c systemctl restart -- "$name"`,
	`kubectl get node -l "role=$name"`,
	`printf '%s\0' "$name" | xargs -0 -I{} cp -- {} /srv`,
	`printf '%s\0' "$name" | xargs -0 sh -c 'ls -- "$1"' drover`,
	`pkill -x node -e "$name"`,
	`systemctl show perl -E "$name"`,
	`docker exec c sh -c 'printf "%s\n" "$1"' drover "$name"`,
	`docker exec c sh -e /opt/fixed.sh "$name"`,
	`grep -x sh -- "$name"`,
	`printf '%s\n' sh -x "$name"`,
	`sudo --user bob systemctl restart -- "$name"`,
	`timeout --signal KILL 5 ping -c 1 -- "$name"`,
	`flock -w 5 /run/x systemctl restart -- "$name"`,
	`nsenter -t 1 -m systemctl restart -- "$name"`,
	`PATH=/usr/bin:$PATH ls -- "$name"`,
	`LANG="$name" ls`,
	`env APP_ENV="$mode" ls`,
	`crontab -l | grep -- "$name"`,
}

func TestLintAllows(t *testing.T) {
	for _, script := range allowed {
		if got := lint(script); got != nil {
			t.Errorf("Lint(%s) = %s", script, strings.Join(got, "\n"))
		}
	}
}

func TestLintCollectsEverythingByLine(t *testing.T) {
	got := lint("echo ok\necho $name\neval x\necho $mode; echo `id`\n")
	want := []string{
		`line 2: the parameter name is not quoted: write "$name"`,
		`line 3: eval is not allowed: it runs text as code`,
		`line 4: the parameter mode is not quoted: write "$mode"`,
		"line 4: backquotes are not allowed: write $(…)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Lint (-want +got):\n%s", diff)
	}
}

func TestLintWithoutParameters(t *testing.T) {
	if got := action.Lint(`set -- $(ls); echo $1 $((x + 1))`, nil); got != nil {
		t.Errorf("Lint = %v", got)
	}
}

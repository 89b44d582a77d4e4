DEBIAN_FRONTEND=noninteractive DEBIAN_PRIORITY=critical APT_LISTCHANGES_FRONTEND=none NEEDRESTART_MODE=l UCF_FORCE_CONFFOLD=1
export DEBIAN_FRONTEND DEBIAN_PRIORITY APT_LISTCHANGES_FRONTEND NEEDRESTART_MODE UCF_FORCE_CONFFOLD

# All of it, from fresh lists to what came of it. It ends the script.
upgrade() {
  choose_manager
  before=$(installed) || exit
  refresh || exit
  plan=$(pending) || exit
  failed=0
  apply || failed=$?
  report
  exit "$failed"
}

# Neither of the two waits for its lock: another package manager gets five minutes.
refresh() {
  tries=0
  while :; do
    code=0
    said=$(refresh_once 2>&1) || code=$?
    case $code:$said in 200:* | [1-9]*'Could not get lock'*) ;; *) break ;; esac
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || break
    [ "$tries" -ne 1 ] || echo 'waiting for another package manager'
    sleep 5
  done
  # apt before 2.1.16 does not know Error-Mode and reports a broken source with exit 0.
  case $said in *'Failed to fetch'*) [ "$code" -ne 0 ] || code=100 ;; esac
  if [ "$code" -eq 0 ]; then printf '%s\n' "$said"; else printf '%s\n' "$said" >&2; fi
  return "$code"
}
refresh_once() {
  case $manager:$generation in
  apt:*) apt-get -q -o Acquire::Retries=3 -o APT::Update::Error-Mode=any update ;;
  *:3) "$manager" --setopt=exit_on_lock=1 clean expire-cache && "$manager" --setopt=exit_on_lock=1 makecache fast ;;
  *:4) "$manager" --setopt=exit_on_lock=1 clean expire-cache && "$manager" --setopt=exit_on_lock=1 "$strict" makecache ;;
  *) "$manager" "$strict" makecache --refresh ;;
  esac
}

# Never a question, and a changed configuration file stays as it is. Only a full upgrade removes packages. dnf removes the
# oldest kernel when there are more than installonly_limit: without that, /boot would fill up, and a server not come up.
apply() (
  set -f
  case "$manager:$mode:$security" in
  apt:full:*) set -- dist-upgrade ;;
  apt:*:true)
    # A new package has no update of its own: it comes in as a dependency.
    set -- $(printf '%s\n' "$plan" | awk '$1 == "changed" && $3 != "-" { print $2 }')
    [ "$#" -gt 0 ] || return 0
    set -- --no-remove --only-upgrade install -- "$@" ;;
  apt:*) set -- --no-remove --with-new-pkgs upgrade ;;
  *:full:*) if [ "$generation" = 3 ]; then set -- upgrade; else set -- --allowerasing upgrade; fi ;;
  *)
    set -- $(printf '%s\n' "$plan" | awk '$1 == "replacement" { print "--exclude=" $2 }') --setopt=best=0 upgrade
    if [ "$security" = true ]; then set -- --security "$@"; fi ;;
  esac
  case $manager in
  apt) exec apt-get -y -q -o DPkg::Lock::Timeout=600 \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 "$@" ;;
  *) exec "$manager" -y "$@" ;;
  esac
)

report() {
  echo
  echo '@@drover result'
  if after=$(installed); then compare; else failed=70; fi
  left=$plan
  if [ "$manager" != apt ] && [ "$failed" -eq 0 ] && [ -n "$plan" ]; then
    # What is there and can still be updated is what was kept back.
    left=$({ printf '%s\n' "$after"; echo '='; pending; } | awk '
      $0 == "=" { past = 1; next }
      !past { there[$1]; next }
      $1 == "changed" && ($2 in there) { $1 = "kept" }
      { print $1, $2 }'; printf '%s\n' "$plan" | grep '^security ')
  fi
  printf '%s\n' "$left" | awk '$1 == "security" || $1 == "kept" || $1 == "held" || $1 == "ignored" { print "@@drover", $1, $2 }'
  if [ "$manager" = apt ]; then
    dpkg-query -W -f '${binary:Package} ${db:Status-Abbrev}\n' | awk 'substr($2, 2, 1) ~ /[UFHWt]/ { print "@@drover broken", $1 }'
  fi
  echo "@@drover kernel $(uname -r) $(newest_kernel)"
  if reboot_required || rpm_needs_reboot; then echo '@@drover reboot yes'; else echo '@@drover reboot no'; fi
  echo '@@drover end'
}
# The plugin that knows may be missing, and then says something else.
rpm_needs_reboot() { [ "$manager" != apt ] && "$manager" -q needs-restarting -r 2>/dev/null | grep -q 'Reboot is required'; }

# What is different in the database: nothing else tells what was done. Of a name with several versions beside each other
# (kernels of an rpm system) none is the update of another.
compare() {
  { printf '%s\n' "$before"; echo '='; printf '%s\n' "$after"; } | awk '
    $0 == "=" { later = 1; next }
    NF != 2 { next }
    ++versions[later + 0, $1] > 1 { several[$1] }
    !later { had[$1 " " $2]; next }
    ($1 " " $2) in had { delete had[$1 " " $2]; next }
    { fresh[$1 " " $2]; new[$1] = $2 }
    END {
      for (key in had) {
        split(key, old, " ")
        update = (old[1] in new) && !(old[1] in several)
        print "@@drover changed", key, (update ? new[old[1]] : "-")
        if (update) delete fresh[old[1] " " new[old[1]]]
      }
      for (key in fresh) { split(key, come, " "); print "@@drover changed", come[1], "-", come[2] }
    }' | sort
}

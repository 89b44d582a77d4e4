# Nothing goes down while a package manager works: it would leave half of a package behind. $1 says what was not done.
refuse_when_busy() {
  who=$(at_work)
  if [ -n "$who" ]; then
    echo "$who is at work here: nothing was $1. Wait until it is done, then try again." >&2
    exit 75
  fi
  # systemd before version 257 lets root pass over these, and later ones refuse without anybody to see it.
  who=$(systemd-inhibit --list --no-legend --no-pager 2>/dev/null |
    awk '$NF == "block" && / (.*:)?shutdown[: ]/ { print $1; exit }')
  if [ -n "$who" ]; then
    echo "$who forbids it for now (systemd-inhibit --list): nothing was $1. Wait until it is done, then try again." >&2
    exit 75
  fi
}

# Who works on the packages: whoever has the database locked for writing. What only looks (apt-get -s, dnf check-update)
# has the same name, and does no harm.
at_work() {
  for file in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock /var/cache/apt/archives/lock \
    /var/lib/rpm/.rpm.lock /usr/lib/sysimage/rpm/.rpm.lock; do
    [ -e "$file" ] || continue
    inode=$(stat -c %i "$file")
    for pid in $(awk -v inode=":$inode\$" '$4 == "WRITE" && $6 ~ inode { print $5 }' /proc/locks); do
      # Files of other disks may have the same number.
      ls -l "/proc/$pid/fd" 2>/dev/null | grep -q -- "-> $file\$" || continue
      name=process
      { read -r name <"/proc/$pid/comm"; } 2>/dev/null
      echo "$name (process $pid)"
      return
    done
  done
  for dir in /proc/[0-9]*; do
    { read -r name <"$dir/comm"; } 2>/dev/null || continue
    case $name in
    zypper | apk | pacman) ;;
    unattended-upgr) # so is called, too, what waits at all times for a shutdown
      ! tr '\0' ' ' <"$dir/cmdline" | grep -q upgrade-shutdown || continue ;;
    *) continue ;;
    esac
    echo "$name (process ${dir#/proc/})"
    return
  done
}

# molly-guard asks only who sits at a terminal, but it runs the checks of the server's own admin: here, to see what they say.
ask_molly_guard() {
  if [ -x /lib/molly-guard/shutdown ] && ! said=$(shutdown --molly-guard-do-nothing "$@" </dev/null 2>&1); then
    printf '%s\n' "$said" >&2
    exit 75
  fi
}

LC_ALL=C; export LC_ALL

# The package manager whose own database holds this system. Another one may be installed as a mere tool.
choose_manager() {
  generation= refresh=
  if [ -e /run/ostree-booted ]; then
    manager=rpm-ostree
  elif command -v transactional-update >/dev/null 2>&1; then
    manager=transactional-update
  elif command -v apt-get >/dev/null 2>&1 && [ -n "$(dpkg-query -W 2>/dev/null | head -n 1)" ]; then
    manager=apt
  elif [ -z "$(rpm -qa 2>/dev/null | head -n 1)" ]; then
    manager=$(first_of apk pacman xbps-install emerge)
  elif grep -qi suse /etc/os-release 2>/dev/null; then
    manager=zypper
  else
    manager=$(first_of dnf dnf5 yum zypper)
  fi
  case $manager in
  apt) return ;;
  dnf | dnf5 | yum)
    generation=$("$manager" --version 2>/dev/null | awk 'NR == 1 { print substr($NF, 1, 1) }')
    return ;;
  '') echo 'drover: this server has no package manager that drover knows; nothing was run' >&2 ;;
  *) echo "drover: this server uses $manager, which drover cannot update yet; nothing was run" >&2 ;;
  esac
  exit 69
}
first_of() {
  for tool in "$@"; do
    if command -v "$tool" >/dev/null 2>&1; then echo "$tool"; return; fi
  done
}

# What is installed: the name, a tab and the version. Removed packages of which files are left do not count, half
# installed ones do.
installed() {
  case $manager in
  apt) list=$(dpkg-query -W -f '${binary:Package}\t${Version}\t${db:Status-Abbrev}\n') ;;
  *) list=$(rpm -qa --qf '%{NAME}.%{ARCH}\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\n') ;;
  esac || { echo 'drover: the package database cannot be read' >&2; return 70; }
  printf '%s\n' "$list" | awk -F '\t' '$2 != "" && substr($3, 2, 1) !~ /[nc]/ && $1 !~ /^gpg-pubkey\./ { print $1 FS $2 }'
}

# What would be done, one thing on a line: changed NAME OLD NEW (- for none), security NAME, kept NAME for what has an
# update that is not taken, held NAME for what somebody holds. $mode is update or full, $security true for security only.
pending() {
  case $manager in
  apt) everything=$(apt_pending) || exit ;;
  *) everything=$(rpm_pending) || exit ;;
  esac
  printf '%s\n' "$everything" | ONLY="$security" awk '
    { line[NR] = $0; kind[NR] = $1; name[NR] = $2 }
    $1 == "security" { safe[$2] }
    END {
      for (i = 1; i <= NR; i++)
        if (ENVIRON["ONLY"] != "true" || kind[i] ~ /^(held|replacement|ignored)$/ || (name[i] in safe)) print line[i]
    }'
}

apt_simulate() { apt-get -s -o APT::Get::Show-User-Simulation-Note=0 "$@"; }

apt_pending() {
  full=$(apt_simulate dist-upgrade) || exit
  plan=$full
  if [ "$mode" = update ]; then plan=$(apt_simulate upgrade --with-new-pkgs) || exit; fi
  # Only what the full simulation says is known of a package that is kept back: whether its update is one for security.
  { printf '%s\n' "$plan"; echo '= the full one'; printf '%s\n' "$full"; } | awk '
    # Inst name [old] (new Label:Version/Archive, … [arch])
    function secure(line,  i, n, origin) {
      sub(/^[^(]*\([^ ]+ /, "", line); sub(/ \[[^]]*\]\).*$/, "", line)
      n = split(line, origin, /, /)
      for (i = 1; i <= n; i++) if (origin[i] ~ /^Debian-Security:/ || origin[i] ~ /-security$/) return 1
      return 0
    }
    $1 == "=" { past = 1 }
    $1 == "Inst" && past && ($2 in kept) && secure($0) { print "security", $2 }
    past { next }
    $1 == "Inst" {
      old = "-"; if ($3 ~ /^\[/) { old = $3; gsub(/[][]/, "", old) }
      new = $0; sub(/^[^(]*\(/, "", new); sub(/ .*/, "", new)
      print "changed", $2, old, new
      if (secure($0)) print "security", $2
    }
    $1 == "Remv" { old = $3; gsub(/[][]/, "", old); print "changed", $2, old, "-" }
    /^ / && listing { for (i = 1; i <= NF; i++) { kept[$i]; print "kept", $i } }
    !/^ / { listing = /^The following packages have been kept back:/ }'
  apt-mark showhold | awk '{ print "held", $1 }'
}

# A repository that does not answer is a failure, unless its own file calls it optional.
strict=--setopt=skip_if_unavailable=0

# What comes beside its older versions and not in their place: kernels, with their modules. rpm says of each that nobody
# provides in a sentence.
beside() {
  rpm -q --qf '%{NAME}.%{ARCH}\n' --whatprovides kernel 'installonlypkg(kernel)' 'installonlypkg(kernel-module)' 'installonlypkg(vm)'
}

# check-update prints "name.arch version repository", a long name on a line of its own, and in the end pairs of a package
# and the one that it replaces. To replace is to remove, which only a full upgrade does.
rpm_pending() {
  listed=$(check_update ${refresh:+"$refresh"}) || exit
  safe=$(check_update --security) || exit
  { installed; echo '= beside'; beside; echo '= listed'; printf '%s\n' "$listed"; echo '= safe'; printf '%s\n' "$safe"; } | MODE="$mode" awk '
    $1 == "=" { part = $2; rest = ""; replacing = 0; next }
    part == "" { if ($1 in old) beside[$1]; old[$1] = $2; next }
    part == "beside" { if (NF == 1) beside[$1]; next }
    /^Ignoring repositories: / && part == "listed" { gsub(/,/, ""); for (i = 3; i <= NF; i++) print "ignored", $i }
    /^Obsoleting Packages/ { replacing = 1; next }
    NF == 1 && $1 ~ /.\../ { rest = $1 " "; next }
    { $0 = rest $0; rest = "" }
    NF != 3 || $1 !~ /.\../ || $2 !~ /.-./ { next }
    part == "safe" { if (!replacing) safe[$1]; next }
    !replacing { name[++n] = $1; new[n] = $2; next }
    ($1 in old) && $3 ~ /^@/ { replaced[$1] = by; replaces[by]; next }
    { by = $1; version[by] = $2 }
    END {
      careful = ENVIRON["MODE"] == "update"
      for (i = 1; i <= n; i++) {
        if (careful && (name[i] in replaces)) continue
        print "changed", name[i], ((name[i] in old) && !(name[i] in beside) ? old[name[i]] : "-"), new[i]
        if (name[i] in safe) print "security", name[i]
        delete replaces[name[i]]
      }
      for (gone in replaced) print (careful ? "kept " gone : "changed " gone " " old[gone] " -")
      for (by in replaces) {
        print (careful ? "replacement " by : "changed " by " - " version[by])
        if (careful && (by in old)) print "kept", by
      }
    }'
  "$manager" -q versionlock list 2>/dev/null | awk '
    /^Package name: / { print "held", $3; next }
    /^[^#! ]+-[^-]+-[^-]+$/ { sub(/^[0-9]+:/, ""); sub(/-[^-]*-[^-]*$/, ""); print "held", $0 }'
}

check_update() {
  code=0
  said=$("$manager" "$strict" check-update "$@" 2>&1) || code=$?
  case $code in
  0 | 100) printf '%s\n' "$said" ;;
  *) printf '%s\n' "$said" >&2; exit "$code" ;;
  esac
}

# How many seconds ago apt's lists were last found to be new or up to date, or never. The folder tells when something new
# came, the two files when a refresh of the system's own was a success.
lists_age() {
  set -- /var/lib/apt/lists/*_*
  [ -e "$1" ] || [ -h "$1" ] || { echo never; return; }
  newest=$(stat -c %Y /var/lib/apt/lists /var/lib/apt/periodic/update-stamp /var/lib/apt/periodic/update-success-stamp 2>/dev/null | sort -n | tail -n 1)
  echo $(($(date +%s) - newest))
}

# The lists of apt are those of the last refresh, which needs root. dnf has lists of its own for everybody.
preview() {
  choose_manager
  case $manager:$generation in apt:* | *:3) ;; *) refresh=--refresh ;; esac
  plan=$(pending) || exit
  echo '@@drover result'
  echo '@@drover preview'
  printf '%s\n' "$plan" | awk 'NF { print "@@drover", $0 }'
  [ "$manager" != apt ] || echo "@@drover lists $(lists_age)"
  echo '@@drover end'
}

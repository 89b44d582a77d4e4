# The newest installed kernel of the flavour that runs; the one that runs when there is no other. The flavour is what
# follows the version: amd64 of 6.1.0-22-amd64, x86_64 of 5.14.0-427.el9.x86_64.
newest_kernel() {
  { uname -r
    for dir in /lib/modules/*; do
      if [ -e "/boot/vmlinuz-${dir##*/}" ] || [ -e "$dir/vmlinuz" ]; then echo "${dir##*/}"; fi
    done
  } | awk '
    { flavour = $0; sub(/^[^-]*-/, "", flavour); sub(/^[0-9.]*-?/, "", flavour); sub(/^[a-z]*[0-9_]*\./, "", flavour) }
    NR == 1 { running = flavour }
    flavour == running' | sort -V | tail -n 1
}
reboot_required() {
  [ -e /run/reboot-required ] || [ -e /var/run/reboot-required ] || [ -e /run/reboot-needed ] ||
    [ "$(newest_kernel)" != "$(uname -r)" ]
}

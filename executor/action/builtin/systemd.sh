need_systemd() {
  [ -d /run/systemd/system ] && return
  echo 'drover: this server does not run systemd; nothing was done' >&2
  exit 69
}
# A name without a kind is that of a service: nginx, php8.2-fpm.
unit_of() {
  case "$1" in
  *.service | *.socket | *.target | *.timer | *.mount | *.automount | *.swap | *.path | *.slice | *.scope | *.device) printf '%s\n' "$1" ;;
  *) printf '%s.service\n' "$1" ;;
  esac
}

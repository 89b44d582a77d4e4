# find_service sets $unit. Only services can be restarted: to start reboot.target, or the service behind it, is to reboot.
find_service() {
  need_systemd
  began=$(date +%s)
  unit=$(unit_of "$service")
  name=$(property Id)
  case "$unit:$name:$(property LoadState):$(property SuccessAction)" in
  *:not-found:*) refuse "there is no $unit on this server" ;;
  *:masked:*) refuse "$unit is masked on this server" ;;
  *.service:*.service:loaded:none | *.service:*.service:loaded:) ;;
  *:loaded:*) refuse "$unit is no service that can be restarted" ;;
  *) refuse "$unit cannot be loaded: systemctl status says why" ;;
  esac
  case "$name" in
  systemd-reboot* | systemd-poweroff* | systemd-halt* | systemd-kexec* | systemd-soft-reboot* | systemd-exit* | systemd-suspend* | \
    systemd-hibernate* | systemd-hybrid-sleep* | rescue.service | emergency.service) refuse "$unit takes the server down: reboot and shutdown are for that" ;;
  esac
}
refuse() { echo "drover: $1; nothing was done" >&2; exit 69; }
property() { systemctl show --property "$1" -- "$unit" | sed 's/^[^=]*=//'; }
state() {
  echo "@@drover $1"
  systemctl show --property Id,Type,ActiveState,SubState,Result,ExecMainStatus,MainPID,NRestarts,ActiveEnterTimestamp,ActiveEnterTimestampMonotonic -- "$unit"
}

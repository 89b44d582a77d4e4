package action

// AsPreview returns the action that runs the preview's commands in the place of its own. It changes nothing, has no root's
// rights, needs no approval, and whoever may look may run it. Without a preview it has no command for any platform.
func (a *Action) AsPreview() *Action {
	p := *a
	p.Run, p.Preview, p.preview = a.Preview, nil, true
	p.Role, p.Approvals, p.Verify = RoleViewer, 0, VerifyNone
	p.Changes, p.Sudo, p.Detach = false, false, false
	return &p
}

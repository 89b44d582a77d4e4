package ssh

import (
	"errors"
	"fmt"
	"strings"
)

// sentences says for each kind what happened and what to do next. %s is the server.
func sentence(k Kind) string {
	switch k {
	case Invalid:
		return "%s or its command is described wrongly, so nothing was sent: correct its entry."
	case Local:
		return "drover itself failed before it reached %s: look at its log."
	case NameNotFound:
		return "The name of %s cannot be found: check its address and the DNS."
	case Refused:
		return "%s refused the connection: it is up, but no SSH server listens on that port. Check the port, or start sshd."
	case NoRoute:
		return "There is no network route to %s: check that it is powered on and in the right network."
	case Silent:
		return "%s did not answer: it is down, or a firewall drops the connection."
	case NoHandshake:
		return "%s accepted the connection but did not speak SSH: check the port, or sshd may be hanging."
	case Throttled:
		return "%s turns drover away for now because of too many connections: wait a minute and try again."
	case AlgorithmMismatch:
		return "%s and drover have no encryption method in common: its SSH server is too old and needs an update."
	case HostKeyUnknown:
		return "%s has no trusted host key yet, so nothing was sent: an admin runs `/server trust %[1]s` or `drover server trust %[1]s`."
	case HostKeyChanged:
		return "%s shows another host key than the trusted one, so nothing was sent: " +
			"if it was reinstalled, an admin runs `/server trust %[1]s` or `drover server trust %[1]s`; otherwise treat it as an attack."
	case LoginRefused:
		return "%s did not accept drover's login: check the user name and the credential."
	case LoginClosed:
		return "%s closed the connection during the login: it may be starting up or shutting down. Try again in a minute."
	case LoginSilent:
		return "%s did not finish the login in time: it is overloaded, or its login service hangs."
	case HeldBack:
		return "%s turned drover away a moment ago. So that it does not lock drover out, nothing was sent: try again after %s."
	case AgentMissing:
		return "drover got no key from its ssh-agent, so it did not log in to %s: check SSH_AUTH_SOCK of drover's process, and `ssh-add -l`."
	case CertificateExpired:
		return "%s did not accept drover's login, and the certificate has expired: sign a new one and store it as a new credential."
	case JumpForbidden:
		return "%s does not pass connections on: set AllowTcpForwarding in its sshd_config."
	default:
		return commandSentence(k)
	}
}

func commandSentence(k Kind) string {
	switch k {
	case NoShell:
		return "The account on %s may log in but not run commands: give it a login shell."
	case SudoRefused:
		return "sudo on %s does not allow this user to run it: add the rule that `drover doctor %[1]s` shows."
	case SudoPasswordNeeded:
		return "sudo on %s asks for a password and none is stored: add it to the credential, or allow NOPASSWD."
	case SudoWrongPassword:
		return "sudo on %s did not accept the stored password: correct the credential. It was tried only once."
	case SudoMissing:
		return "sudo is not installed on %s: install it, or log in as root."
	case JobFolder, JobExists, JobUnknown, JobDied:
		return jobSentence(k)
	case NotStarted:
		return "%s did not begin the command in time: sudo or the login shell may be waiting for something."
	case KilledBySignal:
		return "A signal ended the command on %s: look at the server's log for who sent it (often out of memory)."
	case TimedOut:
		return "The command on %s took longer than its limit: %s"
	case WentSilent:
		return "The command on %s printed nothing for longer than it may: %s"
	case TooMuchOutput:
		return "The command on %s printed more than drover takes: %s Correct the action, so that it says less."
	case Cancelled:
		return "The command on %s was cancelled: %s"
	case NoExitStatus:
		return "%s ended the command without saying how: check its state by hand."
	case LinkLost:
		return "The connection to %s was lost while the command ran, so its outcome is unknown: check its state before you try again."
	default:
		return "%s failed: look at drover's log."
	}
}

func jobSentence(k Kind) string {
	switch k {
	case JobFolder:
		return "%s could not make the folder in which the command keeps its output: look at its disk. Nothing was started."
	case JobExists:
		return "The command was begun on %s before, and was not begun a second time."
	case JobUnknown:
		return "The command was never started on %s: try again."
	default:
		return "The command on %s ended without an exit code: it was killed, or the server went down in the middle. Check its state before you try again."
	}
}

// Sentence is one sentence for an operator: what happened and what to do next.
func (e *Error) Sentence() string {
	format := sentence(e.Kind)
	name := e.Server
	if name == "" {
		name = "the server"
	}
	if e.Jump != "" {
		onTheWay := *e
		onTheWay.Server, onTheWay.Jump = e.Jump, ""
		return fmt.Sprintf("%s is reached through %s. %s", name, e.Jump, onTheWay.Sentence())
	}
	var s string
	switch {
	case e.Stop == StopGoesOn:
		s = e.goesOn(name)
	case e.Kind == TimedOut || e.Kind == WentSilent || e.Kind == TooMuchOutput || e.Kind == Cancelled:
		s = fmt.Sprintf(format, name, e.stopped())
	case errors.Is(e.Err, errNoSignature):
		s = fmt.Sprintf("drover's ssh-agent holds a key that %s takes, and did not sign with it: the key asks for a confirmation or a touch, or the agent hangs. "+
			"Add a key for which nobody is asked.", name)
	case e.Kind == LoginRefused && errors.Is(e.Err, errTooManyKeys):
		s = fmt.Sprintf("%s did not accept drover's login: the ssh-agent holds more keys than servers let drover try, and only the first %d were offered. "+
			"Add the right one first, or give drover an agent of its own.", name, maxOffers)
	case e.Kind == LinkLost && !e.Began:
		s = fmt.Sprintf("The connection to %s was lost before the command began: try again.", name)
	case e.Kind == CommandNotFound:
		s = fmt.Sprintf("There is no %s on %s: install it there, or correct the action.", e.Program, name)
	case e.Kind == NotExecutable:
		s = fmt.Sprintf("%s on %s cannot be executed: make it executable there, or correct the action.", e.Program, name)
	case e.Kind == WrongPlatform:
		s = e.wrongPlatform(name)
	case errors.Is(e.Err, errDiskFull):
		s = fmt.Sprintf("The command on %s ended without an exit code, and the disk is full: make some space and check the server before you try again.", name)
	case e.Kind == HeldBack:
		s = fmt.Sprintf(format, name, e.Until.UTC().Format("15:04:05 UTC"))
	default:
		s = fmt.Sprintf(format, name)
	}
	if e.Said != "" {
		s += " sudo said: " + strings.Join(strings.Fields(e.Said), " ")
	}
	if e.Banner != "" {
		s += " It said: " + strings.Join(strings.Fields(e.Banner), " ")
	}
	return s
}

// goesOn says why the waiting ended for a command that did not.
func (e *Error) goesOn(name string) string {
	switch e.Kind {
	case TimedOut:
		return fmt.Sprintf("The command on %s took longer than its limit. It was not stopped: it goes on there.", name)
	case WentSilent:
		return fmt.Sprintf("The command on %s printed nothing for longer than it may. It was not stopped: it goes on there.", name)
	case Cancelled:
		return fmt.Sprintf("drover no longer waits for the command on %s. It was not stopped: it goes on there.", name)
	default:
		return fmt.Sprintf("The connection to %s was lost while the command ran. It goes on there.", name)
	}
}

func (e *Error) stopped() string {
	switch {
	case !e.Began:
		return "it had not begun."
	case e.Stop == StopEnded:
		return "its processes were ended."
	case e.Stop == StopFinished:
		return "it had finished by itself at that moment."
	default:
		return "whether it still runs is unknown, so check before you try again."
	}
}

// wrongPlatform says what a server is, and how to tell drover.
func (e *Error) wrongPlatform(name string) string {
	correct := map[string]string{"RouterOS": "routeros", "IOS": "ios"}[e.Answers]
	switch {
	case e.Answers == "Linux":
		return fmt.Sprintf("%s is registered as a device without a shell and answers as Linux does, so nothing was run: "+
			"an admin corrects it with `drover server edit %[1]s --platform linux`.", name)
	case e.Answers == "":
		return fmt.Sprintf("%s is registered as Linux but does not say that it is, so nothing was run: check its platform with an admin.", name)
	case correct == "":
		return fmt.Sprintf("%s runs %s and not Linux. drover does not know that system, so nothing was run: an admin takes it out with `drover server disable %[1]s because …`.", name, e.Answers)
	}
	return fmt.Sprintf("%s answers as %s and not as Linux, so nothing was run: an admin corrects it with `drover server edit %[1]s --platform %[3]s`.", name, e.Answers, correct)
}

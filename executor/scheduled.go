package executor

import (
	"fmt"
	"strings"

	"drover/store"
)

// ScheduledRequest is what a schedule asks for when its window opens.
func ScheduledRequest(schedule store.Schedule) (Request, error) {
	request := Request{
		Actor: schedule.Owner, Action: schedule.Action, Selector: strings.Fields(schedule.Selector), Params: schedule.Params, Origin: store.Scheduled,
	}
	var err error
	if request.Options, err = ParseOptions(schedule.Options); err != nil {
		return request, fmt.Errorf("schedule %s: %w", schedule.Name, err)
	}
	return request, nil
}

// ScheduledRequests is all that a schedule may ask for: its action and, where it is to see to reboots, those.
func ScheduledRequests(schedule store.Schedule) ([]Request, error) {
	request, err := ScheduledRequest(schedule)
	if err != nil || schedule.Reboot != store.RebootIfRequired {
		return []Request{request}, err
	}
	reboot := ScheduledReboot(request)
	reboot.Selector = request.Selector
	return []Request{request, reboot}, nil
}

// ScheduledReboot is the request for the reboots after another; on which servers is left open.
func ScheduledReboot(request Request) Request {
	request.Action, request.Params, request.Selector, request.Options = RebootAction, nil, nil, rebootOptions(request.Options)
	return request
}

// rebootOptions are those of a run for the reboots after it. They go one by one unless a batch was said: whatever the servers
// are there for, one of them stays up.
func rebootOptions(o Options) Options {
	o.Timeout = 0
	if o.Batch == "" {
		o.Batch = "1"
	}
	return o
}

package executor

// Grade is how a check went.
type Grade string

// The grades.
const (
	Fine  Grade = "ok"
	Worth Grade = "warn" // drover works, and somebody should look
	Wrong Grade = "FAIL"
)

// Finding is what one check of `drover doctor` found.
type Finding struct {
	Subject string   `json:"subject"` // slack, database, … or a server's name
	Check   string   `json:"check"`
	Grade   Grade    `json:"grade"`
	Text    string   `json:"text"`            // what is, and what to do next
	Steps   []string `json:"steps,omitempty"` // what to paste or to do, line by line
}

// findings collects what the checks of one subject find.
type findings struct {
	subject string
	list    []Finding
}

func (f *findings) add(check string, grade Grade, text string, steps ...string) {
	f.list = append(f.list, Finding{Subject: f.subject, Check: check, Grade: grade, Text: text, Steps: steps})
}

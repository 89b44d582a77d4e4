package slacksim

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// page cuts one page out of a list, by the limit and cursor of the call.
func page[T any](r *request, all []T, otherwise, most int) (part []T, next string, err error) {
	limit, err := r.number("limit", otherwise)
	if err != nil {
		return nil, "", err
	}
	if limit == 0 {
		limit = otherwise
	}
	if limit < 0 || limit > most {
		return nil, "", refuse("invalid_limit")
	}
	start, err := readCursor(r.args["cursor"], len(all))
	if err != nil {
		return nil, "", err
	}
	end := min(start+limit, len(all))
	if end < len(all) {
		next = base64.StdEncoding.EncodeToString([]byte("next:" + strconv.Itoa(end)))
	}
	return all[start:end], next, nil
}

func readCursor(text string, most int) (int, error) {
	if text == "" {
		return 0, nil
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return 0, refuse("invalid_cursor")
	}
	digits, ok := strings.CutPrefix(string(data), "next:")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 0 || n > most {
		return 0, refuse("invalid_cursor")
	}
	return n, nil
}

// cursor is the response_metadata of a list.
func cursor(next string) object { return object{"next_cursor": next} }

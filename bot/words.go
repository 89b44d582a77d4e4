package bot

import (
	"errors"
	"strings"
)

var errQuote = errors.New("A quote is opened and not closed.") //nolint:staticcheck // it is shown to the person as it is

// splitWords splits normalised text at spaces. Quotes at the start of a word or after its first = hold spaces in it.
// From the word "because" on, the rest of the line is the reason, whatever is in it.
func splitWords(text string) (words []string, reason string, err error) {
	for {
		text = strings.TrimLeft(text, " ")
		if text == "" {
			return words, "", nil
		}
		word, rest, err := nextWord(text)
		if err != nil {
			return nil, "", err
		}
		if len(words) > 0 && strings.EqualFold(word, "because") {
			return words, strings.TrimSpace(rest), nil
		}
		words, text = append(words, word), rest
	}
}

func nextWord(text string) (word, rest string, err error) {
	start := 0
	if i := strings.IndexAny(text, "= \"'"); i >= 0 && text[i] == '=' {
		start = i + 1
	}
	if start < len(text) && (text[start] == '"' || text[start] == '\'') {
		quote := text[start]
		end := strings.IndexByte(text[start+1:], quote)
		if end < 0 {
			return "", "", errQuote
		}
		return text[:start] + text[start+1:start+1+end], text[start+2+end:], nil
	}
	word, rest, _ = strings.Cut(text, " ")
	return word, rest, nil
}

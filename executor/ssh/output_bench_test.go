package ssh

import (
	"bytes"
	"testing"
)

func BenchmarkOutput(b *testing.B) {
	key := string(bytes.Repeat([]byte("k1234567890123456789012345678901234567890123456789012345678901234567890\n"), 7))
	for name, text := range map[string][]byte{
		"endless": bytes.Repeat([]byte("x"), 1<<20),
		"lines":   bytes.Repeat([]byte("Nov 25 22:13:44 web1 systemd[1]: Started Session 12 of User root.\n"), 1<<20/66),
		"short":   bytes.Repeat([]byte("123456\n"), 1<<20/7),
	} {
		b.Run(name, func(b *testing.B) {
			r := newRedactor([]string{"secret-password", key})
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				var kept capped
				l := lines{redactor: r, sink: kept.add}
				for p := text; len(p) > 0; {
					n := min(len(p), 32<<10)
					l.Write(p[:n])
					p = p[n:]
				}
				l.Close()
				kept.text()
			}
		})
	}
}

package update

import (
	"strings"
	"testing"
	"time"
)

// FuzzMemory holds that whatever lies in update.json, nothing of it can do harm: headers stay one line, and the next
// check comes.
func FuzzMemory(f *testing.F) {
	f.Add([]byte(`{"schema":"https://relctl.dev/schema/update-memory/v1","failures":3,"next":"2026-05-04T12:00:00Z","timestamps":{"a":{"etag":"\"x\"","digest":"sha256:00"}}}`))
	f.Add([]byte(`{"schema":"https://relctl.dev/schema/update-memory/v1","failures":99999999,"timestamps":{"a":{"etag":"\"x\"\r\nHost: evil","digest":""}}}`))
	f.Add([]byte(`null`))
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, data []byte) {
		m := decodeMemory(data, &memory{Schema: memorySchema, Timestamps: map[string]seenTimestamp{}})
		if m.Timestamps == nil || m.Failures < 0 || firstPause<<m.Failures <= 0 {
			t.Errorf("%+v", m)
		}
		for _, s := range m.Timestamps {
			if strings.ContainsAny(s.ETag+s.Modified, "\r\n\x00") {
				t.Errorf("%q", s)
			}
		}
		if !m.due(now, time.Hour) && m.Next.After(now.Add(longestWish+2*time.Hour)) {
			t.Errorf("the next check is on %s", m.Next)
		}
	})
}

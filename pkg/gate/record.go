package gate

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/relctl/relctl/pkg/release"
)

// RecordSchema names the format of [Record].
const RecordSchema = "https://relctl.dev/schema/gate-record/v1"

// Record is what a gate asked and what it was answered: everything that its verdict follows from, and nothing else.
// Exactly one of the answers is set.
type Record struct {
	Schema string `json:"schema"`
	// Gate and Ring are the gate's name and the ring that it guards, which [Recorded] is told; Cell is set in the records
	// of an [Each].
	Gate string `json:"gate,omitempty"`
	Ring string `json:"ring,omitempty"`
	Cell string `json:"cell,omitempty"`
	// At is the moment for which the gate was asked, in UTC.
	At time.Time `json:"at"`
	// Channel, Version and Commit say what was judged.
	Channel string `json:"channel,omitempty"`
	Version string `json:"version,omitempty"`
	Commit  string `json:"commit,omitempty"`

	Approval *ApprovalRecord `json:"approval,omitempty"`
	Command  *CommandRecord  `json:"command,omitempty"`
	Each     []Record        `json:"each,omitzero"`
	Freeze   *FreezeRecord   `json:"freeze,omitempty"`
	GitOps   *GitOpsRecord   `json:"gitops,omitempty"`
	Metric   *MetricRecord   `json:"metric,omitempty"`
	Soak     *SoakRecord     `json:"soak,omitempty"`
}

// Observer is a gate in two halves: Observe asks whatever must be asked, and [Judge] says what follows from the answer.
// Observe never fails: that it could not ask is part of the record.
type Observer interface {
	Observe(ctx context.Context, s Subject) Record
}

// MaxRecord bounds the record of one verdict, in bytes of JSON, so that an event of the ledger has room for many.
const MaxRecord = 1 << 20

// Recorded returns an observer as a gate whose verdicts carry their records. about, which may be nil, is given each
// record before it is judged, to write down what only the caller knows: the names of gate and ring. A record that is too
// large to be kept is an error, since nobody could replay the verdict.
func Recorded(o Observer, about func(*Record)) Gate {
	return Func(func(ctx context.Context, s Subject) release.Verdict {
		r := o.Observe(ctx, s)
		if about != nil {
			about(&r)
		}
		data, err := release.Encode(r)
		switch {
		case err != nil:
			return errored("cannot record what the gate observed: %v", err)
		case len(data) > MaxRecord:
			return errored("what the gate observed is %d bytes long, at most %d are recorded", len(data), MaxRecord)
		}
		v := Judge(r)
		v.Record = bytes.TrimSpace(data)
		return v
	})
}

// judged is a part of a record that a verdict follows from.
type judged interface {
	judge(at time.Time) release.Verdict
}

// Judge returns the verdict that follows from a record. It asks nothing and reads no clock: equal records give equal
// verdicts, on any machine and at any time.
func Judge(r Record) release.Verdict {
	if r.Schema != RecordSchema {
		return errored("the record has the schema %q, not %s", r.Schema, RecordSchema)
	}
	var parts []judged
	if r.Approval != nil {
		parts = append(parts, r.Approval)
	}
	if r.Command != nil {
		parts = append(parts, r.Command)
	}
	if r.Each != nil {
		parts = append(parts, each(r.Each))
	}
	if r.Freeze != nil {
		parts = append(parts, r.Freeze)
	}
	if r.GitOps != nil {
		parts = append(parts, r.GitOps)
	}
	if r.Metric != nil {
		parts = append(parts, r.Metric)
	}
	if r.Soak != nil {
		parts = append(parts, r.Soak)
	}
	if len(parts) != 1 {
		return errored("the record holds the answers of %d gates, not of one", len(parts))
	}
	return parts[0].judge(r.At)
}

// Replay reads a record as JSON, as [release.Encode] wrote it, and judges it again.
func Replay(data []byte) (Record, release.Verdict, error) {
	var r Record
	if err := release.Decode(data, &r); err != nil {
		return Record{}, release.Verdict{}, fmt.Errorf("record of a gate: %w", err)
	}
	return r, Judge(r), nil
}

// newRecord returns a record of what is judged, still without an answer.
func newRecord(at time.Time, s Subject) Record {
	r := Record{Schema: RecordSchema, At: at, Channel: s.Inputs.Channel, Commit: s.Inputs.Commit}
	if !s.Inputs.Version.IsZero() {
		r.Version = s.Inputs.Version.String()
	}
	return r
}

// moment returns t in UTC and whole seconds, as records hold times, or the present if t is zero.
func moment(t time.Time) time.Time {
	if t.IsZero() {
		t = time.Now()
	}
	return t.UTC().Truncate(time.Second)
}

func passed(format string, args ...any) release.Verdict {
	return release.Verdict{Status: release.Pass, Reason: fmt.Sprintf(format, args...)}
}

func failed(format string, args ...any) release.Verdict {
	return release.Verdict{Status: release.Fail, Reason: fmt.Sprintf(format, args...)}
}

func noData(format string, args ...any) release.Verdict {
	return release.Verdict{Status: release.NoData, Reason: fmt.Sprintf(format, args...)}
}

func errored(format string, args ...any) release.Verdict {
	return release.Verdict{Status: release.Errored, Reason: fmt.Sprintf(format, args...)}
}

package release

import "fmt"

// MaxPlanBytes bounds the file of a plan.
const MaxPlanBytes = MaxManifestBytes

// DecodePlan reads a plan as relctl plan --json prints it, strictly (see [Decode]), and holds its inputs against its
// digest.
func DecodePlan(data []byte) (*Plan, error) {
	if len(data) > MaxPlanBytes {
		return nil, fmt.Errorf("it is larger than %d bytes", MaxPlanBytes)
	}
	var p Plan
	if err := Decode(data, &p); err != nil {
		return nil, err
	}
	if p.Schema != PlanSchema {
		return nil, fmt.Errorf("schema is %.80q, this relctl reads %q", p.Schema, PlanSchema)
	}
	in := p.Inputs
	if got := in.Digest(); got != p.Digest {
		return nil, fmt.Errorf("its digest is %.80s, and its inputs have %s", p.Digest, got)
	}
	if err := CheckName(in.Product); err != nil {
		return nil, fmt.Errorf("product: %w", err)
	}
	if err := CheckName(in.Channel); err != nil {
		return nil, fmt.Errorf("channel: %w", err)
	}
	if !isHex(in.Commit, 40) && !isHex(in.Commit, 64) {
		return nil, fmt.Errorf("commit %.80q is not a full commit id", in.Commit)
	}
	if in.Version.IsZero() || in.SourceDate.IsZero() {
		return nil, fmt.Errorf("version or source_date is missing")
	}
	return &p, nil
}

package project

// Progress is one step of a cut or a rollout.
type Progress struct {
	// Stage is "plan", "reserve", "build", "images", "attest", "documents", "manifest", "sign", "push", "stage", "gates", "commit",
	// "trust", "bundle" or "reveal"; of a rollout "event", "deploy" or "artifact".
	Stage string
	// State is "start", "done", "kept" if an earlier run had done it, or "warning".
	State string
	// Text says what was done, for a person.
	Text string
}

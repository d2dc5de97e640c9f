package verify

import "time"

// DecodeState and DecodeSite read what a site keeps.
var (
	DecodeState = decodeState
	DecodeSite  = decodeSite
)

// SetClock gives a site that was put together by hand a clock.
func (s *Site) SetClock(now func() time.Time) { s.now = now }

// Walk holds trust metadata against a state.
func Walk(product string, s *State, files Files) (*State, error) {
	w, err := walk(product, s, files)
	return w.state, err
}

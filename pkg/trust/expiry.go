package trust

import "time"

// Expiry is metadata that ends.
type Expiry struct {
	Role    string    `json:"role"`
	Version uint64    `json:"version"`
	Expires time.Time `json:"expires"`
	// Days are left, negative after it.
	Days int `json:"days"`
	// Soon says that it is time to renew.
	Soon bool `json:"soon"`
}

// maxWarning is how long before the end a warning begins, for metadata that lives long.
const maxWarning = 90 * 24 * time.Hour

// Expiries returns when the newest metadata of each role ends. life is how long the policy lets it live: in the last
// quarter, and at most 90 days before the end, it is time to renew.
func (r *Repository) Expiries(now time.Time, life func(role string) time.Duration) []Expiry {
	out := []Expiry{}
	for _, role := range r.Roles() {
		e := Expiry{Role: role, Version: r.newest(role), Expires: r.Expires(role)}
		e.Days = int(e.Expires.Sub(now).Hours()) / 24
		if now.After(e.Expires) {
			e.Days = min(e.Days, -1)
		}
		e.Soon = e.Expires.Sub(now) < min(maxWarning, life(role)/4)
		out = append(out, e)
	}
	return out
}

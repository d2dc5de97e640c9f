package channel

import "time"

// ProductTrust is how long the metadata of the whole product lasts, in days. Its keys stand in the metadata itself:
// relctl trust shows and changes them.
type ProductTrust struct {
	// Root is how many days a root lasts, at most 800. Default is 730.
	Root int `json:"root,omitempty"`
	// Expiry is how many days targets, snapshot and timestamp last, at most 400. Default is 400: sites without network see
	// them late. How fresh they must be is each site's to say.
	Expiry int `json:"expiry,omitempty"`
}

// Trust is how long the metadata of a channel lasts.
type Trust struct {
	// Expiry is how many days the list of releases and the standing last, at most 400. Default is 400.
	Expiry int `json:"expiry,omitempty"`
}

const (
	defaultRootDays  = 730
	maxRootDays      = 800
	defaultTrustDays = 400
	maxTrustDays     = 400
	day              = 24 * time.Hour
)

// RootLife is how long a root lasts.
func (p ProductTrust) RootLife() time.Duration { return days(p.Root, defaultRootDays) }

// Life is how long targets, snapshot and timestamp last.
func (p ProductTrust) Life() time.Duration { return days(p.Expiry, defaultTrustDays) }

// Life is how long what is said about the channel lasts.
func (t Trust) Life() time.Duration { return days(t.Expiry, defaultTrustDays) }

func days(n, otherwise int) time.Duration {
	if n == 0 {
		n = otherwise
	}
	return time.Duration(n) * day
}

// atMost records an error if a number of days is too large.
func (d *document) atMost(path string, n, limit int) {
	if n > limit {
		d.failAt(path, "%d days are more than the %d that trust may last without a person", n, limit)
	}
}

package update

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"time"

	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/verify"
)

// Config says what to ask for, and where.
type Config struct {
	// Product and Channel are what the program is and follows.
	Product, Channel string
	// Also are channels of which the news are fetched too: those over which a way to Channel may lead.
	Also []string
	// Root is the vendor's root metadata, as the program carries it. A newer program may carry a newer one.
	Root []byte
	// Dir holds what is kept: a folder for this vendor and product alone, or the site of relverify.
	Dir string
	// From are the places to ask, in this order, until one has news that count: web addresses of a store or of a mirror of
	// it, or folders; with Open also others.
	From []string
	// Open opens addresses with a scheme other than https and http. publish.Parse opens registries and buckets:
	// func(at string) (update.Store, error) { return publish.Parse(at) }.
	Open func(at string) (Store, error)
	// MaxAge is the age of the vendor's word beyond which an answer carries the notice [verify.CodeStale], 0 for any age.
	MaxAge time.Duration
	// Interval is the time between two checks, spread by a quarter to either side. Default is a day.
	Interval time.Duration
	// Timeout is for one request. Default is half a minute.
	Timeout time.Duration
	// HTTP makes the requests. Default is one that keeps no connection after a call.
	HTTP *http.Client
	// Now is the clock. Default is [time.Now].
	Now func() time.Time
}

// Store is a store that is neither a folder nor behind a web server; publish.Store is one.
type Store interface {
	// Get returns a file by its path in the store, such as "trust/timestamp.json", or nil if it is not there.
	Get(ctx context.Context, name string) ([]byte, error)
}

// ConfigError is a [Config] that cannot be used.
type ConfigError struct{ Text, Remedy string }

func (e *ConfigError) Error() string { return e.Text }

// Hint says what to give.
func (e *ConfigError) Hint() string { return e.Remedy }

// Client asks for updates. Any number of programs and goroutines may share a folder, each with a Client of its own or
// not.
type Client struct{ config Config }

// New makes a client; it reads and reaches nothing. The error is a [*ConfigError].
func New(c Config) (*Client, error) {
	for what, name := range map[string]string{"product": c.Product, "channel": c.Channel} {
		if err := release.CheckName(name); err != nil {
			return nil, &ConfigError{Text: what + ": " + err.Error(), Remedy: "name both as the vendor's channel files do"}
		}
	}
	switch {
	case len(c.Root) == 0:
		return nil, &ConfigError{Text: "there is no root of trust", Remedy: "embed root.json, which relctl trust kit writes, into the program"}
	case c.Dir == "":
		return nil, &ConfigError{Text: "there is no folder to keep what was learned", Remedy: "give one that outlasts the process"}
	case len(c.From) == 0:
		return nil, &ConfigError{Text: "there is no place to ask", Remedy: "give the address of the vendor's store, or a folder"}
	case c.Interval < 0 || c.Timeout < 0 || c.MaxAge < 0:
		return nil, &ConfigError{Text: "a time is below zero"}
	}
	for _, at := range c.From {
		if _, err := c.open(at, nil); err != nil {
			return nil, err
		}
	}
	if c.Interval == 0 {
		c.Interval = 24 * time.Hour
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Client{c}, nil
}

// Answer is what is known about an installed version.
type Answer struct {
	verify.Advice
	// Checked is when a place was last asked with success, and Source which; zero and "" if all that is known came
	// otherwise, such as by relverify.
	Checked time.Time `json:"checked,omitzero"`
	Source  string    `json:"source,omitempty"`
	// Next is when Check asks again.
	Next time.Time `json:"next,omitzero"`
	// Problem is why nobody could be asked this time, nil if somebody was or nobody had to be: [*SourceError]s, and a
	// [*verify.Refusal] from a place whose word is not believed.
	Problem error `json:"-"`
}

// Age is how long ago a place was last asked with success.
func (a *Answer) Age(now time.Time) time.Duration { return now.Sub(a.Checked) }

// Check answers for an installed version, the zero one for nothing, and asks before if it is time to. The error is one of
// the folder or of ctx, or says why nothing at all is known.
func (c *Client) Check(ctx context.Context, installed release.Version) (*Answer, error) {
	return c.check(ctx, installed, false)
}

// CheckNow is Check when a person asks: it does not wait for the next time.
func (c *Client) CheckNow(ctx context.Context, installed release.Version) (*Answer, error) {
	return c.check(ctx, installed, true)
}

func (c *Client) check(ctx context.Context, installed release.Version, now bool) (*Answer, error) {
	if err := c.prepare(ctx); err != nil {
		return nil, err
	}
	m := recall(c.config.Dir)
	var problem error
	if now || m.due(c.config.Now(), c.config.Interval) {
		problem = c.visitAll(ctx, m)
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		if err := m.save(c.config.Dir); err != nil {
			return nil, err
		}
	}
	a, err := c.answer(m, installed)
	if err != nil {
		return nil, errors.Join(err, problem)
	}
	a.Problem = problem
	return a, nil
}

// Kept answers from what is kept, and asks nobody. The error is [fs.ErrNotExist] if nothing was ever kept.
func (c *Client) Kept(installed release.Version) (*Answer, error) {
	return c.answer(recall(c.config.Dir), installed)
}

func (c *Client) answer(m *memory, installed release.Version) (*Answer, error) {
	s, err := verify.ReadSite(c.config.Dir, c.config.Now)
	if err != nil {
		return nil, err
	}
	if _, err := c.fits(s); err != nil {
		return nil, err
	}
	s.Config.MaxAge = int64(c.config.MaxAge / time.Second)
	advice, err := s.Advise(c.config.Channel, installed)
	if err != nil {
		return nil, err
	}
	return &Answer{Advice: *advice, Checked: m.Checked, Source: m.Source, Next: m.Next}, nil
}

// prepare makes the folder what it has to be.
func (c *Client) prepare(ctx context.Context) error {
	s, err := verify.ReadSite(c.config.Dir, c.config.Now)
	if errors.Is(err, fs.ErrNotExist) {
		s, err = verify.InitSite(c.config.Dir, verify.NewSite{Root: c.config.Root, Product: c.config.Product, Channel: c.config.Channel}, c.config.Now)
		if other, rerr := verify.ReadSite(c.config.Dir, c.config.Now); err != nil && rerr == nil {
			s, err = other, nil // another process was first
		}
	}
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = c.fits(s)
	return errors.Join(err, ctx.Err())
}

// fits holds a folder against the configuration, and returns the name under which the program's root is offered.
func (c *Client) fits(s *verify.Site) (string, error) {
	if s.Config.Product != c.config.Product {
		return "", &ConfigError{Text: s.Dir + " is about product " + s.Config.Product, Remedy: "give each product a folder of its own"}
	}
	return s.Offer(c.config.Root)
}

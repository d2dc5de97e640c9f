package rollout

import (
	"errors"
	"fmt"

	"github.com/relctl/relctl/pkg/ledger"
	"github.com/relctl/relctl/pkg/release"
	"github.com/relctl/relctl/pkg/ring"
)

// DeployError is a ring whose manifests could not be brought to what the ledger says.
type DeployError struct {
	Channel, Ring string
	Version       release.Version
	Err           error
}

func (e *DeployError) Error() string {
	return fmt.Sprintf("the ledger points ring %s to %s, but it cannot be deployed: %v", e.Ring, e.Version, e.Err)
}
func (e *DeployError) Unwrap() error { return e.Err }

// Hint says that a rerun finishes the job, after what the cause advises.
func (e *DeployError) Hint() string {
	text := fmt.Sprintf("remove the cause and run relctl advance %s: it goes on from here", e.Channel)
	var cause interface{ Hint() string }
	if errors.As(e.Err, &cause) && cause.Hint() != "" {
		text = cause.Hint() + "\n" + text
	}
	return text
}

// UnsignedError is an event of the rings without the signature that the policy demands.
type UnsignedError struct {
	Channel string
	Event   uint64
}

func (e *UnsignedError) Error() string {
	return fmt.Sprintf("event %d of the ledger lacks the signature of role %s, so nothing of %s is deployed because of it or after it", e.Event, ledger.RoleDeploy, e.Channel)
}

// Hint says where to look, and how somebody of the role makes up for it.
func (e *UnsignedError) Hint() string { return ring.UnsignedHint(e.Event) }

package deploy

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/relctl/relctl/pkg/release"
)

// DeployedSchema names the format of [Deployed].
const DeployedSchema = "https://relctl.dev/schema/deployed/v1"

// Deployed is relctl.json, what stands beside a cell's manifests and says what they are.
type Deployed struct {
	Schema  string          `json:"schema"`
	Product string          `json:"product"`
	Channel string          `json:"channel"`
	Ring    string          `json:"ring"`
	Cell    string          `json:"cell"`
	Version release.Version `json:"version"`
	Commit  string          `json:"commit"`
	// Release is the digest of release.json.
	Release string `json:"release"`
	// Manifests is the digest of manifests.yaml.
	Manifests string `json:"manifests"`
	// Objects is how many there are.
	Objects int     `json:"objects"`
	Images  []Image `json:"images,omitempty"`
	// Namespaces of the objects, and the kinds of those that stand in none.
	Namespaces  []string `json:"namespaces,omitempty"`
	ClusterWide []Kind   `json:"cluster_wide,omitempty"`
}

// Kind is a kind of objects.
type Kind struct {
	Group string `json:"group" yaml:"group"`
	Kind  string `json:"kind" yaml:"kind"`
}

// maxState bounds relctl.json.
const maxState = 1 << 20

// ReadDeployed returns what a cell runs as the deploy branch has it, nil if there is nothing. files may be nil.
func ReadDeployed(files fs.FS, ring, cell string) (*Deployed, error) {
	name := renderedDir(ring, cell) + "/" + stateName
	data, err := readFile(files, name, maxState)
	if data == nil || err != nil {
		return nil, err
	}
	var d Deployed
	if err := release.Decode(data, &d); err != nil {
		return nil, fmt.Errorf("deploy: %s: %w", name, err)
	}
	if d.Schema != DeployedSchema {
		return nil, fmt.Errorf("deploy: %s: schema is %q, this relctl reads %q", name, d.Schema, DeployedSchema)
	}
	if d.Ring != ring || d.Cell != cell {
		return nil, fmt.Errorf("deploy: %s: it is about cell %s of ring %s", name, d.Cell, d.Ring)
	}
	return &d, nil
}

// ReadManifests returns a cell's manifests as the deploy branch has them, nil if there are none. files may be nil.
func ReadManifests(files fs.FS, ring, cell string) ([]byte, error) {
	return readFile(files, renderedDir(ring, cell)+"/"+manifestsName, maxTotal)
}

// readFile returns nil for a file that is not there.
func readFile(files fs.FS, name string, limit int64) ([]byte, error) {
	if files == nil {
		return nil, nil
	}
	info, err := fs.Stat(files, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("deploy: %w", err)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("deploy: %s is larger than %d bytes", name, limit)
	}
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, fmt.Errorf("deploy: %w", err)
	}
	return data, nil
}

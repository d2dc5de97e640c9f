package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/relctl/relctl/pkg/bundle"
	"github.com/relctl/relctl/pkg/fact"
	"github.com/relctl/relctl/pkg/release"
)

// releaseFacts returns the facts of a release that lies here, as a bundle or in a folder; found is false if the name is
// that of neither.
func releaseFacts(name string) (set *fact.Set, found bool, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, false, nil //nolint:nilerr // a release, a branch or a commit
	}
	if info.IsDir() {
		if _, err := os.Stat(filepath.Join(name, release.ManifestName)); err != nil {
			return nil, false, nil //nolint:nilerr // a folder that is called like a branch
		}
		set, err = folderFacts(name)
	} else if strings.HasSuffix(name, ".bundle") {
		set, err = bundleFacts(name)
	} else {
		return nil, false, nil
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return set, true, err
}

func folderFacts(dir string) (*fact.Set, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }() // only read
	set, _, err := fact.OfFolder(root.FS())
	return set, err
}

func bundleFacts(path string) (*fact.Set, error) {
	b, end, err := bundle.OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = end() }() // only read
	set, _, err := fact.OfRelease(b.ReadFile)
	return set, err
}

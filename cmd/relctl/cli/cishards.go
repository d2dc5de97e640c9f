package cli

import (
	"cmp"
	"path/filepath"

	"github.com/relctl/relctl/pkg/build"
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/pipeline"
)

// addShards says on how many machines a release is built, and where they leave what they made: in the first store that
// all of them can reach.
func (f *ciFlags) addShards(o *pipeline.Options, product channel.Product) error {
	if f.shards < 2 || f.shards > build.MaxShards {
		return usagef("such as --shards 6; without it the job that cuts builds", "--shards %d: there can be 2 to %d", f.shards, build.MaxShards)
	}
	if len(product.Shards.Keys) == 0 {
		return usagef("relctl key generate --out channels/keys --name shards, then add shards: {keys: [channels/keys/shards.pub]}", "channels/product.yaml names no key that signs shards")
	}
	for _, s := range product.Stores {
		at := cmp.Or(s.URL, s.Directory)
		if at != "" && (s.URL != "" || !filepath.IsLocal(s.Directory)) {
			o.Shards, o.ShardStore = f.shards, at
			return nil
		}
	}
	return usagef("add a registry or a bucket to the stores of channels/product.yaml: {url: oci://registry.example.com/acme/releases}",
		"the machines that build share no store: a folder in the clone is each one's own")
}

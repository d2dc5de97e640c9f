package extract

import (
	"github.com/relctl/relctl/pkg/channel"
	"github.com/relctl/relctl/pkg/fact"
)

// ready reads facts that are facts already.
func ready(_ channel.FactSource, f file) ([]fact.Fact, error) {
	s, err := fact.Decode(f.data)
	if err != nil {
		return nil, err
	}
	return s.Facts, nil
}

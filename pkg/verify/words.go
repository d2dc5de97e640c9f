package verify

import (
	"crypto/sha256"
	_ "embed"
	"fmt"
	"math/big"
	"strings"
	"sync"
)

// english is the English word list of BIP-39: 2048 words that are told apart by their first four letters.
//
//go:embed words.txt
var english string

var wordList = sync.OnceValue(func() []string { return strings.Fields(english) })

const headWords = 8

// HeadWords are eight words for a release at the head of a channel, for two sites to compare by telephone: 88 bits of a
// sha256 over product, channel, sequence and the digest of release.json. Who was given a release of their own hears
// other words.
func HeadWords(product, channel string, sequence uint64, digest string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "relctl channel head\n%s\n%s\n%d\n%s\n", product, channel, sequence, digest))
	list := wordList()
	n := new(big.Int).SetBytes(sum[:headWords*11/8])
	size, index := big.NewInt(int64(len(list))), new(big.Int)
	words := make([]string, headWords)
	for i := headWords - 1; i >= 0; i-- {
		n.DivMod(n, size, index)
		words[i] = list[index.Int64()]
	}
	return strings.Join(words, " ")
}

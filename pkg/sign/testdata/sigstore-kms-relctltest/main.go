// Command sigstore-kms-relctltest is a key service for tests: relctltest://<path of a PKCS #8 file> signs with that key. It
// speaks the protocol of sigstore's plugins, by sigstore's own library.
package main

import (
	"context"
	"crypto"
	"fmt"
	"os"
	"strings"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin/handler"
)

// service is a key of which only its signatures come out.
type service struct{ signature.SignerVerifier }

func (service) CreateKey(context.Context, string) (crypto.PublicKey, error) {
	return nil, fmt.Errorf("keys are made elsewhere")
}

func (s service) CryptoSigner(context.Context, func(error)) (crypto.Signer, crypto.SignerOpts, error) {
	return nil, nil, fmt.Errorf("not offered")
}
func (service) SupportedAlgorithms() []string { return []string{"ecdsa-p256"} }
func (service) DefaultAlgorithm() string      { return "ecdsa-p256" }

func main() {
	if err := run(); err != nil {
		_ = handler.WriteErrorResponse(os.Stdout, err)
		os.Exit(1)
	}
}

func run() error {
	args, err := handler.GetPluginArgs(os.Args)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(strings.TrimPrefix(args.InitOptions.KeyResourceID, "relctltest://"))
	if err != nil {
		return err
	}
	key, err := cryptoutils.UnmarshalPEMToPrivateKey(data, cryptoutils.SkipPassword)
	if err != nil {
		return err
	}
	signer, err := signature.LoadSignerVerifier(key, crypto.SHA256)
	if err != nil {
		return err
	}
	_, err = handler.Dispatch(os.Stdout, os.Stdin, args, service{signer})
	return err
}

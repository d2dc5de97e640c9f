package sign_test

import (
	"context"
	"fmt"
	"log"

	"github.com/relctl/relctl/pkg/sign"
)

func Example() {
	private, public, err := sign.Generate([]byte("a password"))
	if err != nil {
		log.Fatal(err)
	}
	key, err := sign.Load(private, []byte("a password"))
	if err != nil {
		log.Fatal(err)
	}
	manifest := []byte(`{"product": "acme"}`)
	bundle, err := key.Sign(context.Background(), manifest)
	if err != nil {
		log.Fatal(err)
	}

	trusted, err := sign.ParsePublic(public)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(trusted.Algorithm())
	fmt.Println("as signed:", sign.Verify(trusted, manifest, bundle))
	fmt.Println("altered:", sign.Verify(trusted, []byte(`{"product": "evil"}`), bundle))
	// Output:
	// ECDSA P-256
	// as signed: <nil>
	// altered: signature refused: the bundle is about another file
}

func ExampleLoad() {
	private, _, err := sign.Generate([]byte("a password"))
	if err != nil {
		log.Fatal(err)
	}
	_, err = sign.Load(private, []byte("another"))
	fmt.Println(err)
	// Output: wrong password, or the key file was altered
}

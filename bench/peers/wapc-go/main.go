// The waPC cases on wapc-go with wazero. usage: peer-wapc-go CASES SECONDS   (see ../README.md)
package main

import (
	"context"
	"os"

	"github.com/wapc/wapc-go"
	"github.com/wapc/wapc-go/engines/wazero"
	"mortise.example/peer"
)

func main() {
	ctx := context.Background()
	echo := func(_ context.Context, _, _, _ string, payload []byte) ([]byte, error) { return payload, nil }
	peer.Main("wapc-go", []string{"github.com/wapc/wapc-go", "github.com/tetratelabs/wazero"}, func(of peer.Case) func() {
		if of.Kind != "wapc" && of.Kind != "wapc-fresh" {
			return nil
		}
		wasm, err := os.ReadFile(of.File)
		peer.Must(err)
		module, err := wazero.Engine().New(ctx, echo, wasm, &wapc.ModuleConfig{})
		peer.Must(err)
		if of.Kind == "wapc-fresh" {
			return func() {
				instance, err := module.Instantiate(ctx)
				peer.Must(err)
				_, err = instance.Invoke(ctx, of.Operation, of.Payload)
				peer.Must(err)
				peer.Must(instance.Close(ctx))
			}
		}
		instance, err := module.Instantiate(ctx)
		peer.Must(err)
		return func() {
			_, err := instance.Invoke(ctx, of.Operation, of.Payload)
			peer.Must(err)
		}
	})
}

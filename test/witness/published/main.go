// What others have published for logs like ours, as a program: checkers of a log's files, a witness, and a client of witnesses.
//
//	published check FOLDER KEY      every entry, tile and hash by Tessera's fsck; an inclusion and a consistency proof of each size by Go's own tlog
//	published prove                 lines of JSON on standard input: which of these consistency proofs hold
//	published witness ORIGIN KEY    a witness of this log on a port of its own, until standard input ends
//	published submit FOLDER KEY URL WITNESS-KEY SIZE   brings the log's checkpoint to a witness that knows SIZE entries of it
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	f_note "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	witness_client "github.com/transparency-dev/witness/client/http"
	"github.com/transparency-dev/witness/persistence/inmemory"
	"github.com/transparency-dev/witness/witness"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	commands := map[string]struct {
		operands int
		run      func(words []string) error
	}{
		"check":   {2, func(w []string) error { return check(w[0], w[1]) }},
		"prove":   {0, func([]string) error { return prove() }},
		"witness": {2, func(w []string) error { return serve(w[0], w[1]) }},
		"submit":  {5, func(w []string) error { return submit(w[0], w[1], w[2], w[3], w[4]) }},
	}
	if len(os.Args) < 2 {
		fail(errors.New("which command?"))
	}
	command, known := commands[os.Args[1]]
	if !known || len(os.Args)-2 != command.operands {
		fail(errors.New("no such command, or other operands"))
	}
	fail(command.run(os.Args[2:]))
}

func fail(err error) {
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func print(values map[string]any) error { return json.NewEncoder(os.Stdout).Encode(values) }

func check(folder, key string) error {
	ctx := context.Background()
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	files := client.FileFetcher{Root: folder}
	hasher := func(bundle []byte) ([][]byte, error) {
		var entries api.EntryBundle
		if err := entries.UnmarshalText(bundle); err != nil {
			return nil, err
		}
		var hashes [][]byte
		for _, each := range entries.Entries {
			hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(each))
		}
		return hashes, nil
	}
	if err := fsck.New(verifier.Name(), verifier, files, hasher, fsck.Opts{N: 2}).Check(ctx); err != nil {
		return fmt.Errorf("fsck: %w", err)
	}

	// The same by what the Go command verifies its own checksum database with.
	raw, err := files.ReadCheckpoint(ctx)
	if err != nil {
		return err
	}
	opened, err := note.Open(raw, note.VerifierList(verifier))
	if err != nil {
		return err
	}
	lines := strings.SplitN(opened.Text, "\n", 4)
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return err
	}
	hashes := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, tileFiles{folder})
	proofs := 0
	for _, at := range placesOf(size) {
		bundle, err := client.GetEntryBundle(ctx, files.ReadEntryBundle, uint64(at)/256, uint64(size))
		if err != nil {
			return err
		}
		record, err := tlog.ProveRecord(size, at, hashes)
		if err != nil {
			return fmt.Errorf("prove entry %d: %w", at, err)
		}
		if err := tlog.CheckRecord(record, size, root, at, tlog.RecordHash(bundle.Entries[at%256])); err != nil {
			return fmt.Errorf("entry %d: %w", at, err)
		}
		older, err := tlog.TreeHash(at+1, hashes)
		if err != nil {
			return err
		}
		tree, err := tlog.ProveTree(size, at+1, hashes)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(tree, size, root, at+1, older); err != nil {
			return fmt.Errorf("the first %d: %w", at+1, err)
		}
		proofs++
	}
	return print(map[string]any{"size": size, "root": lines[2], "proofs": proofs})
}

// The ends of tiles and what lies beside them, of all levels, and steps in between.
func placesOf(size int64) []int64 {
	wanted := map[int64]bool{}
	for _, edge := range []int64{0, 255, 256, 257, 511, 512, 65535, 65536, 65537, size - 2, size - 1} {
		wanted[edge] = true
	}
	for at := int64(0); at < size; at += 1 + size/100 {
		wanted[at] = true
	}
	var all []int64
	for at := range wanted {
		if at >= 0 && at < size {
			all = append(all, at)
		}
	}
	return all
}

// Tiles where C2SP has them: without their height in the path.
type tileFiles struct{ folder string }

func (tileFiles) Height() int                     { return 8 }
func (tileFiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t tileFiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, each := range tiles {
		path := strings.Replace(each.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func prove() error {
	verdicts := []bool{}
	input := bufio.NewReader(os.Stdin)
	for decoder := json.NewDecoder(input); ; {
		var claim struct {
			Older, Newer uint64
			Roots        [2][]byte
			Proof        [][]byte
		}
		if err := decoder.Decode(&claim); errors.Is(err, io.EOF) {
			return print(map[string]any{"verdicts": verdicts})
		} else if err != nil {
			return err
		}
		err := proof.VerifyConsistency(rfc6962.DefaultHasher, claim.Older, claim.Newer, claim.Proof, claim.Roots[0], claim.Roots[1])
		verdicts = append(verdicts, err == nil)
	}
}

func serve(origin, key string) error {
	ctx := context.Background()
	secret, plain, err := note.GenerateKey(rand.Reader, "witness.published.example")
	if err != nil {
		return err
	}
	signer, err := f_note.NewSignerForCosignatureV1(secret)
	if err != nil {
		return err
	}
	public, err := f_note.VKeyToCosignatureV1(plain)
	if err != nil {
		return err
	}
	log, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	one, err := witness.New(ctx, witness.Opts{
		Persistence: inmemory.New(),
		Signers:     []note.Signer{signer},
		VerifierForLog: func(_ context.Context, asked string) (note.Verifier, bool, error) {
			return log, asked == origin, nil
		},
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add-checkpoint", witness.NewHTTPHandler(one).AddCheckpoint)
	go http.Serve(listener, mux)
	if err := print(map[string]any{"url": "http://" + listener.Addr().String(), "key": public}); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func submit(folder, key, address, witnessKey, known string) error {
	ctx := context.Background()
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	cosigner, err := f_note.NewVerifierForCosignatureV1(witnessKey)
	if err != nil {
		return err
	}
	older, err := strconv.ParseUint(known, 10, 64)
	if err != nil {
		return err
	}
	files := client.FileFetcher{Root: folder}
	checkpoint, raw, _, err := client.FetchCheckpoint(ctx, files.ReadCheckpoint, verifier, verifier.Name())
	if err != nil {
		return err
	}
	builder, err := client.NewProofBuilder(ctx, checkpoint.Size, files.ReadTile)
	if err != nil {
		return err
	}
	var hashes [][]byte
	if older > 0 {
		if hashes, err = builder.ConsistencyProof(ctx, older, checkpoint.Size); err != nil {
			return err
		}
	}
	prefix, err := url.Parse(address)
	if err != nil {
		return err
	}
	body, size, err := witness_client.NewWitness(prefix, http.DefaultClient).Update(ctx, older, raw, hashes)
	switch {
	case errors.Is(err, witness.ErrCheckpointStale):
		return print(map[string]any{"outcome": "stale", "size": size})
	case err != nil:
		return print(map[string]any{"outcome": err.Error()})
	}
	opened, err := note.Open(bytes.Join([][]byte{raw, body}, nil), note.VerifierList(verifier, cosigner))
	if err != nil {
		return err
	}
	return print(map[string]any{"outcome": "cosigned", "size": checkpoint.Size, "signatures": len(opened.Sigs)})
}

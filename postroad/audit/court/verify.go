// Checks the logs and proofs of an exported audit folder with Go's own code for transparency
// logs, golang.org/x/mod/sumdb: another implementation than the one that wrote the folder.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run verify.go FOLDER
//
// (Debian: golang-go and golang-golang-x-mod-dev.) The keys are those of the files in policy/.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A cosigner is a C2SP cosignature/v1 key: Ed25519 over a stated time and the checkpoint.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	head := fmt.Sprintf("cosignature/v1\ntime %d\n", binary.BigEndian.Uint64(sig))
	return ed25519.Verify(c.key, append([]byte(head), msg...), sig[8:])
}

type tree struct {
	origin string
	size   int64
	root   tlog.Hash
	signed int
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: verify FOLDER")
		os.Exit(2)
	}
	folder := os.Args[1]
	verifiers, err := keys(folder)
	if err == nil {
		err = logs(folder, verifiers)
	}
	if err == nil {
		err = proofs(folder, verifiers)
	}
	if err != nil {
		fmt.Println("WRONG", err)
		os.Exit(1)
	}
	fmt.Println("all of it holds")
}

func keys(folder string) (note.Verifiers, error) {
	paths, _ := filepath.Glob(filepath.Join(folder, "policy", "*.txt"))
	known := map[string]note.Verifier{}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		for _, line := range strings.Split(string(raw), "\n") {
			words := strings.Fields(line)
			switch {
			case len(words) >= 2 && words[0] == "log":
				v, err := note.NewVerifier(words[1])
				if err != nil {
					return nil, err
				}
				known[words[1]] = v
			case len(words) >= 3 && words[0] == "witness":
				c, err := parseCosigner(words[2])
				if err != nil {
					return nil, err
				}
				known[words[2]] = c
			}
		}
	}
	list := []note.Verifier{}
	for _, v := range known {
		list = append(list, v)
	}
	return note.VerifierList(list...), nil
}

func parseCosigner(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, fmt.Errorf("%s is no key", vkey)
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return nil, fmt.Errorf("%s is no key of a cosigner", vkey)
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	hash := binary.BigEndian.Uint32(sum[:])
	if fmt.Sprintf("%08x", hash) != parts[1] {
		return nil, fmt.Errorf("%s has another id", vkey)
	}
	return cosigner{parts[0], hash, ed25519.PublicKey(key[1:])}, nil
}

func open(raw []byte, known note.Verifiers) (*tree, error) {
	n, err := note.Open(raw, known)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 {
		return nil, fmt.Errorf("a checkpoint has three lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return nil, err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return nil, err
	}
	for _, sig := range n.Sigs {
		if sig.Name == lines[0] {
			return &tree{lines[0], size, root, len(n.Sigs)}, nil
		}
	}
	return nil, fmt.Errorf("%s did not sign its checkpoint", lines[0])
}

// tiles reads the hashes of a log from its files; Go's reader checks each tile against the root.
type tiles struct{ folder string }

func (t tiles) Height() int { return 8 }
func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	found := [][]byte{}
	for _, tile := range wanted {
		// Go writes tile/8/0/...; C2SP leaves the height out.
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		raw, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		found = append(found, raw)
	}
	return found, nil
}
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func logs(folder string, known note.Verifiers) error {
	paths, _ := filepath.Glob(filepath.Join(folder, "logs", "*", "checkpoint"))
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		t, err := open(raw, known)
		if err != nil {
			return fmt.Errorf("%s: %v", path, err)
		}
		if err := leaves(t, filepath.Dir(path)); err != nil {
			return fmt.Errorf("%s: %v", path, err)
		}
		fmt.Printf("ok    %s: %d leaves, %d signatures\n", t.origin, t.size, t.signed)
	}
	return nil
}

// leaves asks for every leaf of a log, and for the consistency of its trees.
func leaves(t *tree, folder string) error {
	if t.size == 0 {
		return nil
	}
	reader := tlog.TileHashReader(tlog.Tree{N: t.size, Hash: t.root}, tiles{folder})
	for start := int64(0); start < t.size; start += 256 {
		index := []int64{}
		for i := start; i < start+256 && i < t.size; i++ {
			index = append(index, tlog.StoredHashIndex(0, i))
		}
		if _, err := reader.ReadHashes(index); err != nil {
			return err
		}
	}
	for old := t.size; old > 0; old /= 3 {
		hash, err := tlog.TreeHash(old, reader)
		if err != nil {
			return err
		}
		proof, err := tlog.ProveTree(t.size, old, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, t.size, t.root, old, hash); err != nil {
			return err
		}
	}
	return nil
}

func proofs(folder string, known note.Verifiers) error {
	paths, _ := filepath.Glob(filepath.Join(folder, "proofs", "*.tlog-proof"))
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := proof(raw, known); err != nil {
			return fmt.Errorf("%s: %v", path, err)
		}
		fmt.Printf("ok    %s\n", filepath.Base(path))
	}
	return nil
}

// proof checks one tlog-proof; its extra data are the entry whose leaf it is.
func proof(raw []byte, known note.Verifiers) error {
	parts := bytes.SplitN(raw, []byte("\n\n"), 2)
	lines := strings.Split(string(parts[0]), "\n")
	if len(parts) != 2 || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("this is no proof with its entry")
	}
	entry, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return err
	}
	path := tlog.RecordProof{}
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		path = append(path, hash)
	}
	t, err := open(parts[1], known)
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(path, t.size, t.root, index, tlog.RecordHash(entry)); err != nil {
		return fmt.Errorf("entry %s: %v", hex.EncodeToString(entry), err)
	}
	return nil
}

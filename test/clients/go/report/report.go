// Package report is how the client programs of this folder tell what they checked and ask for what is not theirs to do:
// a JSON line for each, answered by a line on standard input. Whatever a check comes to, the next one is made.
package report

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

var answers = bufio.NewReader(os.Stdin)

// Check makes one check and prints what it came to.
func Check(name string, check func() error) {
	line := map[string]string{"check": name}
	if err := guarded(check); err != nil {
		line["error"] = err.Error()
	}
	write(line)
}

// Rotate has somebody else rotate a key, for clients that cannot.
func Rotate(key string) error { return ask(map[string]string{"ask": "rotate", "key": key}) }

// Create has somebody else make a key, for clients that only use one.
func Create(key, kty string) error {
	return ask(map[string]string{"ask": "create", "key": key, "kty": kty})
}

// Revoke takes every role from this program.
func Revoke() error { return ask(map[string]string{"ask": "revoke"}) }

// Refused is nil if the service said 403 and nothing else.
func Refused(err error) error {
	var answered *azcore.ResponseError
	if err == nil {
		return errors.New("it was done")
	}
	if !errors.As(err, &answered) || answered.StatusCode != 403 {
		return fmt.Errorf("not a 403: %w", err)
	}
	return nil
}

// Same is nil if both are the same bytes.
func Same(got, want []byte) error {
	if string(got) != string(want) {
		return fmt.Errorf("got %x, not %x", got, want)
	}
	return nil
}

func guarded(check func() error) (err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = fmt.Errorf("panic: %v", thrown)
		}
	}()
	return check()
}

func ask(request map[string]string) error {
	write(request)
	line, err := answers.ReadBytes('\n')
	if err != nil {
		return err
	}
	var answer struct{ Error string }
	if err := json.Unmarshal(line, &answer); err != nil {
		return err
	}
	if answer.Error != "" {
		return errors.New(answer.Error)
	}
	return nil
}

func write(line map[string]string) {
	if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
		panic(err)
	}
}

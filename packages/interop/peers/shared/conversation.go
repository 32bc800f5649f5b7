// Package shared is the conversation as the Go peers hold it; see conversation.mjs. Knows no library.
package shared

import (
	"bytes"
	"fmt"
	"os"
)

const (
	Ping            = "are you there"
	CloseRequest    = "please close"
	ClientCloseCode = 3001
	ClientReason    = "done"
	ServerCloseCode = 3002
	ServerReason    = "as you wish"
	Fragment        = 65536
	FragmentAbove   = 100000
	textMessage     = "Grüße, 世界! 😀"
)

// Step is a message to be echoed.
type Step struct {
	Name string
	Text bool
	Data []byte
}

func pattern(length, factor, modulus int) []byte {
	data := make([]byte, length)
	for i := range data {
		data[i] = byte(i * factor % modulus)
	}
	return data
}

// Steps gives the four messages.
func Steps() []Step {
	return []Step{
		{"text", true, []byte(textMessage)},
		{"binary", false, pattern(256, 1, 256)},
		{"large", false, pattern(70000, 7, 251)},
		{"fragmented", false, pattern(1048576, 7, 251)},
	}
}

// Fragments cuts a message, if it is long.
func Fragments(data []byte) [][]byte {
	if len(data) <= FragmentAbove {
		return [][]byte{data}
	}
	var parts [][]byte
	for at := 0; at < len(data); at += Fragment {
		parts = append(parts, data[at:at+Fragment])
	}
	return parts
}

// Check reports a step, or ends the program.
func Check(step Step, text bool, answer []byte, err error) {
	Must(err)
	if text != step.Text || !bytes.Equal(answer, step.Data) {
		fmt.Fprintf(os.Stderr, "%s: got %d bytes, wanted %d\n", step.Name, len(answer), len(step.Data))
		os.Exit(1)
	}
	fmt.Println("ok", step.Name)
}

// Must ends the program on an error.
func Must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

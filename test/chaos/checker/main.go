// Judges recorded histories of one object each: is there an order of the operations, each at one moment between its call and
// its return, in which all answers are right? The search is Porcupine's; here is what keys and role assignments are.
// Reads one history per line of standard input, writes one verdict per line.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// Event is one operation. Without Return its outcome is not known: it may have been done at any time after its call, or never.
type Event struct {
	Client  int      `json:"client"`
	Call    int64    `json:"call"`
	Return  *int64   `json:"return"`
	Do      string   `json:"do"`
	Name    string   `json:"name,omitempty"`
	Answer  string   `json:"answer,omitempty"`
	Version string   `json:"version,omitempty"`
	Enabled *bool    `json:"enabled,omitempty"`
	All     []string `json:"all,omitempty"`
}

type History struct {
	Object string  `json:"object"`
	Model  string  `json:"model"`
	Events []Event `json:"events"`
}

type Verdict struct {
	Object  string `json:"object"`
	Verdict string `json:"verdict"`
}

const perHistory = 60 * time.Second

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var history History
		if err := json.Unmarshal(lines.Bytes(), &history); err != nil {
			fail(err)
		}
		result := porcupine.CheckOperationsTimeout(modelOf(history), operationsOf(history), perHistory)
		if err := out.Encode(Verdict{history.Object, string(result)}); err != nil {
			fail(err)
		}
	}
	if err := lines.Err(); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "linearisable:", err)
	os.Exit(2)
}

func operationsOf(history History) []porcupine.Operation {
	var operations []porcupine.Operation
	for at, event := range history.Events {
		end := int64(math.MaxInt64)
		client := event.Client
		if event.Return != nil {
			end = *event.Return
		} else {
			// Whoever asked goes on, and has two operations under way from now on.
			client = 1_000_000 + at
		}
		operations = append(operations, porcupine.Operation{ClientId: client, Input: input{event, at}, Call: event.Call, Output: event, Return: end})
	}
	return operations
}

type input struct {
	Event
	at int
}

func modelOf(history History) porcupine.Model {
	switch history.Model {
	case "key":
		return keyModel(history)
	case "rights":
		return rightsModel()
	}
	fail(fmt.Errorf("no model %q", history.Model))
	return porcupine.Model{}
}

// A key: its versions in the order of their making, a line each (`+id` enabled, `-id` disabled), and whether it is deleted.
// What nobody was told the id of is called `?n`, until somebody sees it.
func keyModel(history History) porcupine.Model {
	told := map[string]bool{}
	for _, event := range history.Events {
		if event.Do == "create" && event.Answer == "done" {
			told[event.Version] = true
		}
	}
	return porcupine.Model{
		Init: func() interface{} { return "absent" },
		Step: func(state, asked, _ interface{}) (bool, interface{}) {
			event := asked.(input)
			return stepKey(state.(string), event.Event, fmt.Sprintf("?%d", event.at), told)
		},
		Equal: func(a, b interface{}) bool { return a == b },
	}
}

func stepKey(state string, event Event, unseen string, told map[string]bool) (bool, string) {
	status, versions := "absent", []string(nil)
	if state != "absent" {
		parts := strings.Split(state, "\n")
		status, versions = parts[0], parts[1:]
	}
	build := func(status string, versions []string) string { return strings.Join(append([]string{status}, versions...), "\n") }
	isUnknown := event.Return == nil
	wants := map[string]string{"update": "live", "delete": "live", "get": "live", "sign": "live", "versions": "live", "recover": "deleted", "purge": "deleted"}[event.Do]
	if event.Do == "create" {
		if status == "deleted" {
			return isUnknown || event.Answer == "conflict", state
		}
		if !isUnknown && event.Answer != "done" {
			return false, state
		}
		id := event.Version
		if isUnknown {
			id = unseen
		}
		return true, build("live", append(slices.Clone(versions), "+"+id))
	}
	if status != wants {
		return isUnknown || event.Answer == "not found", state
	}
	if !isUnknown && event.Answer == "not found" {
		return false, state
	}
	switch event.Do {
	case "delete":
		return isUnknown || event.Answer == "done", build("deleted", versions)
	case "recover":
		return isUnknown || event.Answer == "done", build("live", versions)
	case "purge":
		return isUnknown || event.Answer == "done", "absent"
	case "versions":
		return sees(versions, event.All, told), state
	}
	last := len(versions) - 1
	enabled, id := versions[last][:1], versions[last][1:]
	if event.Do == "sign" && event.Answer == "disabled" {
		return enabled == "-", state
	}
	if !isUnknown {
		if event.Answer != "done" {
			return false, state
		}
		if id != event.Version && (id[0] != '?' || told[event.Version]) {
			return false, state
		}
		id = event.Version
	}
	switch event.Do {
	case "sign":
		if enabled == "-" {
			return false, state
		}
	case "get":
		if event.Enabled == nil || *event.Enabled != (enabled == "+") {
			return false, state
		}
	case "update":
		enabled = "-"
		if *event.Enabled {
			enabled = "+"
		}
	default:
		return false, state
	}
	changed := slices.Clone(versions)
	changed[last] = enabled + id
	return true, build("live", changed)
}

// All that are there, and none beside those that nobody was told of.
func sees(versions, seen []string, told map[string]bool) bool {
	if len(versions) != len(seen) {
		return false
	}
	unseen := 0
	for _, version := range versions {
		if version[1] == '?' {
			unseen++
		} else if !slices.Contains(seen, version[1:]) {
			return false
		}
	}
	for _, id := range seen {
		if !slices.Contains(versions, "+"+id) && !slices.Contains(versions, "-"+id) {
			if told[id] {
				return false
			}
			unseen--
		}
	}
	return unseen == 0
}

// The assignments that give one caller a right to one key: `use` is allowed while there is any.
func rightsModel() porcupine.Model {
	return porcupine.Model{
		Init: func() interface{} { return "" },
		Step: func(state, asked, _ interface{}) (bool, interface{}) {
			event := asked.(input).Event
			return stepRights(state.(string), event)
		},
		Equal: func(a, b interface{}) bool { return a == b },
	}
}

// An answer that is neither of the two is wrong whatever the state is.
func told(done bool, otherwise string) string {
	if done {
		return "done"
	}
	return otherwise
}

func stepRights(state string, event Event) (bool, string) {
	var names []string
	if state != "" {
		names = strings.Split(state, "\n")
	}
	isUnknown := event.Return == nil
	at, found := slices.BinarySearch(names, event.Name)
	switch event.Do {
	case "assign":
		if found {
			return isUnknown || event.Answer == "conflict", state
		}
		return isUnknown || event.Answer == "done", strings.Join(slices.Insert(slices.Clone(names), at, event.Name), "\n")
	case "revoke":
		if !found {
			return isUnknown || event.Answer == "not found", state
		}
		return isUnknown || event.Answer == "done", strings.Join(slices.Delete(slices.Clone(names), at, at+1), "\n")
	case "look":
		return event.Answer == told(found, "not found"), state
	case "use":
		return event.Answer == told(len(names) > 0, "denied"), state
	}
	return false, state
}

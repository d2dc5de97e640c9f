package release

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Encode returns v as relctl writes all its JSON: two spaces of indent, no HTML escapes, fields in the order of the
// struct, map keys sorted, one newline at the end. Equal values give equal bytes.
func Encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

const maxDepth = 32

// Decode reads one JSON value into v as relctl reads all JSON that it did not just write: no byte order mark, valid
// UTF-8, one value and nothing after it, no repeated key, no key with an upper-case letter (encoding/json would match
// it to a field of another name), integers below 2^53, at most 32 levels. Unknown keys are ignored.
func Decode(data []byte, v any) error {
	if !utf8.Valid(data) {
		return errors.New("JSON is not valid UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := walk(dec, 0); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("JSON has bytes after its end")
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("JSON: %w", err)
	}
	return nil
}

// walk consumes one value from dec and refuses what is not strict.
func walk(dec *json.Decoder, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("JSON is nested deeper than %d levels", maxDepth)
	}
	tok, err := dec.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			return errors.New("JSON ends too early")
		}
		return fmt.Errorf("JSON: %w", err)
	}
	switch t := tok.(type) {
	case json.Number:
		return checkNumber(t.String())
	case json.Delim:
		var seen map[string]bool
		if t == '{' {
			seen = map[string]bool{}
		}
		for dec.More() {
			if seen != nil {
				key, err := dec.Token()
				if err != nil {
					return fmt.Errorf("JSON: %w", err)
				}
				k := key.(string) // the decoder gives nothing else in this place
				if seen[k] {
					return fmt.Errorf("JSON repeats the key %q", k)
				}
				if strings.ToLower(strings.ToUpper(k)) != k { // upper first: the long s is a lower-case letter, and folds to s
					return fmt.Errorf("JSON key %q is not in lower case", k)
				}
				seen[k] = true
			}
			if err := walk(dec, depth+1); err != nil {
				return err
			}
		}
		if _, err := dec.Token(); err != nil {
			return fmt.Errorf("JSON: %w", err)
		}
	}
	return nil
}

// checkNumber admits the integers that every reader of JSON holds exactly.
func checkNumber(s string) error {
	digits := strings.TrimPrefix(s, "-")
	if strings.Trim(digits, "0123456789") != "" {
		return fmt.Errorf("JSON number %.40s is not an integer", s)
	}
	const limit = "9007199254740992" // 2^53
	if len(digits) > len(limit) || len(digits) == len(limit) && digits >= limit {
		return fmt.Errorf("JSON number %.40s is 2^53 or larger", s)
	}
	return nil
}

package kstreamtest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest/internal/document"
)

// params are the members of one request, converted to the types that the
// service model gives them and checked against its constraints: string, int64,
// bool, []byte, time.Time, []any, map[string]any, and params for a structure.
// An absent or null member is not in the map.
type params map[string]any

func (p params) has(name string) bool             { _, ok := p[name]; return ok }
func (p params) string(name string) string        { s, _ := p[name].(string); return s }
func (p params) int(name string) int64            { n, _ := p[name].(int64); return n }
func (p params) bool(name string) bool            { b, _ := p[name].(bool); return b }
func (p params) blob(name string) []byte          { b, _ := p[name].([]byte); return b }
func (p params) time(name string) time.Time       { t, _ := p[name].(time.Time); return t }
func (p params) list(name string) []any           { l, _ := p[name].([]any); return l }
func (p params) object(name string) params        { o, _ := p[name].(params); return o }
func (p params) table(name string) map[string]any { m, _ := p[name].(map[string]any); return m }

// streamText is what a request says to name its stream.
func (p params) streamText() string {
	return cmp.Or(p.string("StreamARN"), p.string("StreamName"), p.string("ConsumerARN"))
}

// limit returns an integer that defaults to def and is capped at it.
func (p params) limit(name string, def int) int {
	if n, ok := p[name].(int64); ok && n < int64(def) {
		return int(n)
	}
	return def
}

// strings returns a list of strings.
func (p params) strings(name string) []string {
	var all []string
	for _, v := range p.list(name) {
		s, _ := v.(string)
		all = append(all, s)
	}
	return all
}

// bind converts a request's document to params. It fails with a
// SerializationException when a value has a type that the member cannot take.
func bind(doc any, members []member, format document.Format) (params, error) {
	object, ok := doc.(map[string]any)
	if !ok {
		return nil, &apiError{code: serializationException}
	}
	p := make(params, len(object))
	for i := range members {
		m := &members[i]
		v := object[m.name]
		if v == nil {
			continue
		}
		converted, err := m.convert(v, format)
		if err != nil {
			return nil, err
		}
		p[m.name] = converted
	}
	return p, nil
}

func (m *member) convert(v any, format document.Format) (any, error) {
	switch m.kind {
	case structKind:
		if _, ok := v.(map[string]any); !ok {
			return nil, wrongType(v, "")
		}
		return bind(v, m.fields, format)
	case listKind:
		return m.convertList(v, format)
	case mapKind:
		return m.convertMap(v, format)
	case blobKind:
		return convertBlob(v)
	case timestampKind:
		return convertTime(v, format)
	case integerKind:
		if n, ok := integer(v); ok {
			return n, nil
		}
		return nil, wrongType(v, "an Integer")
	case booleanKind:
		if b, ok := v.(bool); ok {
			return b, nil
		}
		return nil, wrongType(v, "a Boolean")
	}
	if s, ok := v.(string); ok {
		return s, nil
	}
	return nil, wrongType(v, "an String") // the service's grammar
}

func (m *member) convertList(v any, format document.Format) (any, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, wrongType(v, "")
	}
	converted := make([]any, len(list))
	var err error
	for i, item := range list {
		switch {
		case item == nil:
		case m.fields != nil:
			converted[i], err = (&member{kind: structKind, fields: m.fields}).convert(item, format)
		default:
			converted[i], err = m.item.convert(item, format)
		}
		if err != nil {
			return nil, err
		}
	}
	return converted, nil
}

func (m *member) convertMap(v any, format document.Format) (any, error) {
	object, ok := v.(map[string]any)
	if !ok {
		return nil, wrongType(v, "")
	}
	converted := make(map[string]any, len(object))
	for name, item := range object {
		if item == nil {
			continue
		}
		c, err := m.item.convert(item, format)
		if err != nil {
			return nil, err
		}
		converted[name] = c
	}
	return converted, nil
}

func convertBlob(v any) (any, error) {
	switch v := v.(type) {
	case []byte:
		return v, nil
	case string:
		b, err := base64.StdEncoding.DecodeString(v)
		if err != nil {
			return nil, &apiError{code: serializationException,
				message: fmt.Sprintf("%q can not be converted to a Blob: Invalid Base64", v[:min(len(v), 64)])}
		}
		return b, nil
	}
	return nil, wrongType(v, "a Blob")
}

func convertTime(v any, format document.Format) (any, error) {
	f, ok := number(v)
	if !ok || math.IsNaN(f) {
		return nil, wrongType(v, "milliseconds since epoch")
	}
	if format == document.JSON {
		f *= 1000
	}
	const end = 1 << 53 // beyond this, milliseconds are not exact
	return time.UnixMilli(int64(max(-end, min(end, math.Round(f))))), nil
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case document.Number:
		f, err := v.Float64()
		return f, err == nil
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}

// integer accepts a number without a fraction.
func integer(v any) (int64, bool) {
	if n, ok := v.(document.Number); ok {
		if i, err := n.Int64(); err == nil {
			return i, true
		}
	}
	if i, ok := v.(int64); ok {
		return i, true
	}
	f, ok := number(v)
	if !ok || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// wrongType words the SerializationException as the service does.
func wrongType(v any, target string) error {
	message := ""
	switch v := v.(type) {
	case []any:
		message = "Start of list found where not expected"
	case map[string]any:
		message = "Start of structure or map found where not expected."
	default:
		if target == "" {
			message = "Expected null"
			break
		}
		message = fmt.Sprintf("class %s can not be converted to %s", javaClass(v), target)
	}
	return &apiError{code: serializationException, message: message}
}

func javaClass(v any) string {
	switch v := v.(type) {
	case string:
		return "java.lang.String"
	case bool:
		return "java.lang.Boolean"
	case []byte:
		return "java.nio.ByteBuffer"
	default:
		n, ok := integer(v)
		if f, _ := number(v); !ok || f != math.Trunc(f) {
			return "java.lang.Double"
		}
		if n != int64(int32(n)) {
			return "java.lang.Long"
		}
		return "java.lang.Integer"
	}
}

// maxViolations is how many failed constraints the service reports at most.
const maxViolations = 10

// validate checks every constraint and reports all that fail as one
// ValidationException: first the members that are null, then the others.
func validate(p params, members []member) error {
	var v violations
	v.structure(p, members, "")
	return v.err()
}

type violations struct{ null, other []string }

func (v *violations) err() error {
	all := slices.Concat(v.null, v.other)
	if len(all) == 0 {
		return nil
	}
	all = all[:min(len(all), maxViolations)]
	plural := "s"
	if len(all) == 1 {
		plural = ""
	}
	return &apiError{code: validationException,
		message: fmt.Sprintf("%d validation error%s detected: %s", len(all), plural, strings.Join(all, "; "))}
}

func (v *violations) structure(p params, members []member, prefix string) {
	for i := range members {
		m := &members[i]
		path := prefix + lowerFirst(m.name)
		value, ok := p[m.name]
		if !ok {
			if m.required {
				v.missing(path)
			}
			continue
		}
		v.value(m, value, path)
	}
}

func (v *violations) missing(path string) {
	v.null = append(v.null, fmt.Sprintf("Value null at '%s' failed to satisfy constraint: Member must not be null", path))
}

func (v *violations) add(value any, path, constraint string) {
	v.other = append(v.other, fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: Member must %s", shown(value), path, constraint))
}

func (v *violations) value(m *member, value any, path string) {
	size, what := int64(0), "length"
	switch value := value.(type) {
	case string:
		size = int64(utf8.RuneCountInString(value))
		if m.pattern != nil && !m.pattern.regex.MatchString(value) {
			v.add(value, path, "satisfy regular expression pattern: "+m.pattern.text)
		}
		if m.enum != nil && !slices.Contains(m.enum, value) {
			v.add(value, path, "satisfy enum value set: ["+strings.Join(m.enum, ", ")+"]")
		}
	case int64:
		size, what = value, "value"
	case []byte:
		size = int64(len(value))
	case []any:
		size = int64(len(value))
	case map[string]any:
		size = int64(len(value))
	case params:
		v.structure(value, m.fields, path+".")
		return
	}
	if b := m.bounds; b != nil {
		if size < b.min {
			v.add(value, path, fmt.Sprintf("have %s greater than or equal to %d", what, b.min))
		}
		if size > b.max {
			v.add(value, path, fmt.Sprintf("have %s less than or equal to %d", what, b.max))
		}
	}
	v.items(m, value, path)
}

// items checks what a list or map holds. A list over its bound is not looked
// into: its members could be many.
func (v *violations) items(m *member, value any, path string) {
	switch value := value.(type) {
	case []any:
		if m.bounds != nil && int64(len(value)) > m.bounds.max {
			return
		}
		for i, item := range value {
			itemPath := fmt.Sprintf("%s.%d.member", path, i+1)
			switch item := item.(type) {
			case nil:
				v.missing(itemPath)
			case params:
				v.structure(item, m.fields, itemPath+".")
			default:
				v.value(m.item, item, itemPath)
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			v.value(m.key, name, path+".key")
			v.value(m.item, value[name], path+"."+name+".member")
		}
	}
}

// shown renders a value for a message, cut to a bound.
func shown(value any) string {
	const most = 1024
	switch value := value.(type) {
	case []byte:
		return fmt.Sprintf("java.nio.HeapByteBuffer[pos=0 lim=%d cap=%[1]d]", len(value))
	case []any:
		names := make([]string, 0, 8)
		for _, item := range value[:min(len(value), 8)] {
			names = append(names, shown(item))
		}
		return "[" + strings.Join(names, ", ") + "]"
	case map[string]any:
		return fmt.Sprintf("{%d entries}", len(value))
	case params:
		return "{…}"
	}
	s := fmt.Sprint(value)
	if len(s) > most {
		s = s[:most]
		for len(s) > 0 && !utf8.ValidString(s) {
			s = s[:len(s)-1]
		}
	}
	return s
}

func lowerFirst(name string) string {
	if name == "" {
		return ""
	}
	return strings.ToLower(name[:1]) + name[1:]
}

package kstreamtest

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/kinesiskit/kinesiskit/kstream/kstreamtest/internal/document"
)

// maxTags is how many tags a resource may have.
const maxTags = 50

// mergeTags returns the tags of a resource with others added to them.
func mergeTags(tags map[string]string, more map[string]any) (map[string]string, error) {
	merged := make(map[string]string, len(tags)+len(more))
	maps.Copy(merged, tags)
	for key, v := range more {
		value, _ := v.(string)
		if !validTag(key) || !validTag(value) {
			return nil, errorf(invalidArgument, "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - %% @ :")
		}
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			return nil, errorf(invalidArgument, "Tag keys must not start with aws:, which is reserved.")
		}
		merged[key] = value
	}
	if len(merged) > maxTags {
		return nil, errorf(invalidArgument, "A resource cannot have more than %d tags associated with it.", maxTags)
	}
	return merged, nil
}

func validTag(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsSpace(r) && !strings.ContainsRune("_./=+-%@:", r)
	})
}

// addTagsToStream implements AddTagsToStream.
func (s *Server) addTagsToStream(c *call) error {
	return s.withTags(c, func(tags map[string]string) (map[string]string, error) {
		return mergeTags(tags, c.in.table("Tags"))
	})
}

// removeTagsFromStream implements RemoveTagsFromStream and UntagResource.
func (s *Server) removeTagsFromStream(c *call) error {
	return s.withTags(c, func(tags map[string]string) (map[string]string, error) {
		left := maps.Clone(tags)
		for _, key := range c.in.strings("TagKeys") {
			delete(left, key)
		}
		return left, nil
	})
}

// listTagsForStream implements ListTagsForStream.
func (s *Server) listTagsForStream(c *call) error {
	return s.withTags(c, func(tags map[string]string) (map[string]string, error) {
		keys := slices.Sorted(maps.Keys(tags))
		after := c.in.string("ExclusiveStartTagKey")
		keys = slices.DeleteFunc(keys, func(key string) bool { return after != "" && key <= after })
		limit := c.in.limit("Limit", maxTags)
		more := len(keys) > limit
		c.out.Object()
		c.out.Key("Tags")
		writeTags(c.out, tags, keys[:min(len(keys), limit)])
		c.out.Key("HasMoreTags")
		c.out.Bool(more)
		c.out.End()
		return tags, nil
	})
}

// listTagsForResource implements ListTagsForResource.
func (s *Server) listTagsForResource(c *call) error {
	return s.withTags(c, func(tags map[string]string) (map[string]string, error) {
		c.out.Object()
		c.out.Key("Tags")
		writeTags(c.out, tags, slices.Sorted(maps.Keys(tags)))
		c.out.End()
		return tags, nil
	})
}

func writeTags(w *document.Writer, tags map[string]string, keys []string) {
	w.Array()
	for _, key := range keys {
		w.Object()
		w.Key("Key")
		w.String(key)
		w.Key("Value")
		w.String(tags[key])
		w.End()
	}
	w.End()
}

// withTags replaces the tags of the stream or the consumer that a request names
// by what f makes of them.
func (s *Server) withTags(c *call, f func(map[string]string) (map[string]string, error)) error {
	st, con, err := s.resource(c)
	if err != nil {
		return err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	tags := &st.tags
	if con != "" {
		found, err := st.consumer(con, c.in.string("ResourceARN"), c.now)
		if err != nil {
			return err
		}
		tags = &found.tags
	}
	changed, err := f(*tags)
	if err == nil {
		*tags = changed
	}
	return err
}

// resource finds the stream that a request names in any of the ways there are,
// and the name of the consumer if it names one.
func (s *Server) resource(c *call) (*stream, string, error) {
	arn := c.in.string("ResourceARN")
	if arn == "" {
		st, err := s.streamOf(c)
		return st, "", err
	}
	st, err := s.streamByARN(arn, c.now)
	return st, consumerName(arn), err
}

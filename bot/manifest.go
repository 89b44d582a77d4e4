package bot

import (
	_ "embed"
	"encoding/json"
)

//go:embed manifest.json
var manifest []byte

// Manifest is the Slack app manifest, as JSON: paste it at api.slack.com/apps, "From a manifest".
func Manifest() json.RawMessage { return manifest }

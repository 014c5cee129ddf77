"""From files to plain data with spans: `reading` opens files safely, `yaml` parses them safely."""

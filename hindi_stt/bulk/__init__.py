"""Archives of recordings over Ray: a manifest in, shards of transcripts out, each recording once."""

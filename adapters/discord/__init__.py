"""Discord: mentions, replies and direct messages in, Components V2 messages out."""

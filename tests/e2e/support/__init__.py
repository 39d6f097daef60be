"""What the end-to-end tests drive the gateway with: real clients, real upstreams, real keys."""

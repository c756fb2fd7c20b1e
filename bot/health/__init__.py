"""Pages for probes and for whoever measures: /healthz, /readyz, /metrics. Read only; nothing in them is a secret."""

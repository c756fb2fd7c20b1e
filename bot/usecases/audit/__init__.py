"""The audit trail: recording actions, delivering messages from the outbox, comparing the channel with the ledger."""

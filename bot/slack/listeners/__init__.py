"""What people do in Slack, one module each, named as they type or press it."""

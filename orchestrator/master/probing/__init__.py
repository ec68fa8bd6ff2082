"""Probing: what a coupled system does under small changes, tried out from its start with rollback."""

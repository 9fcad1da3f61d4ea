"""VirtualServices in, patches out."""

"""Files that an export carries along: verifiers that use nothing of this product."""

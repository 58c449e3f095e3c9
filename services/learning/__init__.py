"""Plans that learn: what this workspace's earlier plans looked like, and what its people said of them."""
